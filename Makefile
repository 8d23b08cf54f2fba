# Every target sets up .venv and the front-end packages by itself, and only when something changed.
#   make demo ARGS="--for 180s --report r.json"     PYTHON=python3.12 chooses the interpreter (>= 3.11)

BIN := .venv/bin
ARGS ?=
PYTHON ?=
export PYTHON

.PHONY: help demo test check bench soak clean lock setup

help:
	@echo "make demo | test | check | bench | soak | clean | lock   (ARGS=... hands arguments on)"

setup:
	@sh scripts/bootstrap.sh

demo: setup
	@$(BIN)/forecourt demo $(ARGS)

# Bytecode is kept whatever the environment says: the tests start our processes again and again.
test:
	@sh scripts/bootstrap.sh --with-browser
	@PYTHONDONTWRITEBYTECODE= OMP_NUM_THREADS=1 $(BIN)/pytest -m "not soak" -n logical --maxprocesses=4 --dist loadscope --no-loadscope-reorder $(ARGS)

check: setup
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

bench:
	@sh scripts/bootstrap.sh --with-benchmarks
	@$(BIN)/python benchmarks/run.py $(ARGS)

soak:
	@sh scripts/bootstrap.sh --with-browser
	@$(BIN)/pytest -m soak --timeout=0 $(ARGS)

clean:
	@if [ -d var/run ]; then sh scripts/bootstrap.sh && $(BIN)/python -m forecourt.supervision.stop --remove var; fi
	rm -rf .venv node_modules var build dist forecourt/pages/static/vendor *.egg-info
	rm -rf .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

lock:
	@command -v uv >/dev/null || { echo "make lock needs uv, a tool of the developer's: see docs.astral.sh/uv." >&2; exit 1; }
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
		--no-annotate --extra edge --extra vin --extra dev pyproject.toml -o requirements.lock
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
		--no-annotate --extra edge --extra vin --extra dev --extra bench -c requirements.lock pyproject.toml \
		-o benchmarks/requirements.lock
