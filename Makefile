# The two commands: `make demo` and `make test`. Each does all of its own set-up.
.PHONY: demo test lint bench build setup-demo setup-test web plugins clean

build:
	cargo build --release

demo: setup-demo build
	scripts/demo

test: setup-test
	scripts/test

lint: setup-test
	scripts/lint

# Needs a quiet machine; prints ratios against baselines of the same run.
bench: setup-test build
	scripts/bench

# Rebuilds the committed page and the committed plugin components from their sources.
web:
	cd web && npm ci && npm run build

plugins:
	scripts/build-plugins

setup-demo:
	scripts/setup demo

setup-test:
	scripts/setup test

clean:
	cargo clean
	rm -rf demo/out web/node_modules tests/browser/node_modules
