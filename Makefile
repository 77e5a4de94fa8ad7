# Every target makes its own virtual environment where there is none.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
CONSTRAINTS := .ci/constraints.txt
DEMO ?= demo

.PHONY: help venv demo test quick gpu-check attack lint format bench bench-full wheel clean

help:
	@echo "make demo        a tiny checkpoint, evaluated on the sample data, offline"
	@echo "make test        all tests that need no network and no GPU, and which were slowest"
	@echo "make quick       those that take under a minute together"
	@echo "make gpu-check   on a machine with a GPU: its tests, its answers beside the processor's, its speed; what to report"
	@echo "make attack      bad inputs, kills and mutated files by the thousand (a quarter of an hour)"
	@echo "make lint        ruff and mypy"
	@echo "make format      ruff's fixes and layout"
	@echo "make bench       measure speed against what people use today (a quarter of an hour)"
	@echo "make bench-full  the same at full size (hours)"
	@echo "make wheel       the wheel, into dist/"
	@echo "make venv        the virtual environment that all of these use"
	@echo "make clean       remove what these have made"

venv: $(VENV)/.installed

$(VENV)/.installed: pyproject.toml $(CONSTRAINTS)
	$(PYTHON) -m venv $(VENV)
	$(PIP) install -q -c $(CONSTRAINTS) torch
	$(PIP) install -q -c $(CONSTRAINTS) -e '.[test,dev]'
	$(PIP) install -q --no-deps lm-eval==0.4.13  # its table printer alone is used
	@touch $@

demo: venv
	$(BIN)/xharness demo $(DEMO)

# Two processes, each with one thread: tiny networks gain nothing from more.
PYTEST := OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 -W error -p no:cacheprovider -q

test: venv
	$(PYTEST) --dist loadfile -m "not network and not gpu and not benchmark" --durations=10

quick: venv
	$(PYTEST) --dist loadscope -m "not slow and not network and not gpu and not benchmark" tests

# In the environment of whoever calls, whose torch knows the GPU: the one that the other targets make does not.
gpu-check:
	$(PYTHON) -m tests.gpu_check

attack: venv
	$(BIN)/python -m tests.attack

lint: venv
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: venv
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: venv
	$(BIN)/python -m tests.benchmarks

bench-full: venv
	$(BIN)/python -m tests.benchmarks --full

wheel: venv
	$(BIN)/python -m build --wheel --outdir dist .

clean:
	rm -rf $(VENV) .bench-venv build dist demo xharness-out .pytest_cache .mypy_cache .ruff_cache .hypothesis
