# The commands of this project: people type them, CI calls them, nothing else does the same work.
# POSIX sh and GNU make 3.81 (what macOS has) are enough.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
GRAPHIQL := graph/graphiql
CLIENTS := tests/clients
NPM := $(shell command -v npm 2>/dev/null)
UV_VERSION := 0.13.9

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help setup run graphiql clients test check fix bench schema promise docs lock clean

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-9s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(READY) ## make the virtual environment in .venv from the lock file (at once when nothing changed)

$(READY): pyproject.toml requirements/dev.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "Orderflow needs Python 3.11 or newer; '$(PYTHON)' is not. Try: make setup PYTHON=python3.13" >&2; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || { \
		echo "'$(PYTHON) -m venv' failed; Debian and Ubuntu have it in the package python3-venv." >&2; exit 1; }
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

run: setup ## start the server with demo data; ARGS are its own, as in: make run ARGS="--port 8001"
	@$(MAKE) --no-print-directory graphiql || echo "GraphiQL could not be built (see above); the API works without it."
	$(BIN)/orderflow serve --demo $(ARGS)

graphiql: $(if $(NPM),$(GRAPHIQL)/dist/.built) ## build the page that the server shows to browsers at /graphql
	@$(if $(NPM),:,echo "npm is not installed: going on without GraphiQL; the API works without it.")

$(GRAPHIQL)/dist/.built: $(GRAPHIQL)/node_modules/.installed \
		$(shell find $(GRAPHIQL) -not -path '*/node_modules*' -not -path '*/dist*' 2>/dev/null)
	cd $(GRAPHIQL) && npm run build
	@touch $@

$(GRAPHIQL)/node_modules/.installed: $(GRAPHIQL)/package.json $(GRAPHIQL)/package-lock.json
	cd $(GRAPHIQL) && npm ci --loglevel=error
	@touch $@

clients: $(if $(NPM),$(CLIENTS)/node_modules/.installed) ## install the JavaScript clients that tests use, where npm is there
	@$(if $(NPM),:,echo "npm is not installed: the tests with JavaScript clients will be skipped.")

$(CLIENTS)/node_modules/.installed: $(CLIENTS)/package.json $(CLIENTS)/package-lock.json
	cd $(CLIENTS) && npm ci --loglevel=error
	@touch $@

test: setup ## run the tests; ARGS are pytest's, as in: make test ARGS="-k refund"
	@$(MAKE) --no-print-directory clients || echo "The JavaScript clients could not be installed (see above): their tests will be skipped."
	$(BIN)/python -m pytest $(ARGS)

check: setup ## everything that reads the code: format, lint, types, architecture, schema, processes, generated pages
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/pyright
	$(BIN)/lint-imports
	$(BIN)/orderflow schema --check
	$(BIN)/orderflow processes check
	$(BIN)/orderflow processes docs --check

fix: setup ## format the code and mend what ruff can mend
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: setup ## measure; ARGS are the benchmark's
	$(BIN)/python -m bench $(ARGS)

schema: setup ## write schema.graphql from the code
	$(BIN)/orderflow schema

promise: ## promise clients the schema as it is: a change that breaks it fails the tests from now on
	cp schema.graphql $(CLIENTS)/promised.graphql

docs: setup ## write docs/processes.md from the processes
	$(BIN)/orderflow processes docs

# One resolution for every Python and system that is supported, with hashes, without addresses.
COMPILE = $(VENV)/lock/bin/uv pip compile $(UPGRADE) --quiet --universal --python-version 3.11 \
	--generate-hashes --no-emit-index-url --custom-compile-command "make lock"

lock: ## write the lock files again after pyproject.toml changed; UPGRADE=--upgrade takes newer versions
	$(PYTHON) -m venv $(VENV)/lock
	$(VENV)/lock/bin/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
	$(COMPILE) pyproject.toml --extra embedded --extra tracing --group dev --output-file requirements/dev.txt
	$(COMPILE) pyproject.toml --extra tracing --constraints requirements/dev.txt --output-file requirements/runtime.txt
	$(COMPILE) --group build --constraints requirements/dev.txt --output-file requirements/build.txt

clean: ## remove what the other targets made
	rm -rf $(VENV) $(GRAPHIQL)/dist $(GRAPHIQL)/node_modules $(CLIENTS)/node_modules examples/typescript_client/dist \
		examples/typescript_client/node_modules .pytest_cache .ruff_cache .hypothesis .import_linter_cache
