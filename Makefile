# Renown's few verbs. `make demo` runs the product, `make test` tests it; both set up what they need, once.
SHELL := /bin/bash
export PATH := $(CURDIR)/.venv/bin:$(PATH)

INSTALLED := .venv/.installed
MODULES := web/node_modules/.installed
CLIENTS := tests/conformance/node_modules/.installed
BUILT := src/renown/static/.built
WEB_SOURCES := $(shell find web -type f -not -path '*/node_modules/*' -not -path '*/dist/*' 2>/dev/null)

.PHONY: help setup demo test check format proto bench bench-scoring lock wheel browser clean

help:
	@echo "make demo    set up, then run the server with a simulated marketplace"
	@echo "make test    set up, then run every test"
	@echo "make check   ruff, pyright strict, TypeScript strict"
	@echo "make bench   the speed benches, each beside a reference of the same run"
	@echo "make wheel   build the wheel with the web files in it into dist/"
	@echo "make setup   virtual environment, locked dependencies, web build"
	@echo "make proto   write the Protobuf classes from their .proto files"
	@echo "make lock    resolve the dependencies anew"

setup: $(INSTALLED) $(BUILT)

$(INSTALLED): requirements/installer.lock requirements/dev.lock pyproject.toml scripts/setup.sh
	@scripts/setup.sh
	@touch $@

$(MODULES): web/package-lock.json $(INSTALLED)
	@echo "setup: installing the web packages"
	@cd web && npm ci --no-audit --no-fund --loglevel=error
	@touch $@

$(BUILT): $(MODULES) $(WEB_SOURCES)
	@echo "setup: building the dashboard and the widget"
	@cd web && npm run build --silent
	@touch $@

demo: setup
	@renown demo

browser:
	@scripts/browser.sh

$(CLIENTS): tests/conformance/package-lock.json $(INSTALLED)
	@echo "test: installing the official JavaScript client"
	@cd tests/conformance && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
	@touch $@

test: setup browser $(CLIENTS)
	@cd web && npm test --silent
	@python -X dev -m pytest -n 3 --dist loadfile

check: setup
	@ruff check .
	@ruff format --check .
	@pyright
	@cd web && npm run check --silent

format: $(INSTALLED)
	@ruff check --fix .
	@ruff format .

proto: $(INSTALLED)
	@python -m grpc_tools.protoc -Isrc --python_out=src --pyi_out=src src/renown/protocol/wire/*.proto

bench: setup
	@python -m bench

bench-scoring: $(INSTALLED)
	@python -m bench.scoring --doc docs/scoring-figures.md

lock: $(INSTALLED)
	@scripts/lock.sh

wheel: $(INSTALLED) $(BUILT)
	@uv build --wheel --out-dir dist

clean:
	@rm -rf .venv web/node_modules src/renown/static dist build
