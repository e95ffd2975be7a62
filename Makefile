# Every act of the day. `make help` lists them.
.DEFAULT_GOAL := help
SHELL := /bin/bash

# Outside the checkout, so that a fresh clone builds on what was built before.
export CARGO_TARGET_DIR ?= $(HOME)/.cache/khue/target
PREFIX ?= /usr/local
DEMO_DIR ?= $(HOME)/.cache/khue/demo
KHUE := $(CARGO_TARGET_DIR)/release/khue

WEB_SOURCES := $(shell find web -type f -not -path '*/node_modules/*' -not -path 'web/dist/*' 2>/dev/null)

.PHONY: help demo dev build install test check fmt e2e bench bench-core soak fuzz shots openapi need-build need-test

help: ## list the acts
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

demo: build ## a small city on this machine: 12 simulated cameras, recorded, at http://localhost
	@exec $(KHUE) demo --data $(DEMO_DIR)

build: need-build web/dist/index.html ## the release binary, client inside
	@echo "Building khue (the first time takes some minutes)"
	@cargo build --release --locked -p khue -p decode-worker

install: build ## khue, and khue-decode beside it, into PREFIX/bin (/usr/local)
	@$(if $(shell [ -w $(PREFIX)/bin ] && echo may),,sudo) install -m 755 $(KHUE) $(KHUE)-decode $(PREFIX)/bin/
	@echo "Installed $(PREFIX)/bin/khue and khue-decode"

dev: need-build web/node_modules/.installed ## the demo with a client that reloads as you edit
	@cargo build --locked --workspace --bin khue --bin khue-decode
	@scripts/dev $(CARGO_TARGET_DIR)/debug/khue $(DEMO_DIR)

test: need-test web/dist/index.html e2e/provider/node_modules/.installed ## everything that must hold, within 40 minutes cold on 2 cores
	@scripts/test

check: need-build web/node_modules/.installed ## formatting, lints, types; no tests
	@cargo fmt --all --check
	@cargo clippy --workspace --all-targets --locked -- -D warnings
	@npm --prefix web run --silent lint
	@if command -v cargo-deny >/dev/null; then cargo deny check; else echo "cargo-deny is not installed (cargo install cargo-deny): advisories not checked"; fi

fmt: ## format the Rust code
	@cargo fmt --all

e2e: need-test web/dist/index.html e2e/provider/node_modules/.installed ## the whole program in a real browser and against real servers
	@cargo test --locked --workspace --test backup --test cli --test commands --test database --test demo --test certificate --test browser --test whep --test watching --test sign_in --test ways_out --test sound --test worker --test sandbox --test clean_stop --test onboarding --test crash

bench: need-test ## figures beside the peers, written to docs/ref/benchmarks.md; BENCH_MOONFIRE, BENCH_ZLMEDIAKIT, BENCH_MEDIAMTX and BENCH_GO2RTC name programs of more of them
	@cargo build --release --locked -p bench -p khue -p decode-worker
	@cargo build --release --locked -p decode-worker --example job_cost
	@KHUE_LOG=warn $(CARGO_TARGET_DIR)/release/bench

bench-core: need-build ## instructions of the core loops, against their limits
	@scripts/need core
	@cargo build --release --locked -p bench
	@$(CARGO_TARGET_DIR)/release/bench core-check

soak: need-test ## the long proofs: two hours of all ways to watch (300 streets in the second), 200 kills, 3000 power cuts
	@cargo build --release --locked -p khue -p decode-worker
	@KHUE_SOAK=1 KHUE_LOG=warn cargo test --release --locked --workspace --test soak -- --nocapture
	@KHUE_SOAK=1 KHUE_SOAK_STREETS=300 KHUE_LOG=warn cargo test --release --locked --workspace --test soak -- --nocapture
	@KHUE_SOAK=1 cargo test --release --locked --workspace --test crash -- --nocapture
	@KHUE_SEEDS=1000 cargo test --release --locked --workspace --test power_cut -- --nocapture

fuzz: need-test web/dist/index.html ## every parser for a minute (FUZZ_SECONDS=60), the API for half an hour
	@scripts/fuzz
	@SCHEMA_SECONDS=1800 SCHEMA_SEED=$$(date +%s) cargo test --workspace --locked --test schema -- --nocapture

shots: need-test web/dist/index.html ## pictures of every screen, into shots/
	@scripts/shots

openapi: ## write the OpenAPI text and the client's types anew
	@UPDATE=1 cargo test --workspace --locked --test it the_openapi_description
	@npm --prefix web run --silent schema

need-build:
	@scripts/need build
	@scripts/here $(CARGO_TARGET_DIR)

need-test:
	@scripts/need test
	@scripts/here $(CARGO_TARGET_DIR)

web/node_modules/.installed: web/package-lock.json
	@echo "Installing the client's packages"
	@cd web && npm ci --no-audit --no-fund --loglevel=error
	@touch $@

e2e/provider/node_modules/.installed: e2e/provider/package-lock.json
	@echo "Installing the provider that single sign-on is tested with"
	@cd e2e/provider && npm ci --no-audit --no-fund --loglevel=error
	@touch $@

web/dist/index.html: web/node_modules/.installed $(WEB_SOURCES)
	@echo "Building the client"
	@cd web && npm run --silent build
	@touch $@
