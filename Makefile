# Single-word verbs; the work is in scripts/, each of which can also be run by itself.
.DEFAULT_GOAL := help
.PHONY: help setup demo test test-hsm faults check interop fuzz fuzz-smoke load secrets build bench clean mutations

help: ## what each verb does
	@awk -F':.*## ' '/^[a-z-]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## install whatever any other verb but interop needs
	@scripts/setup all

demo: ## a whole transfer on practice ground, then the page; DEMO="--once" stops after the transfer
	@scripts/setup demo
	@scripts/build
	@target/release/keyferry demo $(DEMO)

test: ## every test: Rust, WebAssembly and page, the latter two in Chromium and Firefox
	@scripts/setup test
	@scripts/test

test-hsm: ## the transfers on a token of your own; MODULE=/path/to/library TOKEN=LABEL, docs/hsms.md says the rest
	@scripts/test-hsm

faults: ## crashes, hangs, errors and kills at their full counts, and a table of what came of them
	@scripts/setup test
	@scripts/faults

check: ## formatting, lints, layering, licences, types, the build for Windows
	@scripts/setup check
	@scripts/check

interop: ## the real az, and Azure's Python SDK, import our files into the practice vault; a large install
	@scripts/setup test
	@scripts/setup interop
	@scripts/interop

mutations: ## each defence of the gate is switched off on a copy, and its test has to fail; long
	@scripts/setup demo
	@scripts/mutations $(ONLY)

fuzz: ## every fuzz target, or TARGET=NAME, by a nightly compiler; docs/fuzzing.md says what was found
	@scripts/setup fuzz
	@scripts/fuzz $(TARGET) $(SECONDS)

fuzz-smoke: ## every fuzz target for a moment, 60 s in all; says so where there is no nightly compiler
	@scripts/fuzz-smoke

load: ## 64 clients, good and bad ones, for a minute against the release binary; as root, which may look into it
	@scripts/setup demo
	@scripts/load

secrets: ## PINs and disposable keys are looked for in the release binary's memory, log, files and traffic; as root
	@scripts/setup test
	@scripts/secrets

build: ## the page and the release binary, target/release/keyferry
	@scripts/setup demo
	@scripts/build

bench: ## every promised number, with how it was measured; BENCH="batch list" takes parts alone
	@scripts/setup test
	@scripts/build
	@scripts/bench $(BENCH)

clean: ## remove everything that was built
	@rm -rf target web/dist web/src/pkg web/node_modules tests/browser/node_modules
