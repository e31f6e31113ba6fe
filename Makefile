# One command each; `make help` lists them. Works with GNU make 4.3 and any /bin/sh.

# Another interpreter: make run PYTHON=/usr/bin/python3.12
PYTHON ?= $(or $(shell command -v python3 2>/dev/null),python3.11)
# Two by default: the machine this was sized for has two cores. More: make test JOBS=8
JOBS ?= 2
# Passed on to pytest: make test ARGS="-k digest -x"
ARGS ?=

BOOTSTRAP = $(PYTHON) bootstrap.py
ENV_PYTHON = .venv/bin/python

.DEFAULT_GOAL := help
.PHONY: help run test test-fast lint bench crash fuzz demo lock

help: ## Show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

# exec: the server takes the place of the shell, so that Ctrl-C reaches it alone and nothing is left behind.
run: ## Prepare everything and start the server on this machine and its LAN (RELAIS_* settings pass through)
	@$(BOOTSTRAP) && exec .venv/bin/relais serve

test: ## Run every test; ends with the list of what was skipped and why
	@$(BOOTSTRAP) --dev && exec $(ENV_PYTHON) -m pytest -n $(JOBS) --dist worksteal $(ARGS)

test-fast: ## Run the fast core of the tests (under a minute)
	@$(BOOTSTRAP) --dev && exec $(ENV_PYTHON) -m pytest -n $(JOBS) --dist worksteal -m "not slow" $(ARGS)

lint: ## Check format, style and types
	@$(BOOTSTRAP) --dev
	$(ENV_PYTHON) -m ruff format --check
	$(ENV_PYTHON) -m ruff check
	$(ENV_PYTHON) -m mypy

bench: ## Measure how many submissions a second this machine receives
	@$(BOOTSTRAP) --dev && exec $(ENV_PYTHON) -m bench.ingest

crash: ## Kill the server and its database 50 times under load; nothing acknowledged may be lost
	@$(BOOTSTRAP) --dev && exec $(ENV_PYTHON) -m tests.crash --rounds 50

fuzz: ## Ask every operation of the API at random, thousands of times: nothing but what its document says may come back
	@$(BOOTSTRAP) --dev && exec $(ENV_PYTHON) -m tests.fuzz $(ARGS)

demo: ## Play a whole mission with simulated phones; leaves a folder to browse with `make run`
	@$(BOOTSTRAP) --dev && exec $(ENV_PYTHON) -m tests.demo

# For developers who changed the dependencies. The uv is the one bootstrap.py used.
UV = PATH="$(CURDIR)/.venv/bin:$$PATH" uv
lock: ## Re-read pyproject.toml into uv.lock and both requirements files
	@$(BOOTSTRAP) --dev
	$(UV) lock
	$(UV) export --quiet --frozen --no-header --no-emit-project --no-dev --output-file requirements.txt
	$(UV) export --quiet --frozen --no-header --no-emit-project --group dev --output-file requirements-dev.txt
