"""The gate: getting gated files lawfully and whole, publishing them, reviewing who asks."""

from gazesearch.access.check import Access, State, check_access
from gazesearch.access.conditions import REPO
from gazesearch.access.download import Downloaded, download
from gazesearch.access.release import PARTS, Release, find_release
from gazesearch.access.verify import Verification, verify

__all__ = [
    "PARTS",
    "REPO",
    "Access",
    "Downloaded",
    "Release",
    "State",
    "Verification",
    "check_access",
    "download",
    "find_release",
    "verify",
]
