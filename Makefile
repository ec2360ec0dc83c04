# Everything a clone needs. `make help` lists the targets; `make up STACK=prod` takes another stack.
STACK ?= dev

# The Python that makes .venv: the one that made it, else the first that will do. Another: make PYTHON=/path/to/python3.12
PYTHON ?= .venv/bin/python python3 python3.13 python3.12 python3.11
FIND_PYTHON := import sys; print(sys.executable); sys.exit(not (3, 11) <= sys.version_info < (3, 14))
SET_UP = @for name in $(PYTHON); do python=$$($$name -c '$(FIND_PYTHON)' 2>/dev/null) && break; python=; done; \
	test -n "$$python" || { echo "Python 3.11, 3.12 or 3.13 is needed to set up this checkout; tried: $(PYTHON)." \
	"Install one, or name it: make PYTHON=/path/to/python3.12" >&2; exit 1; }; "$$python" -m toolchain

# The policy pack that previews and deployments are checked with (docs/policy.md), and a stack's own levels for it.
# None: make preview POLICY=
POLICY ?= policy
POLICY_CONFIG ?= $(wildcard policy/$(STACK).json)
CHECKED := $(if $(POLICY),--policy-pack $(POLICY) $(if $(POLICY_CONFIG),--policy-pack-config $(POLICY_CONFIG)))

VENV := .venv/bin
RUN := $(VENV)/python -m sandbox run --
PULUMI := $(RUN) pulumi

# A user's own Python settings would reach into .venv.
unexport PYTHONPATH PYTHONHOME

.DEFAULT_GOAL := help
.PHONY: up test test-long preview down check scan bench lock tools tools-dev help

# The endpoint of the stack file that the example's images are sent to; a stack may have others.
ENDPOINT ?= digits

DEPLOY = $(PULUMI) up --stack $(STACK) --yes --skip-preview --suppress-outputs --suppress-permalink=true $(CHECKED) \
	|| { code=$$?; $(VENV)/python -m sandbox status --lost; exit $$code; }
TEMPLATE = $(or $(SANDBOX_HOME),.sandbox)/template-$(STACK).json

up: tools ## deploy into the local sandbox, score the example's images, say where the predictions are
	@$(VENV)/python -m sandbox recover --stack $(STACK)
	@$(DEPLOY)
	@rm -rf predictions
	@$(RUN) python -m modelops invoke --stack $(STACK) --endpoint $(ENDPOINT) --input examples/digits/data/images --download predictions
	@$(VENV)/python examples/digits/grade.py predictions
	@printf '%s\n' '' 'What next:' \
		'  make preview     what would change, after an edit of Pulumi.$(STACK).yaml or of the model' \
		'  make down        remove all of it; `make up` makes it again' \
		'  README.md        the same in Azure: log in, pulumi stack init, pulumi up'

# The parts of the long tests: what each holds stands beside the marker in pyproject.toml.
PARTS := kills profiles series packages engines
PART ?= $(PARTS)
SUITE := $(VENV)/python -m pytest -n auto

test: tools-dev ## run the tests that every change must pass; PYTEST="-k name -x" passes options on, PYTEST=-n0 runs one at a time
	@$(VENV)/python -m toolchain scan
	@$(SUITE) --dist loadfile --no-loadscope-reorder -m "not long" $(PYTEST)

test-long: tools-dev ## run the long series, all or one part: PART=kills|profiles|series|packages|engines
	$(if $(filter-out $(PARTS),$(PART)),$(error PART is one or more of: $(PARTS)))
	@failed=; for part in $(PART); do began=$$(date +%s); $(SUITE) --dist worksteal -m "long(part='$$part')" $(PYTEST); code=$$?; \
		times="$$times  $$part: $$(($$(date +%s) - began)) s"; test $$code = 0 || failed="$$failed $$part"; done; \
		echo "test-long:$$times"; test -z "$$failed" || { echo "failed:$$failed" >&2; exit 1; }

preview: tools ## show what `make up` would change in the local sandbox
	@$(PULUMI) preview --stack $(STACK) --suppress-outputs --suppress-permalink=true $(CHECKED)

down: tools ## remove what `make up` made, and stop the sandbox
	@$(VENV)/python -m sandbox recover --stack $(STACK)
	@$(VENV)/python -m sandbox removable --stack $(STACK)
	@$(PULUMI) destroy --stack $(STACK) --yes --skip-preview --suppress-permalink=true
	@$(VENV)/python -m sandbox stop

check: tools-dev ## format, lint, types, import rules, requirements: what CI checks before the tests
	@$(VENV)/ruff format --check --quiet .
	@$(VENV)/ruff check --quiet .
	@$(VENV)/mypy .
	@$(VENV)/pyright
	@$(VENV)/python -m toolchain check
	@$(VENV)/python -m pytest -q tests/unit/test_import_rules.py tests/unit/test_requirements.py

scan: tools ## deploy into the local sandbox, and have checkov grade what is there as an ARM template
	@$(VENV)/python -m sandbox recover --stack $(STACK)
	@$(DEPLOY)
	@group=$$($(RUN) pulumi stack output resourceGroup --stack $(STACK)) \
		&& $(VENV)/python -m sandbox export-arm --resource-group "$$group" --output $(TEMPLATE)
	@$(VENV)/python -m tools.scan --stack $(STACK) $(TEMPLATE)

bench: tools-dev ## measure this program against flat ones, as ratios
	@$(VENV)/python -m tools.bench

lock: tools-dev ## recompile the requirements files after an edit of pyproject.toml's dependencies
	@$(VENV)/python -m toolchain lock

tools: ## only the set-up: .venv and the Pulumi CLI; every target above does it by itself
	$(SET_UP) runtime pulumi

tools-dev:
	$(SET_UP) dev pulumi

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-9s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
