# All work happens in .venv, which is made on first use: Python 3.11 to 3.14 and make are enough.

PYTHON ?= python3
DATA   ?= $(or $(GAZESEARCH_SHARED_DATA),../shared/data)
ARGS   ?=

BIN   := .venv/bin
PIP   := $(BIN)/python -m pip --quiet --disable-pip-version-check
WHEEL := build/wheel

export NO_MKDOCS_2_WARNING := 1

FILES := $(shell find src -type f -not -name '*.pyc') pyproject.toml README.md LICENSE

.PHONY: help demo test check docs results bench clean

help:     ## what can be made
	@sed -n 's/^\([a-z]*\): .*## /  make \1\t/p' $(MAKEFILE_LIST)

demo: .venv/core  ## phantom radiographs and observers, four predictions, scores, pictures
	$(BIN)/gazesearch demo build/demo

test: $(WHEEL)/installed  ## the test suite, on the built wheel (ARGS="-k scanmatch" for a part)
	$(WHEEL)/bin/python -m pytest -n 2 --dist worksteal --doctest-modules --doctest-glob '*.md' \
	    --pyargs tests docs README.md gazesearch $(ARGS)

check: .venv/dev  ## style, types, layers, generated pages and the site
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/python docs/generate.py --check
	$(BIN)/mkdocs build --strict --quiet

docs: .venv/dev  ## write the generated pages and build the site (build/site)
	$(BIN)/python docs/generate.py
	$(BIN)/mkdocs build --strict --quiet

results: .venv/core  ## docs/results.md from the released files (DATA: their folder), five minutes
	$(BIN)/python docs/results.py $(DATA)

bench: .venv/core  ## what it costs: start, first use, pairs a second
	$(BIN)/python benchmarks/speed.py

clean:    ## remove what was built; .venv stays
	rm -rf build .coverage .hypothesis .mypy_cache .pytest_cache .ruff_cache .import_linter_cache

# The file .venv/core says that the package is installed (editable), .venv/dev that the tools are.
.venv/core: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 15))' || \
	    { echo "gazesearch needs Python 3.11 to 3.14; name one: make PYTHON=python3.12 ..."; exit 1; }
	@test -x $(BIN)/python || { echo "making .venv (a minute or two, once)"; $(PYTHON) -m venv .venv; }
	$(PIP) install 'pip>=25.1'
	$(PIP) install --constraint constraints-dev.txt --editable .
	@touch $@

.venv/dev: .venv/core constraints-dev.txt
	$(PIP) install --constraint constraints-dev.txt --group dev
	@touch $@

# The wheel stands alone in a second environment that borrows its dependencies from .venv.
# A .pth file inside a borrowed folder is not followed, so the editable install stays out of sight.
$(WHEEL)/installed: .venv/dev $(FILES)
	rm -rf $(WHEEL) build/dist && mkdir -p build
	$(BIN)/python -m build --no-isolation --outdir build/dist . > build/build.log 2>&1 || \
	    { cat build/build.log; exit 1; }
	$(BIN)/python -m venv --without-pip $(WHEEL)
	$(PIP) --python $(WHEEL)/bin/python install --no-deps build/dist/*.whl
	$(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))' \
	    > $$($(WHEEL)/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/borrowed.pth
	@touch $@
