# The only runner. `make demo` and `make test` set up everything they need in .venv.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.DEFAULT_GOAL := help
.PHONY: help demo test check bench soak clean lint types system catalogues lock

help:
	@echo "make demo    the main job on made-up mail and letters: real IMAP, real scans, SQLite (no root needed)"
	@echo "make test    all tests"
	@echo "make check   what CI runs: format, lint, types, architecture, tests"
	@echo "make bench   every speed and quality figure of the docs beside its reference"
	@echo "make soak    long runs: kills, cut connections, fuzzing (SOAK_SECONDS=3600)"
	@echo "make clean   remove everything that the above have made"

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

# One stamp a set: pip is only asked when pyproject.toml or the lock has changed.
$(VENV)/demo.stamp: pyproject.toml requirements/demo.lock | $(BIN)/python
	$(BIN)/pip install -q --no-deps -r requirements/demo.lock
	$(BIN)/pip install -q --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/dev.stamp: pyproject.toml requirements/dev.lock | $(BIN)/python
	$(BIN)/pip install -q --no-deps -r requirements/dev.lock
	$(BIN)/pip install -q --no-deps --no-build-isolation -e .
	@touch $@ $(VENV)/demo.stamp

demo: $(VENV)/demo.stamp
	@$(BIN)/posteingang demo

# Real servers for the tests; where they cannot be installed, the tests that need them skip with the reason.
system:
	@bash tests/servers/install.sh

test: $(VENV)/dev.stamp system
	$(BIN)/python -m pytest -n 2 --dist loadgroup

lint: $(VENV)/dev.stamp
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: $(VENV)/dev.stamp
	$(BIN)/mypy

check: lint types test

bench: $(VENV)/dev.stamp
	$(BIN)/pip install -q -e '.[bench]'
	$(BIN)/python -m bench.mail
	$(BIN)/python -m bench.ocr --speed fast
	$(BIN)/posteingang evaluate

soak: $(VENV)/dev.stamp system
	$(BIN)/pip install -q -e '.[soak]'
	$(BIN)/python -m pytest -m soak tests/soak

# After changing a text that agents read: run this, fill in both .po files, run it again.
catalogues: $(VENV)/dev.stamp
	$(BIN)/pybabel -q extract -F babel.cfg -k _ -k marked -k plural:1,2 --no-location --project posteingang -o models/locale/posteingang.pot commands tickets classify cli.py
	for language in de en; do $(BIN)/pybabel -q update --no-fuzzy-matching --ignore-obsolete -D posteingang -l $$language -i models/locale/posteingang.pot -d models/locale; done
	$(BIN)/pybabel -q compile -D posteingang -d models/locale

lock: $(VENV)/dev.stamp
	$(BIN)/pip install -q uv
	bash requirements/lock.sh

clean:
	rm -rf $(VENV) build dist demo bench/out .pytest_cache .mypy_cache .ruff_cache .hypothesis .coverage htmlcov
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
