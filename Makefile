# The only entry that one has to learn: make help.
SHELL := /bin/bash
.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: help setup demo up simulate eval-grounding test verify lint format gen bench released lock clean

help: ## Show what there is
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(READY) ## Make .venv with everything that requirements.lock pins

$(READY): requirements.lock
	$(PYTHON) -m venv --clear $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

demo: $(READY) ## Replay a real experiment through the real services and watch the bandit learn
	@$(BIN)/python -m services.admin demo

up: $(READY) ## Start the local stack: Postgres, review, bandit, learner, AI, gateway
	@$(BIN)/python -m services.admin up

simulate: $(READY) ## Play policies against simulated problems; writes docs/lab (LAB=--quick: a few, into .experimentation/lab)
	@$(BIN)/python -m services.bandit.lab $(LAB)

eval-grounding: $(READY) ## Measure the grounding validator: recall by mutation, false positives, escapes, ablation (EVAL=--quick)
	@$(BIN)/python -m services.ai.evaluation $(EVAL)

test: $(READY) ## Run the tests (real Postgres, real gRPC)
	$(BIN)/python -m pytest -n 2 -m "not slow"

verify: $(READY) ## Run the long simulations too
	HYPOTHESIS_PROFILE=thorough $(BIN)/python -m pytest -n 2

bench: $(READY) ## Measure speed as ratios taken in one run
	@$(BIN)/python -m tests.bench

lint: $(READY) ## Check format, style, types, floors, contracts, generated code
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	PATH=$(BIN):$$PATH $(BIN)/python proto/generate.py --check
	$(BIN)/buf format proto --diff --exit-code
	@image=$$(mktemp --suffix=.binpb) && $(BIN)/python proto/generate.py --image $$image \
	  && $(BIN)/buf lint $$image --config buf.yaml \
	  && $(BIN)/buf breaking $$image --against proto/released.binpb --config buf.yaml; status=$$?; rm -f $$image; exit $$status

format: $(READY) ## Put code and contracts into their format
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .
	$(BIN)/buf format proto --write

gen: $(READY) ## Generate proto/gen
	PATH=$(BIN):$$PATH $(BIN)/python proto/generate.py

released: $(READY) ## Make the present contract the one that later ones are compared with
	$(BIN)/python proto/generate.py --image proto/released.binpb

lock: ## Pin what pyproject.toml asks for (needs uv)
	uv pip compile --quiet --universal --generate-hashes --no-annotate --no-header --python-version 3.11 --extra dev -o requirements.lock pyproject.toml

clean: ## Remove the virtual environment, caches and the local stack's data
	rm -rf $(VENV) .experimentation .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
