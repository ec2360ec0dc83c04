# `make help` lists the targets; `make up STACK=prod` selects another stack.
# EXAMPLE=tabular stands for that example's own stack.
EXAMPLE ?= digits
STACK ?= $(if $(filter-out digits,$(EXAMPLE)),$(EXAMPLE),dev)
EXAMPLES := $(notdir $(wildcard examples/*))
$(if $(filter digits $(EXAMPLES),$(EXAMPLE)),,$(error There is no example '$(EXAMPLE)'. EXAMPLE is one of: $(EXAMPLES)))
# A misspelt name would otherwise become a new, empty stack.
STACKS := $(sort $(patsubst Pulumi.%.yaml,%,$(wildcard Pulumi.*.yaml)))
COMMA := ,
ALLOWED := $(subst $() ,$(COMMA) ,$(STACKS))
$(if $(filter up preview down score status report drift scan,$(MAKECMDGOALS)),$(if $(filter $(STACK),$(STACKS)),,\
	$(error Pulumi.$(STACK).yaml does not exist. STACK is one of: $(ALLOWED))))

# The place: `make up TARGET=azure` does the same in Azure, after it has checked what that needs.
TARGET ?= sandbox
$(if $(filter sandbox azure,$(TARGET)),,$(error TARGET is sandbox or azure, not '$(TARGET)'))
IN_AZURE := $(filter azure,$(TARGET))
$(if $(and $(IN_AZURE),$(filter scan,$(MAKECMDGOALS))),$(error make scan looks at the sandbox: leave out TARGET=azure))
# Against Azure, `make up` and `make down` ask before they change anything; YES=1 is for pipelines.
SURE := $(if $(and $(IN_AZURE),$(if $(YES),,asks)),,--yes)
# With no terminal they refuse: $(call ASKED,COMMAND &&) after a command that tells what else is wrong.
ASKED = $(if $(SURE),,test -t 0 || { $(1) echo 'make $@ TARGET=azure asks first, and there is no terminal to ask on.' \
	'Add YES=1.' >&2; exit 1; })

# The Python for .venv: the one that made it, else the first suitable one. To choose: make PYTHON=/path/to/python3.12
PYTHON ?= .venv/bin/python python3 python3.13 python3.12 python3.11
FIND_PYTHON := import sys; print(sys.executable); sys.exit(not (3, 11) <= sys.version_info < (3, 14))
SET_UP = @for name in $(PYTHON); do python=$$($$name -c '$(FIND_PYTHON)' 2>/dev/null) && break; python=; done; \
	test -n "$$python" || { echo "Python 3.11, 3.12 or 3.13 is needed to set up this checkout; tried: $(PYTHON)." \
	"Install one, or name it: make PYTHON=/path/to/python3.12" >&2; exit 1; }; "$$python" -m toolchain

# The policy pack for previews and deployments (docs/policy.md), and the stack's own levels. To leave it out:
# make preview POLICY=
POLICY ?= policy
POLICY_CONFIG ?= $(wildcard policy/$(STACK).json)
CHECKED := $(if $(POLICY),--policy-pack $(POLICY) $(if $(POLICY_CONFIG),--policy-pack-config $(POLICY_CONFIG)))

VENV := .venv/bin
RUN := $(if $(IN_AZURE),,$(VENV)/python -m sandbox run --)
ifneq ($(IN_AZURE),)
export PATH := $(CURDIR)/$(VENV):$(PATH)
endif
PULUMI := $(RUN) pulumi

# How many resources the engine works on at once; a release counts as one, and mostly waits. Its default is four for
# each core (docs/releases.md#many-endpoints).
export PULUMI_PARALLEL ?= 128

# These settings of the user would also affect .venv.
unexport PYTHONPATH PYTHONHOME

.DEFAULT_GOAL := help
.PHONY: up score status report drift test test-long preview down check scan bench lock tools tools-program tools-local tools-dev help

# What `make tools` installs: program (for pulumi up against Azure), local (also sandbox and example), dev (also tests).
ONLY ?= local

# What a deployment needs first.
CHECK = $(VENV)/python -m prerequisites check --stack $(STACK)
READY = $(if $(IN_AZURE),$(CHECK) --init,$(VENV)/python -m sandbox recover --stack $(STACK))
DEPLOY = $(RUN) python -m modelops up --stack $(STACK) $(SURE) $(if $(CHECKED),-- $(CHECKED)) \
	|| { code=$$?; $(if $(IN_AZURE),,$(VENV)/python -m sandbox status --lost;) exit $$code; }
# A release sets the endpoint's default behind Pulumi's back; without this, `pulumi refresh --preview-only` tells it as drift.
ENDPOINTS = '**$$azure-native:machinelearningservices:BatchEndpoint::*'
RECORD = said=$$($(PULUMI) refresh --stack $(STACK) --yes --skip-preview --suppress-outputs --target $(ENDPOINTS) 2>&1) \
	|| { code=$$?; printf '%s\n' "$$said" >&2; exit $$code; }
SCORE = $(RUN) python -m modelops score --stack $(STACK) && $(RUN) python -m tools.grade $(STACK)
# What a printed command needs to be about this stack.
FOR = $(if $(IN_AZURE), TARGET=azure)$(if $(filter-out dev,$(STACK)), STACK=$(STACK))
TEMPLATE = $(or $(SANDBOX_HOME),.sandbox)/template-$(STACK).json

TOOLS := $(if $(IN_AZURE),tools-program,tools-local)

up: $(TOOLS) ## deploy into the local sandbox (TARGET=azure: to Azure) and score the samples; EXAMPLE=tabular: another example
	@$(call ASKED,$(CHECK) &&)
	@$(READY)
	@$(DEPLOY)
	@echo 'recording the endpoints in the state'
	@$(RECORD)
	@$(SCORE)
	@printf '%s\n' '' 'What next:' \
		'  make preview$(FOR)    show what would change after you edit Pulumi.$(STACK).yaml or the model'
	@printf '%s\n' '  make report$(FOR)     show in the browser what the release did'
	@test ! -d predictions/$(STACK) || printf '%s\n' '  make score$(FOR)      score again'
	@printf '%s\n' \
		'  make down$(FOR)       remove this stack$(if $(IN_AZURE),,; the sandbox stops with the last one). `make up$(FOR)` creates it again'
	@$(if $(IN_AZURE),,printf '%s\n' '  .venv/bin/python -m sandbox open   show endpoints, jobs and predictions in the browser')
	@$(if $(IN_AZURE),,printf '%s\n' '  docs/getting-started.md    how to do the same in Azure')

score: $(TOOLS) ## score the samples of the deployed endpoints, into predictions/STACK
	@$(SCORE)

status: $(TOOLS) ## show what the deployed endpoints serve, and what differs from the last release
	@$(RUN) python -m modelops status --stack $(STACK)

report: $(TOOLS) ## show in the browser what the last release of each endpoint did
	@$(RUN) python -m modelops report --stack $(STACK) --open

drift: $(TOOLS) ## compare Azure with what the stack deployed and its endpoints released
	@$(RUN) python -m modelops drift --stack $(STACK)

# The parts of the long tests; pyproject.toml says what each holds.
PARTS := kills profiles series packages engines environments browser workflows
PART ?= $(PARTS)
SUITE := $(VENV)/python -m pytest -n auto

test: tools-dev ## run the tests that every change must pass; PYTEST="-k name -x" passes options to pytest
	@$(VENV)/python -m toolchain scan
	@$(SUITE) --dist loadfile --no-loadscope-reorder -m "not long" $(PYTEST)

test-long: tools-dev ## run the long tests; PART=kills runs one part of: kills profiles series packages engines environments browser workflows
	$(if $(filter-out $(PARTS),$(PART)),$(error PART is one or more of: $(PARTS)))
	@$(VENV)/python -m toolchain scan
	@for part in $(PART); do began=$$(date +%s); \
		$(SUITE) --dist worksteal -m "long(part='$$part')" $(PYTEST) || failed="$$failed $$part"; \
		times="$$times  $$part: $$(($$(date +%s) - began)) s"; done; \
		echo "test-long:$$times"; test -z "$$failed" || { echo "failed:$$failed" >&2; exit 1; }

preview: $(TOOLS) ## show what `make up` would change
	@$(if $(IN_AZURE),$(CHECK) --advise)
	@$(RUN) python -m modelops plan --stack $(STACK) -- --suppress-permalink=true $(CHECKED)

down: $(TOOLS) ## remove what `make up` created; the sandbox stops with its last stack
	@$(ASKED)
	@$(if $(IN_AZURE),,$(READY) && $(VENV)/python -m sandbox removable --stack $(STACK))
	@$(RUN) python -m modelops down --stack $(STACK) $(SURE)
	@$(if $(IN_AZURE),,$(VENV)/python -m sandbox stop --if-unused)

check: tools-dev ## check format, lint, types, import rules, requirements
	@$(VENV)/ruff format --check --quiet .
	@$(VENV)/ruff check --quiet .
	@$(VENV)/mypy .
	@$(VENV)/pyright
	@$(VENV)/python -m toolchain check
	@$(VENV)/python -m pytest -q tests/unit/test_import_rules.py tests/unit/test_requirements.py

scan: tools-local ## deploy into the local sandbox and run checkov on its resources
	@$(VENV)/python -m sandbox recover --stack $(STACK)
	@$(DEPLOY)
	@group=$$($(RUN) pulumi stack output resourceGroup --stack $(STACK)) \
		&& $(VENV)/python -m sandbox export-arm --resource-group "$$group" --output $(TEMPLATE)
	@$(VENV)/python -m tools.scan --stack $(STACK) $(TEMPLATE)

bench: tools-dev ## measure this program against flat ones
	@$(VENV)/python -m tools.bench

lock: tools-dev ## recompile the requirements files after you edit the dependencies in pyproject.toml
	@$(VENV)/python -m toolchain lock

tools: ## only set up .venv and the Pulumi CLI; ONLY=program leaves out the sandbox and the example
	$(SET_UP) $(ONLY) pulumi

tools-program:
	$(SET_UP) program pulumi

tools-local:
	$(SET_UP) local pulumi

tools-dev:
	$(SET_UP) dev pulumi

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-9s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
