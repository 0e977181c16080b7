# Dragoman. `make help` explains every target; a line after ## is its explanation.
.DEFAULT_GOAL := help
.PHONY: help run text ask redrive operator directory-import directory-export digest console tests unit lint types validate statemachines local-sfn build models deploy bench lock clean
SHELL := /bin/bash

# The first Python from 3.11 to 3.13 that runs here; PYTHON=… chooses another.
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
  $$p -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null && { echo $$p; break; }; done)
VENV := .venv
PY := $(VENV)/bin/python
MODELS := .dragoman/models
PIP_INSTALL := -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes
PYTEST := $(PY) -m pytest

help: ## Show this help
	@echo 'Dragoman: text a number in any language and be understood.'; echo
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# --- set-up ---------------------------------------------------------------------------------------------------------------
$(PY):
	@test -n "$(PYTHON)" || { echo 'Dragoman needs Python 3.11, 3.12 or 3.13, and found none. Install one, or name it: make run PYTHON=/path/to/python'; exit 1; }
	@echo 'Making the virtual environment .venv with $(PYTHON)'
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.run: requirements/run.txt | $(PY)
	@echo 'Installing the packages of requirements/run.txt (about a minute the first time)'
	@$(PY) $(PIP_INSTALL) -r requirements/run.txt
	@touch $@

$(VENV)/.test: requirements/test.txt $(VENV)/.run
	@echo 'Installing the packages of requirements/test.txt'
	@$(PY) $(PIP_INSTALL) -r requirements/test.txt
	@touch $@

.venv-sam/.ready: requirements/sam.txt | $(PY)
	@echo 'Installing the SAM CLI into .venv-sam'
	@$(PY) -m venv .venv-sam
	@.venv-sam/bin/python $(PIP_INSTALL) -r requirements/sam.txt
	@touch $@

build: $(VENV)/.run ## Build the functions and their layer into build/
	@$(PY) -m infra.build

console: $(VENV)/.run ## Build the console into build/console (with the Node that pip installed)
	@$(PY) -m infra.site

models: $(VENV)/.run ## Fetch the local models (verified by their hashes)
	@$(PY) -m infra.local.ai.models --dir $(MODELS)

# A variable's value as one word for the shell, with dollars and quotation marks as they were written.
quoted = '$(subst ','\'',$(value $(1)))'

# --- using it -------------------------------------------------------------------------------------------------------------
run: build console models ## Run all of Dragoman on this machine; Ctrl-C stops it
	@exec $(PY) -m infra.local

text: $(VENV)/.run ## Text the number: make text FROM=+12025550100 BODY='¿Dónde está la clínica?' MEDIA=photo.jpg
	@FROM='$(FROM)' BODY=$(call quoted,BODY) MEDIA=$(call quoted,MEDIA) $(PY) -m infra.local.text

ask: $(VENV)/.run ## Ask a contact: make ask TO=+12025550100 TEXT='Send it again?' CHOICES='redrive=Send again;leave=Leave it' WITHIN=3600 (REMIND=1200 LANGUAGE=en BY=Ana KEY=my-id; AWS=1)
	@TO=$(call quoted,TO) TEXT=$(call quoted,TEXT) CHOICES=$(call quoted,CHOICES) WITHIN=$(call quoted,WITHIN) REMIND=$(call quoted,REMIND) \
	  QUESTION_LANGUAGE='$(if $(filter command line,$(origin LANGUAGE)),$(LANGUAGE))' BY=$(call quoted,BY) KEY=$(call quoted,KEY) $(PY) -m infra.questions $(if $(AWS),--aws)

redrive: $(VENV)/.run ## List what is parked in the dead-letter queues; QUEUE=messages puts it back (AWS=1 for the deployed stack)
	@$(PY) -m infra.redrive $(if $(QUEUE),--queue $(QUEUE)) $(if $(AWS),--aws)

operator: $(VENV)/.run ## Who may sign in: make operator EMAIL=ana@example.org adds one (REMOVE=1 removes; AWS=1 for the deployed stack)
	@$(PY) -m infra.operators $(if $(EMAIL),--email $(call quoted,EMAIL)) $(if $(REMOVE),--remove) $(if $(AWS),--aws)

