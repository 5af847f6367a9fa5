# Every target says what it does: `make help`.
.DEFAULT_GOAL := help
PYTHON ?= python3
BIN := .venv/bin
INSTALLED := .venv/installed
PIP := $(BIN)/pip install --quiet --disable-pip-version-check
LOCK := $(BIN)/uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes \
        --no-emit-index-url --no-emit-find-links --no-header --quiet
PYTEST := $(BIN)/pytest --quiet
IN_PARALLEL := -n 2 --dist worksteal
STORIES := -n 4 --dist worksteal --durations=10 --durations-min=60

help: ## show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

venv: $(INSTALLED) ## make the virtual environment from the locked requirements

$(INSTALLED): requirements-dev.lock pyproject.toml
	@$(PYTHON) -m localcluster.python --check
	$(PYTHON) -m venv --clear .venv
	@mkdir -p build
	$(PIP) --no-deps --require-hashes -r requirements-dev.lock
	$(PIP) --no-deps --no-build-isolation -e .
	@$(BIN)/pip check --disable-pip-version-check > build/pip.txt || { cat build/pip.txt; exit 1; }
	@touch $@

check: venv ## style, types, import contracts, unit and property tests; no cluster, two to four minutes
	$(BIN)/ruff check --quiet .
	$(BIN)/ruff format --quiet --check .
	$(BIN)/mypy --no-error-summary
	$(BIN)/lint-imports --no-logo > build/imports.txt || { cat build/imports.txt; exit 1; }
	$(PYTEST) $(IN_PARALLEL) -m "not e2e and not proof"

proofs: venv ## the long proofs: coverage of the heart, faults in it, a crash at every write, programs as processes
	$(PYTEST) $(IN_PARALLEL) -m "measured and not proof" --cov --cov-report=term:skip-covered tests/rollout
	$(PYTEST) -n 4 --dist worksteal -m proof

cluster: venv ## bring the local cluster up and install the operator by its chart
	$(BIN)/python -m localcluster up
	$(BIN)/python -m localcluster install

test: check proofs cluster ## all of it: the checks, then every story on a real cluster with real traffic
	$(BIN)/python -m tests.e2e.report begin
	$(PYTEST) $(STORIES) -m "e2e and not long"; code=$$?; $(BIN)/python -m tests.e2e.report end; exit $$code

hazards: cluster ## the long stories: what nobody can keep, and hazards without their protection
	$(BIN)/python -m tests.e2e.report begin
	$(PYTEST) $(STORIES) -m "e2e and long"; code=$$?; $(BIN)/python -m tests.e2e.report end; exit $$code

soak: cluster ## a million requests over everything that happens to a service; ACTIONS="rollback abort": only these
	$(BIN)/python -m tests.soak $(ACTIONS)

bench: venv ## measure the judge and the ramp on simulated services, beside threshold rules; writes build/bench.json
	$(BIN)/python -m bench simulation

demo: venv ## the main job, live: a good version is promoted, a bad one rolls itself back
	$(BIN)/python -m examples.demo

lock: venv ## resolve the dependencies anew, with hashes
	$(LOCK) --upgrade -o requirements.lock
	$(LOCK) --upgrade --group dev -o requirements-dev.lock

crd: venv ## write the CRD anew from the models
	$(BIN)/python -m gracefulservice.api.schema > crds/gracefulservice.yaml
	cp crds/gracefulservice.yaml charts/gracefulservice/files/gracefulservice.yaml

clean: ## end the local cluster and remove everything but the caches
	$(PYTHON) -m localcluster down
	rm -rf build .venv

distclean: ## remove the caches and images, too
	$(PYTHON) -m localcluster distclean
	rm -rf build .venv

.PHONY: help venv check proofs cluster test hazards soak bench demo lock crd clean distclean
