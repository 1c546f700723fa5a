# `make demo` settles the sample case; `make test` is what every change must pass.

# The first Python on the path that is new enough.
PYTHON ?= $(firstword $(foreach name,python3 python3.14 python3.13 python3.12 python3.11,$(shell \
	$(name) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $(name))))
VENV := .venv
BIN := $(VENV)/bin
# Spark is some 450 MB: a newcomer's tests skip it by name, `make test CI=true` installs it and fails without it.
comma := ,
EXTRAS := dev$(if $(filter true,$(CI)),-spark)
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check

.PHONY: demo test fuzz agree mutate bench clean

demo: $(VENV)/.run-ready
	$(BIN)/xiance settle gaotai --data policies/gaotai/sample.yaml

test: $(VENV)/.$(EXTRAS)-ready
	$(BIN)/ruff check
	$(BIN)/mypy
	$(BIN)/python -m pytest -n 2 --dist loadgroup

# make fuzz MINUTES=60; what it finds is kept in tests/fuzz_found/ and tried on every run of the tests.
MINUTES ?= 15
fuzz: $(VENV)/.$(EXTRAS)-ready
	$(BIN)/python tests/fuzz.py --minutes $(MINUTES)

# make agree COUNT=5000 JOBS=1 MINUTES=60; random programs, worked cases and roundings on every engine against the interpreter, told
# in tests/agreement/REPORT.md. It may be ended at any time, and goes on from there as long as the code is the same.
COUNT ?= 100000
POSTGRES ?= 2000
SPARK ?= 500
ROUNDINGS ?= 100000
JOBS ?= 2
AGREE = --count $(COUNT) --postgres $(POSTGRES) --spark $(SPARK) --roundings $(ROUNDINGS) --jobs $(JOBS)
agree: $(VENV)/.$(EXTRAS)-ready
	$(BIN)/python tests/agreement/agree.py $(AGREE)$(if $(filter command% environment%,$(origin MINUTES)), --minutes $(MINUTES))

# Every change of every shipped rule, against the worked cases.
mutate: $(VENV)/.run-ready
	$(BIN)/xiance test --mutate --threshold 95

# Against others, who are installed beside the engine and never with it; about half an hour on two cores.
bench: $(VENV)/.$(EXTRAS)-ready $(VENV)-peers/.ready
	$(BIN)/python benchmarks/run.py

clean:
	rm -rf $(VENV) $(VENV)-peers build dist *.egg-info .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The stamps keep a second run quick: pip is asked again only when the requirements changed.
$(VENV)/.$(EXTRAS)-ready: pyproject.toml | $(BIN)/python
	$(PIP) install -e '.[$(subst -,$(comma),$(EXTRAS))]'
	touch $@ $(VENV)/.run-ready

$(VENV)/.run-ready: pyproject.toml | $(BIN)/python
	$(PIP) install -e .
	touch $@

$(VENV)-peers/.ready: benchmarks/requirements-peers.txt | $(BIN)/python
	$(BIN)/python -m venv $(VENV)-peers
	$(VENV)-peers/bin/python -m pip --quiet --disable-pip-version-check install -r $<
	touch $@

$(BIN)/python:
	$(if $(PYTHON),,$(error Python 3.11 or newer is needed; name it with `make PYTHON=…`))
	$(PYTHON) -m venv $(VENV)
