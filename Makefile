# Likeness: two commands, `make run` and `make test` (`make quick` while working), on a machine that has Python 3.11,
# 3.12 or 3.13, a C++ compiler and make.

# The Python to make the virtual environment with; empty: config/find_python.sh chooses.
PYTHON ?=
VENV ?= .venv
BIN := $(VENV)/bin
# How many processes run the tests: a number, or `auto` for one per core.
JOBS ?= auto

# Given on the command line (`make run PORT=9000`), they reach the program as environment variables.
export PORT DATA_DIR IMAGES DEEP_WEIGHTS DEEP_BACKBONE DATABASE_URL REDIS_URL LIKENESS_DATA

.PHONY: run test quick test-tests quick-tests lint measurements measurements-large install install-dev lock clean
.DEFAULT_GOAL := run

run: $(VENV)/.runtime
	@exec $(BIN)/python manage.py run $(if $(IMAGES),--images "$(IMAGES)")

# Compiled modules are kept even where Python is told not to: to rewrite all assertions takes each process ten seconds.
test quick: export PYTHONDONTWRITEBYTECODE =

# The checks run beside the tests: mypy keeps one core busy for a minute.
test quick: $(VENV)/.dev
	@$(MAKE) --no-print-directory -j 2 lint $@-tests

test-tests: $(VENV)/.dev
	$(BIN)/python -m pytest -n $(JOBS)

# All but what takes long: the browser, and tests of whole processes or many images.
quick-tests: $(VENV)/.dev
	$(BIN)/python -m pytest -n $(JOBS) -m "not browser and not slow"
	@echo "Left out: the tests marked browser or slow. \`make test\` runs all."

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/djlint templates --check --lint

install: $(VENV)/.runtime
install-dev: $(VENV)/.dev

$(BIN)/python:
	@python="$$(sh config/find_python.sh "$(PYTHON)")" && echo "Making $(VENV) with $$python." && "$$python" -m venv $(VENV)

# annoy comes as source only: where it cannot be compiled the install goes on, and OpenCV's ANN index serves instead.
$(VENV)/.runtime: requirements.txt | $(BIN)/python
	@echo "Installing the libraries into $(VENV): about 1 GB to fetch, some minutes, once."
	@grep -v '^annoy==' requirements.txt > $(VENV)/requirements-wheels.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r $(VENV)/requirements-wheels.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check "$$(grep '^annoy==' requirements.txt)" \
		|| echo "annoy could not be compiled (a C++ compiler and the Python headers are needed); search uses OpenCV's ANN index instead."
	@touch $@

$(VENV)/.dev: requirements-dev.txt $(VENV)/.runtime
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@

# The measurements that take minutes, on photographs of your own in one folder per label; then the page of all of them.
measurements: $(VENV)/.dev
	@test -n "$(IMAGES)" || { echo "Say which photographs to measure on: make $@ IMAGES=FOLDER (one folder per label)" >&2; exit 1; }
	$(BIN)/python benchmarks/claims.py --images "$(IMAGES)" --out docs/measurements/claims-packaged.json
	$(BIN)/python benchmarks/claims.py --images "$(IMAGES)" --backbone compact --out docs/measurements/claims-built-in.json
	$(BIN)/python benchmarks/networks.py --images "$(IMAGES)" --out docs/measurements/networks.json
	$(BIN)/python benchmarks/calibration.py --images "$(IMAGES)" --out docs/measurements/calibration.json
	$(BIN)/python benchmarks/methods.py --images "$(IMAGES)" --out docs/measurements/methods.json
	$(BIN)/python benchmarks/reduction.py --images "$(IMAGES)" --out docs/measurements/reduction.json
	$(BIN)/python benchmarks/search.py --out docs/measurements/search.json
	$(BIN)/python benchmarks/report.py

# Those that take hours of processor time, gigabytes of disk, or both.
measurements-large: $(VENV)/.dev
	@test -n "$(IMAGES)" || { echo "Say which photographs to measure on: make $@ IMAGES=FOLDER (one folder per label)" >&2; exit 1; }
	$(BIN)/python benchmarks/search.py --rows 1000000 --out docs/measurements/ann-large.json
	$(BIN)/python benchmarks/hashes.py --rows 1e6 1e7 1e8 --out docs/measurements/hashes.json
	$(BIN)/python benchmarks/ann.py --images "$(IMAGES)" --out docs/measurements/ann.json
	$(BIN)/python benchmarks/report.py

# Rewrites both lock files from pyproject.toml; needs `uv` on the PATH.
lock:
	uv pip compile pyproject.toml --universal --python-version 3.11 --no-header --no-annotate -o requirements.txt
	uv pip compile --group pyproject.toml:dev --universal --python-version 3.11 --no-header --no-annotate -c requirements.txt -o requirements-dev.txt

clean:
	rm -rf $(VENV) var .pytest_cache .mypy_cache .ruff_cache
