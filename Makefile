# The commands of the project. On a fresh machine with Python >= 3.11, Rust and make nothing else is needed.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
RUN    := run
PEERS  := .bench/env/bin
ROUNDS := 3
# A file of tests stays in one process, so that what its tests share is made once.
PYTEST := $(BIN)/python -m pytest --numprocesses auto --maxprocesses 4 --dist loadfile
SOURCES := $(shell find rust python -type f \( -name '*.rs' -o -name '*.py' -o -name '*.pyi' -o -name '*.toml' -o -name '*.json' -o -name '*.csv' -o -name '*.css' -o -name '*.html' -o -name '*.js' \) 2>/dev/null) \
           Cargo.toml Cargo.lock pyproject.toml constraints.txt
# pip looks for newer versions of itself and warns: neither belongs in a build.
PIP    := $(BIN)/python -m pip --disable-pip-version-check --quiet

# Runs commands once for each instruction set of this processor that `$(1)` keeps, a slice of their list.
EACH_VARIANT = set -e; \
    variants="$$($(BIN)/python -c 'from alvh import _core; print(*_core.simd_variants()[$(1)])')"; \
    for variant in $$variants; do export ALVH_SIMD=$$variant; echo "ALVH_SIMD=$$variant";

.PHONY: demo test test-variants lint bench docs audit fits calibration clean

demo: .stamps/demo
	@mkdir -p $(RUN)
	$(BIN)/alvh demo --out $(RUN) --report $(RUN)/report.html

# The best instruction set runs everything, the others what is fast: Rust, and pricing from Python.
test: .stamps/test
	$(call EACH_VARIANT,:) cargo test --locked --workspace; done
	$(PYTEST)
	$(call EACH_VARIANT,:-1) $(BIN)/python -m pytest tests/test_pricing*.py tests/test_expr.py; done

# Everything under every instruction set.
test-variants: .stamps/test
	$(call EACH_VARIANT,:) cargo test --locked --workspace; $(PYTEST); done

lint: .stamps/test .stamps/lint
	cargo fmt --all --check
	cargo clippy --locked --workspace --all-targets -- -D warnings
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m mypy.stubtest alvh._core

# Fewer rounds for a quick look: make bench ROUNDS=1
bench: .stamps/test .stamps/bench
	cargo bench --locked -p alvh-core
	$(BIN)/python benches/engine.py
	$(BIN)/python benches/draws.py
	PYTHONPATH=. $(PEERS)/python benches/paths.py
	PYTHONPATH=. $(PEERS)/python benches/score.py --write
	$(PEERS)/python -m benches.pricing --rounds $(ROUNDS)

docs: .stamps/docs
	$(BIN)/sphinx-build -W -q -b html docs docs/_build

audit: .stamps/demo
	$(BIN)/alvh audit

# Refits the approximations of the kernels and prints them as Rust; `make fits ARGS=--check` only measures.
fits: .stamps/test
	PYTHONPATH=scripts $(BIN)/python -m fits $(ARGS)

# Measures the option parameters on the recorded chains below ALVH_DATA and writes docs/calibration.md; ARGS=--check only compares.
calibration: .stamps/test
	PYTHONPATH=scripts $(BIN)/python -m calibration --data "$(ALVH_DATA)" $(ARGS)

clean:
	rm -rf $(VENV) .bench .stamps target $(RUN) docs/_build docs/models/pictures

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

# The package is built once from source and installed like any user's; what an extra wants is added to it, without a second build.
.stamps/demo: $(SOURCES) | $(BIN)/python
	$(PIP) install --constraint constraints.txt ".[history,report]"
	@mkdir -p .stamps && touch $@

.stamps/test .stamps/lint .stamps/docs: .stamps/%: .stamps/demo
	$(PIP) install --constraint constraints.txt "alvh[$*]"
	@mkdir -p .stamps && touch $@

# The libraries that pricing is timed beside live apart from ours; one that cannot be installed is named in the table.
.stamps/bench: $(SOURCES) benches/peers.txt
	test -x $(PEERS)/python || $(PYTHON) -m venv .bench/env
	$(PEERS)/python -m pip --disable-pip-version-check --quiet install --no-deps --requirement benches/peers.txt || \
		for peer in $$(grep -v '^#' benches/peers.txt); do \
			$(PEERS)/python -m pip --disable-pip-version-check --quiet install --no-deps $$peer || echo "$$peer is not installed" >&2; \
		done
	$(PEERS)/python -m pip --disable-pip-version-check --quiet install --no-deps .
	@mkdir -p .stamps && touch $@
