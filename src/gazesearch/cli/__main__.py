"""`python -m gazesearch.cli`."""

from gazesearch.cli import main

main()
