PYTHON ?= python3
JOBS ?= auto
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
OUTPUTS := results.csv results.json report.html gaps.csv snapshot
PACKAGES := scanner checks reports

.DEFAULT_GOAL := help
.PHONY: help setup demo test check bench corpus package docs lock format clean

# A scan exits 1 when it has findings, and the demo tenant has them on purpose.
scan = { $(1) demo --output demo-report || [ $$? -eq 1 ]; }
outputs = for output in $(OUTPUTS); do [ -e "demo-report/$$output" ] || \
	{ echo "demo-report/$$output is missing" >&2; exit 1; }; done

help: ## Show what can be made
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-9s %s\n", $$1, $$2 }' Makefile

setup: $(READY) ## Create .venv with everything needed (PYTHON=python3.12 for another Python)
	@echo "$(VENV) is ready"

$(READY): pyproject.toml requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "posture needs Python 3.11 or newer; $(PYTHON) is" \
			"$$($(PYTHON) --version 2>&1)" >&2; \
		echo "Name another: make PYTHON=python3.12 setup" >&2; exit 1; }
	@echo "Setting up $(VENV); the first time takes a minute or two."
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check \
		--constraint requirements.lock --editable '.[dev]'
	@# pip compiles what it installs, but not what stays here to be edited.
	@$(BIN)/python -m compileall -q $(PACKAGES)
	@touch $@

demo: $(READY) ## Scan the embedded demo tenant; the reports are left in demo-report/
	@rm -rf demo-report
	@$(call scan,$(BIN)/posture)
	@$(outputs)
	@echo "The report is demo-report/report.html"

test: $(READY) ## Run the tests (T=path, K=expression, JOBS=0 for one process)
	@$(BIN)/python -m pytest --numprocesses=$(JOBS) --dist=worksteal \
		$(if $(K),-k '$(K)') $(T)

check: $(READY) ## Check style, types, layers, and that the documentation is current
	@$(BIN)/ruff check --quiet --output-format=concise
	@$(BIN)/ruff format --check || { echo "Run: make format" >&2; exit 1; }
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo
	@$(BIN)/python -m docs.generate --check

bench: $(READY) ## Measure speed and memory
	@$(BIN)/python -m compileall -q $(PACKAGES)
	@$(BIN)/python -u -m bench.run

corpus: $(READY) ## Scan recorded responses of real services
	@$(BIN)/python -m pytest --numprocesses=$(JOBS) -rs tests/corpus

package: $(READY) ## Build the wheel, and try it in a clean environment elsewhere
	@rm -rf dist
	@$(BIN)/python -m build --wheel --no-isolation --outdir dist . >/dev/null
	@set -e; wheel=$$(echo $(CURDIR)/dist/*.whl); \
	for package in $(PACKAGES); do \
		$(BIN)/python -m zipfile -l "$$wheel" | grep "^$$package/__init__.py" >/dev/null || \
			{ echo "$$wheel lacks $$package" >&2; exit 1; }; \
	done; \
	elsewhere=$$(mktemp -d); trap 'rm -rf "$$elsewhere"' EXIT; \
	$(BIN)/python -m venv "$$elsewhere/venv"; \
	"$$elsewhere/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
		--constraint requirements.lock "$$wheel"; \
	cd "$$elsewhere"; $(call scan,venv/bin/posture); $(outputs); \
	echo "$$wheel works"

docs: $(READY) ## Regenerate docs/checks.md and the generated parts of README.md
	@$(BIN)/python -m docs.generate

lock: ## Pin the newest releases that pyproject.toml allows
	@set -e; clean=$$(mktemp -d); trap 'rm -rf "$$clean"' EXIT; \
	$(PYTHON) -m venv "$$clean"; \
	"$$clean/bin/python" -m pip install --quiet --disable-pip-version-check \
		--editable '.[dev]'; \
	{ "$$clean/bin/python" -c 'import sys; print("# What was tested, on Python", \
		"%d.%d." % sys.version_info[:2], "Regenerate with: make lock")'; \
	"$$clean/bin/python" -m pip freeze --exclude-editable; } > "$$clean/lock"; \
	cp "$$clean/lock" requirements.lock

format: $(READY) ## Sort imports and format the code
	@$(BIN)/ruff check --quiet --select I --fix
	@$(BIN)/ruff format --quiet

clean: ## Remove everything that was made
	@rm -rf $(VENV) demo-report dist .mypy_cache .ruff_cache .pytest_cache \
		.import_linter_cache .hypothesis
	@find $(PACKAGES) tests docs -name __pycache__ -type d -prune -exec rm -rf {} +