directory-import: $(VENV)/.run ## Put a CSV file into the directory: make directory-import FILE=entries.csv (bad rows are named first; PARTIAL=1 saves the good ones; AWS=1)
	@$(PY) -m infra.directory import $(call quoted,FILE) $(if $(PARTIAL),--partial) $(if $(AWS),--aws)

directory-export: $(VENV)/.run ## Write the directory into a CSV file: make directory-export FILE=entries.csv (AWS=1)
	@$(PY) -m infra.directory export $(call quoted,FILE) $(if $(AWS),--aws)

digest: $(VENV)/.run ## Make the digest of a day and print it: make digest DAY=2026-11-27 (else of yesterday; NOTIFY=1 tells the subscribers; AWS=1)
	@$(PY) -m infra.digest $(if $(DAY),--day $(call quoted,DAY)) $(if $(NOTIFY),--notify) $(if $(AWS),--aws)

SFN_PORT ?= 8083
# `make local-sfn tests` (or statemachines) hands the cases to the endpoint as its child: it starts, they run, it stops.
WITH_CASES := $(and $(filter local-sfn,$(MAKECMDGOALS)),$(filter tests statemachines,$(MAKECMDGOALS)))

# --- testing --------------------------------------------------------------------------------------------------------------
tests: $(if $(WITH_CASES),statemachines,lint types validate pytest) ## Run the whole suite (after local-sfn: the state machine cases against port 8083)

.PHONY: pytest
pytest: $(VENV)/.test build console models
	@$(PY) -m infra.site --test
	@$(PYTEST)

statemachines: $(if $(WITH_CASES),local-sfn,$(VENV)/.test build) ## Only the state machine cases, with their coverage
	@$(if $(WITH_CASES),:,$(PYTEST) tests/statemachines)

local-sfn: $(VENV)/.test build ## Step Functions on port 8083 with the mock cases; make local-sfn tests runs them against it
	@$(PY) -m infra.local.sfn --port $(SFN_PORT) $(if $(WITH_CASES),-- $(PYTEST) tests/statemachines)

unit: $(VENV)/.test build ## Only the quick tests: logic and contracts
	@$(PYTEST) tests/unit/functions tests/contract

lint: $(VENV)/.test ## Check style with ruff
	@$(VENV)/bin/ruff check . && $(VENV)/bin/ruff format --check .

types: $(VENV)/.test build ## Check types with mypy --strict
	@$(VENV)/bin/mypy

validate: $(VENV)/.test .venv-sam/.ready build ## Check the template with cfn-lint and sam validate --lint
	@$(VENV)/bin/cfn-lint infra/template.yaml
	@SAM_CLI_TELEMETRY=0 AWS_DEFAULT_REGION=$${AWS_DEFAULT_REGION:-us-east-1} .venv-sam/bin/sam validate --lint --template infra/template.yaml

# --- delivering -----------------------------------------------------------------------------------------------------------
deploy: $(VENV)/.run .venv-sam/.ready console ## Deploy to AWS with your credentials (GUIDED=1 asks for what is missing; PARAMETERS='Name=value …')
	@$(PY) -m infra.build --target aws $$(python3.13 -c "" 2>/dev/null && echo --bytecode)
	@SAM_CLI_TELEMETRY=0 .venv-sam/bin/sam deploy --template infra/template.yaml --config-file samconfig.toml $(if $(GUIDED),--guided) $(if $(PARAMETERS),--parameter-overrides $(PARAMETERS))
	@$(PY) -m infra.site --publish

bench: $(VENV)/.test build console models ## Measure: the figures of benchmarks/README.md
	@$(PY) -m benchmarks

lock: ## Renew the locked versions in requirements/ (needs uv)
	@for f in test run sam; do uv pip compile --quiet --universal --generate-hashes --strip-extras --python-version 3.11 \
	  --no-emit-index-url --no-header $$([ $$f = run ] && echo '-c requirements/test.txt') requirements/$$f.in -o requirements/$$f.txt; done

clean: ## Remove what was built; your data in .dragoman/ stays
	@rm -rf build .mypy_cache .ruff_cache .pytest_cache .hypothesis
