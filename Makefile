# Two commands set everything up: `make up` and `make test`. They need Python 3.11 or later and package registries.
PYTHON ?= python3
UV_VERSION := 0.13.9
CACHE := $(or $(TENANTRY_CACHE),$(or $(XDG_CACHE_HOME),$(HOME)/.cache)/tenantry)
UV := $(CACHE)/uv-$(UV_VERSION)/bin/uv
VENV := .venv
RUN := $(VENV)/bin/python
INSTANCE := $(abspath $(or $(TENANTRY_LOCAL),.local))
export UV
# Without it each start of Python compiles again whatever it imports: half of the processor time of an up, and of the tests.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: up down clean test test-all lint build status help

help: ## show this
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 10

up: $(VENV)/.synced ## set up, start the services, converge the tenants in tenants/
	@$(RUN) -m local start
	@. $(INSTANCE)/env && $(VENV)/bin/tenantry up --stack local
	@$(RUN) -m local await-gateway

down: $(VENV)/.synced ## stop the services; the data stays
	@$(RUN) -m local stop

clean: $(VENV)/.synced ## remove the embedded data, after asking
	@$(RUN) -m local clean

status: $(VENV)/.synced ## services and tenants
	@$(RUN) -m local status
	@. $(INSTANCE)/env && $(VENV)/bin/tenantry status --stack local

build: $(VENV)/.synced ## build engine, plugins and control plane into the cache
	@$(RUN) -m local build

test: $(VENV)/.synced ## lint and tests, end to end on throw-away instances; of the long lists another sample each day (SEED=...)
	@$(RUN) -m tests $(if $(SEED),--seed $(SEED))

test-all: $(VENV)/.synced ## the same with the long lists whole: every kill, every mutation (hours)
	@$(RUN) -m tests --exhaustive

lint: $(VENV)/.synced ## format, lint, types, layers, workflows, the image's Dockerfile
	@$(VENV)/bin/ruff format --check --quiet . && $(VENV)/bin/ruff check --quiet .
	@kept=$$($(VENV)/bin/lint-imports --no-logo) || { echo "$$kept"; exit 1; }
	@$(VENV)/bin/pyright
	@$(RUN) -m tests.support.workflow_lint
	@$(VENV)/bin/hadolint --no-color Dockerfile

$(UV):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or later is needed, this is " + sys.version)'
	@echo "fetching uv $(UV_VERSION)"
# Beside the cache's place and moved into it: two clones may fetch at once. The program needs nothing of its venv.
	@mkdir -p $(@D) && scratch=$$(mktemp -d $(CACHE)/.uv-XXXXXX) && \
	trap 'rm -rf $$scratch' EXIT && trap 'exit 1' INT TERM && \
	$(PYTHON) -m venv $$scratch && $$scratch/bin/pip --quiet --disable-pip-version-check install uv==$(UV_VERSION) && \
	mv -f $$scratch/bin/uv $@

$(VENV)/.synced: uv.lock pyproject.toml | $(UV)
	@$(UV) sync --frozen --quiet --python $(PYTHON) && touch $@
