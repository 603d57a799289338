# Each target sets up all that it needs in .venv: a machine with Python 3.11 and make is enough.
# A second run installs nothing, unless one of the files that say what to install has changed.
# The native backend is built where there is Rust; make RCMLRS_NATIVE=off ... does not try, =require insists (see setup.py).

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip --disable-pip-version-check install --quiet --progress-bar off

# The folder of the native backend's package, its sources, and what it is built with.
NATIVE    := backends/native/rcmlrs_backend_native
CRATES    := $(shell find backends/native -name target -prune -o -type f \( -name '*.rs' -o -name 'Cargo.*' \) -print)
TOOLCHAIN := $(or $(RCMLRS_NATIVE),auto), $(shell rustc --version 2>/dev/null || echo no Rust)
export RCMLRS_NATIVE

RECIPES := pyproject.toml setup.py $(CRATES)

# $(call install,EXTRA): the project with that extra, editable. (The tests find plugins/ by pytest's pythonpath.)
define install
	@echo "Installing rcmlrs[$(1)] in $(VENV)$(if $(filter no,$(TOOLCHAIN))$(filter off,$(RCMLRS_NATIVE)),, and building the native backend (takes a minute or two))"
	@$(PIP) --editable '.[$(1)]'
	@if grep -qs 'could not compile' $(NATIVE)/not_built.txt; then rm -f $(VENV)/.toolchain; fi
endef

NEEDS := RCMLRS needs Python 3.11 or newer
OTHER := Name another one: make PYTHON=...

# An environment does not survive a move of its folder (it would run the code of the old one): make it anew.
MADE_IN := $(shell cat $(VENV)/.made-in 2>/dev/null)
ifneq ($(MADE_IN),$(CURDIR))
.PHONY: $(VENV)/.made-in
endif

# What was installed with another toolchain or another choice, without success or only in half is installed again.
ifneq ($(shell cat $(VENV)/.toolchain 2>/dev/null),$(TOOLCHAIN))
.PHONY: $(VENV)/.toolchain
else ifeq ($(wildcard $(NATIVE)/_native.abi3.so $(NATIVE)/_native.pyd $(NATIVE)/not_built.txt),)
.PHONY: $(VENV)/.toolchain
endif

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help demo examples test lint types rust check valgrind bench certify stubs format clean

help: ## print this list
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1	\2/p' $(MAKEFILE_LIST) | expand -t 16

demo: $(VENV)/.ready-demo ## train a model on every healthy backend and compare the bits
	@$(BIN)/rcmlrs demo

examples: $(VENV)/.ready-test ## run the programs in examples/, and compare their models with the stored digests (two minutes)
	@$(BIN)/python -m tests.examples

test: lint types rust check ## all checks, the fastest first: lint, types, rust, check

lint: $(VENV)/.ready-test ## what ruff finds, and whether the code is formatted
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check

types: $(VENV)/.ready-test ## static types of the core, the backends and the suite
	@$(BIN)/mypy

rust: $(VENV)/.ready-test ## the native backend's crates: format, lints, docs, tests; where there is no Rust, a word about it
ifneq ($(filter no,$(TOOLCHAIN))$(filter off,$(RCMLRS_NATIVE)),)
	@echo "NOT CHECKED: the Rust of the native backend ($(TOOLCHAIN)). $(if $(filter off,$(RCMLRS_NATIVE)),RCMLRS_NATIVE is off.,Install Rust from https://rustup.rs and run this again.)"
else
	@cd backends/native && cargo fmt --all --check
	@cd backends/native && PYO3_PYTHON='$(CURDIR)/$(BIN)/python' cargo clippy --locked --quiet --release --workspace --all-targets -- --deny warnings
	@cd backends/native && RUSTDOCFLAGS='--deny warnings' cargo doc --locked --quiet --no-deps --workspace --exclude rcmlrs-native
	@cd backends/native && cargo test --locked --quiet --workspace --exclude rcmlrs-native
endif

check: $(VENV)/.ready-test ## the tests, on two processes
	@$(BIN)/python -m pytest -n 2

valgrind: ## the memory of the native backend's crates under valgrind, which does not know AVX-512
	@backends/native/valgrind.sh

bench: $(VENV)/.ready-test ## the benchmarks
	@$(BIN)/python -m tests.bench

certify: $(VENV)/.ready-test ## prove the native functions of one argument on all 2^32 inputs (Rust; an hour)
	@$(BIN)/python -m tests.certify

stubs: $(VENV)/.ready-test ## generate the typed stubs, the reference and the README's table from the operations' files
	@$(BIN)/python -m rcmlrs_core.stubs
	@$(BIN)/python -m rcmlrs_core.reference
	@PYTHONPATH=plugins/saboteur $(BIN)/python -m rcmlrs_saboteur.table

format: $(VENV)/.ready-test ## format the code and mend what ruff can mend
	@$(BIN)/ruff check --fix-only --quiet
	@$(BIN)/ruff format

clean: ## remove everything that make and the tools have made, .venv too
	@rm -rf $(VENV) build dist .hypothesis .mypy_cache .pytest_cache .ruff_cache
	@rm -rf backends/native/target $(NATIVE)/_native.*.so $(NATIVE)/_native.pyd $(NATIVE)/not_built.txt
	@find . -name .git -prune -o -type d \( -name __pycache__ -o -name '*.egg-info' \) -prune -exec rm -rf {} +

$(VENV)/.made-in:
	@command -v $(PYTHON) >/dev/null || { echo "$(NEEDS), and there is no $(PYTHON) here. $(OTHER)" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	    echo "$(NEEDS), and $(PYTHON) is $$($(PYTHON) --version 2>&1). $(OTHER)" >&2; exit 1; }
	@$(PYTHON) -m venv $(if $(MADE_IN),--clear) $(VENV)
	@echo '$(CURDIR)' > $@

$(VENV)/.toolchain: | $(VENV)/.made-in
	@echo '$(TOOLCHAIN)' > $@

$(VENV)/.ready-demo: $(VENV)/.made-in $(VENV)/.toolchain $(RECIPES)
	$(call install,numpy)
	@touch $@

# What the tests need includes what the demo needs.
$(VENV)/.ready-test: $(VENV)/.made-in $(VENV)/.toolchain $(RECIPES)
	$(call install,dev)
	@touch $(VENV)/.ready-demo $@
