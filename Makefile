# Every target says what it does: `make help`.
.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
LOCK := uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
        --no-emit-find-links --no-header --quiet
CHECKED := $(BIN)/.installed

help: ## show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

venv: $(CHECKED) ## make the virtual environment from the locked requirements

$(CHECKED): requirements-dev.lock pyproject.toml
	@$(PYTHON) -m localcluster.python --check
	$(PYTHON) -m venv --clear $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $@

lock: venv ## resolve the dependencies anew, with hashes
	cd . && $(BIN)/$(LOCK) --upgrade -o requirements.lock
	cd . && $(BIN)/$(LOCK) --upgrade --group dev -o requirements-dev.lock

.PHONY: help venv lock
