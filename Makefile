# make search: set everything up, search on Fashion-MNIST and say which model is best.
# make test:   set everything up and pass every check.
# Both need Python 3.11 to 3.13, make and, on Linux, glibc, and reach PyPI and Debian's packages at most.

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
DEBIAN_DATA := $(CURDIR)/.data/fashion-mnist
SOURCES := fmnist search registry tests benchmarks examples

# make search TRIALS=200 TIMEOUT=10m goes on with the same study.
STUDY ?= fmnist
TRIALS ?= 100
EPOCHS ?= 10
TIMEOUT ?= 3m
E2E := not nightly
CORES := $(shell getconf _NPROCESSORS_ONLN)

.PHONY: help search test checks nightly lint unit e2e compiled install install-test data chromium format lock clean

help:
	@echo "make search   search on Fashion-MNIST ($(TRIALS) trials, $(TIMEOUT) at most); again: go on"
	@echo "make test     lint, types, borders, unit and end-to-end tests"
	@echo "make nightly  the tests that take long: every page of the documents, storms, fuzzing"
	@echo "make data     find or fetch Fashion-MNIST"
	@echo "make format   format the code and mend what ruff can mend"
	@echo "make lock     pin the newest releases in the three requirements*.lock"
	@echo "make clean    remove the environment and every cache; your studies stay"

# The reference study is only read: the search begins my-studies.db as a copy of it, where its champion is there to be
# compared with.
search: install data
	$(BIN)/search run fmnist --study $(STUDY) --trials $(TRIALS) --max-epochs $(EPOCHS) \
	    --workers auto --timeout $(TIMEOUT)

test: checks e2e

# At once, since mypy uses one core only and fetching a browser none; what runs end to end comes after them.
checks: install-test
	+@$(MAKE) --no-print-directory -j 2 unit lint chromium

lint: install-test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# Where Python is told to keep no bytecode, each of hundreds of processes would compile the project anew.
compiled: install-test
	@$(BIN)/python -m compileall -q $(SOURCES)

unit: compiled
	$(BIN)/pytest -n $(CORES) --durations=15 --ignore=tests/e2e --ignore=tests/any_model

# One process more than cores, since each waits now and then; the files in the order that tests/conftest.py gives them.
# The tests' arrays are kept here, so that what a home's cache holds, files gone, hides no missing data.
e2e: export FMNIST_CACHE_DIR := $(CURDIR)/.data/cache
e2e: compiled data chromium
	@if [ -z "$$FMNIST_DATA_DIR" ] && [ -d "$(DEBIAN_DATA)" ]; then export FMNIST_DATA_DIR="$(DEBIAN_DATA)"; fi; \
	$(BIN)/pytest -n $$(($(CORES) + 1)) --dist loadfile --no-loadscope-reorder --durations=15 -m "$(E2E)" tests/e2e tests/any_model

# The long forms: every page of the documents, KerasTuner's guides, storms.
nightly: E2E := nightly
nightly: e2e
	$(BIN)/python -m tests.e2e.storm --kills 200
	$(BIN)/python -m tests.e2e.storm --kills 200 --schedule rungs
	$(BIN)/python -m tests.e2e.misbehaviour --trials 300 --kills 5
	$(BIN)/python -m tests.e2e.siege --minutes 60
	$(BIN)/python -m tests.e2e.fuzz_bundles --edits 10000
	$(BIN)/python -m tests.e2e.fuzz_commands --lines 20000

data: install
	@tools/data.sh $(BIN)/fmnist "$(DEBIAN_DATA)"

chromium:
	@tools/chromium.sh

format: install-test
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# The environment. A stamp tells which lock it was installed from; a changed lock or pyproject.toml installs again.
# The test lock holds the other one whole, so either will do for a search.
install: $(VENV)/.installed
install-test: $(VENV)/.installed-test

$(BIN)/python:
	@tools/make_venv.sh $(VENV)

# uv takes a tenth of pip's time. Where it cannot, such as where pip alone is told of another index, pip does it.
define install_from
	@echo "installing TensorFlow and what else is needed into $(VENV): a minute or some"
	($(PIP) install --quiet --require-hashes -r requirements-uv.lock && \
	    $(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r $(1)) || \
	    $(PIP) install --quiet --no-compile --require-hashes -r $(1)
	@$(COMPILE)
	$(PIP) install --quiet --no-deps --no-build-isolation -e .
endef

# On all cores, where pip compiles on one; what is written for an older Python is left out, as are the packages' own
# tests and what nothing here imports: a third of all.
COMPILE := $(BIN)/python -m compileall -qq -j 0 -x '/(tests?|sympy|cfnlint)/' $(VENV)/lib || true

$(VENV)/.installed: requirements.lock pyproject.toml | $(BIN)/python
	$(call install_from,requirements.lock)
	@touch $@

$(VENV)/.installed-test: requirements-test.lock pyproject.toml | $(BIN)/python
	$(call install_from,requirements-test.lock)
	@touch $@ $(VENV)/.installed

# uv resolves at once for the platforms and Pythons that pyproject.toml names; the tests' needs first, which may keep
# what a search needs from its newest release.
LOCK := $(BIN)/uv pip compile --universal --python-version 3.11 --upgrade \
    --generate-hashes --no-emit-index-url --no-annotate --no-header --quiet
lock: $(BIN)/python
	$(PIP) install --quiet --require-hashes -r requirements-uv.lock
	echo uv | $(LOCK) - --output-file requirements-uv.lock
	$(LOCK) pyproject.toml --extra test --output-file requirements-test.lock
	$(LOCK) pyproject.toml --constraint requirements-test.lock --output-file requirements.lock

clean:
	rm -rf $(VENV) .data build *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis \
	    .import_linter_cache
	find $(SOURCES) -name __pycache__ -prune -exec rm -rf {} +
