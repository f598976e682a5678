# SPDX-License-Identifier: Apache-2.0
BIN := .venv/bin
EXAMPLE := inventories/example/migrate.yaml
TESTS ?=
.DEFAULT_GOAL := help

.PHONY: help
help: ## List these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# Exit code 1 says that something needs a decision, as it does in any real estate.
.PHONY: demo
demo: ## Assess the example estate, and generate its files into build/demo
	@scripts/bootstrap.sh run
	$(BIN)/migrate assess -c $(EXAMPLE) || test $$? -eq 1
	$(BIN)/migrate generate -c $(EXAMPLE) -o build/demo || test $$? -eq 1

.PHONY: test
test: ## Run the unit and golden tests (TESTS="tests/assess -k redis" for some of them)
	@scripts/bootstrap.sh dev
	$(BIN)/pytest -q -n 2 $(TESTS)

.PHONY: test-real
test-real: ## Run the tests on real servers and projects; needs root, and installs what it needs
	@scripts/bootstrap.sh real
	$(BIN)/pytest -q -m real $(or $(TESTS),tests/real)

.PHONY: test-versions
test-versions: ## Run the engine's tests with another Python and another ansible-core (OTHER_PYTHON=... chooses)
	@scripts/bootstrap.sh dev
	scripts/versions.sh $(TESTS)

.PHONY: fuzz
fuzz: ## Feed inventories that a fuzzer makes up to the engine (FUZZ_SECONDS=60)
	@scripts/bootstrap.sh fuzz
	$(BIN)/python tests/fuzz/reading.py $(or $(FUZZ_SECONDS),60)

.PHONY: lint
lint: ## Check style and format
	@scripts/bootstrap.sh dev
	$(BIN)/ruff check
	$(BIN)/ruff format --check

.PHONY: types
types: ## Check types
	@scripts/bootstrap.sh dev
	$(BIN)/mypy

.PHONY: bench
bench: ## Compare with ansible-inventory on 1,000 and 10,000 hosts, and with PyYAML on 1,000 workloads (BENCH="--runs 3")
	@scripts/bootstrap.sh run
	$(BIN)/python benchmarks/run.py $(BENCH)
	$(BIN)/python benchmarks/emission.py

.PHONY: accuracy
accuracy: ## Compare answers about public roles with their labels (ACCURACY=--misses shows what was missed)
	@scripts/bootstrap.sh dev
	$(BIN)/python -m tests.accuracy.measure $(ACCURACY)

.PHONY: clean
clean: ## Remove the private environment, build/ and caches
	rm -rf .venv build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -not -path './.git/*' -prune -exec rm -rf {} +
