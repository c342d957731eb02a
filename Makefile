# Plain `make` lists what there is. A target that needs .venv sets it up by itself (make bench
# .venv-bench); no step but that one, and make lock, needs the network.
#
#   PYTHON=python3.12   the interpreter that .venv is made with
#   JOBS=2              processes that tests run in
#   PORT=8000           where make serve listens
#   ARGS="-k kl"        what make test hands on to pytest (and make mutants to its program)

PYTHON  ?= python3
JOBS    ?= 2
PORT    ?= 8000

VENV    := .venv
BIN     := $(VENV)/bin
STAMP   := $(VENV)/.from-lock
PEERS   := .venv-bench
BUILT   := _build/.built
UV      := $(shell command -v uv 2>/dev/null)
CODE    := boltzlib tools tests conftest.py benchmarks

# What the pages are made from. A change in the second list builds every page anew.
PAGES   := $(shell find chapters boltzlib -type f -not -path '*/.*' -not -path '*/__pycache__/*' 2>/dev/null)
BUILDER := _config.yml _toc.yml $(wildcard tools/*.py chapters/_static/*)

.DEFAULT_GOAL := help
.PHONY: help book test mutants bench notebooks serve lint format live text sync screenshots lock clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(STAMP): requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo "Python 3.11 or newer is needed; '$(PYTHON)' is $$($(PYTHON) --version 2>&1)."; \
	  echo "Name another one: make PYTHON=python3.12 ..."; exit 1; }
	rm -rf $(VENV)
ifdef UV
	$(UV) venv --quiet --python "$$($(PYTHON) -c 'import sys; print(sys.executable)')" $(VENV)
	$(UV) pip install --quiet --python $(BIN)/python --require-hashes -r requirements.lock
	$(UV) pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation -e .
else
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
endif
	@touch $@

book: $(BUILT) ## build the HTML book from the stored outputs; a warning is an error
	@echo "Open file://$(CURDIR)/_build/html/index.html"

# A failed build leaves nothing behind: a page read once would not warn again.
$(BUILT): $(STAMP) $(BUILDER) $(PAGES)
	@$(if $(filter $(STAMP) $(BUILDER),$?),rm -rf _build/html _build/.doctrees)
	@$(BIN)/jupyter-book build chapters --quiet --config _config.yml --toc $(CURDIR)/_toc.yml \
	  --path-output . -W --keep-going > /dev/null \
	  || { rm -rf _build/html _build/.doctrees $(BUILT); exit 1; }
	@touch $@

test: $(BUILT) ## run every test: library, notebooks, ledger and the pages in Chromium
	@$(BIN)/python -m pytest --nbval -n $(JOBS) --dist loadfile $(ARGS)

mutants: $(STAMP) ## plant errors in library, formulas and displays; write who notices to the page (an hour and a half)
	@$(BIN)/python -m tools.mutants --jobs $(JOBS) $(ARGS)

# The peers have a .venv of their own: nothing else may come to depend on them.
$(PEERS)/.ready: requirements.lock requirements-bench.txt
	rm -rf $(PEERS)
	$(PYTHON) -m venv $(PEERS)
	$(PEERS)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(PEERS)/bin/python -m pip install --quiet --disable-pip-version-check -r requirements-bench.txt
	$(PEERS)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

bench: $(PEERS)/.ready ## measure against other libraries and write the performance page
	@$(PEERS)/bin/python -m benchmarks

notebooks: $(STAMP) ## execute every notebook and store it in normal form
	@$(BIN)/python -m tools.notebooks --time

serve: $(BUILT) ## show the book at http://localhost:8000 (PORT=...)
	@echo "Serving http://localhost:$(PORT)/ (stop with Ctrl-C)"
	@$(BIN)/python -m http.server --bind 127.0.0.1 --directory _build/html $(PORT)

live: $(STAMP) ## open the notebooks in JupyterLab
	$(BIN)/jupyter lab --notebook-dir chapters

lint: $(STAMP) ## check style and format of the code, notebooks included
	@$(BIN)/ruff check $(CODE) chapters
	@$(BIN)/ruff format --check $(CODE) chapters

format: $(STAMP) ## mend style and format
	@$(BIN)/ruff check --fix $(CODE) chapters
	@$(BIN)/ruff format $(CODE) chapters

text: $(STAMP) ## write each notebook as text to .text/, to edit it there
	@$(BIN)/python -m tools.notebook_text

sync: $(STAMP) ## execute what was edited in .text/ and store it as notebooks
	@$(BIN)/python -m tools.notebooks --time --edited

screenshots: $(BUILT) ## picture each page in light, dark and 375 px, to _build/screenshots/
	@$(BIN)/python -m tools.screenshots

lock: ## resolve requirements.txt anew into requirements.lock (needs uv)
	uv pip compile --quiet --upgrade --universal --fork-strategy fewest --python-version 3.11 \
	  --generate-hashes --no-emit-index-url --no-annotate --custom-compile-command "make lock" \
	  requirements.txt -o requirements.lock

clean: ## remove what was built and measured, .venv apart
	rm -rf _build .pytest_cache .ruff_cache .hypothesis
