# What a newcomer needs is `make demo` and `make test`; `make help` lists everything.
.PHONY: help demo build ui test lint bench pictures clean

TARGET := $(or $(CARGO_TARGET_DIR),target)

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: build ## build everything, start the server with a simulated fleet and a month of history
	$(TARGET)/release/hydrophone demo

build: ui ## the release binary, pages included
	.ci/need cargo cc
	HYDROPHONE_REVISION=$$(git rev-parse --short=12 HEAD 2>/dev/null || echo unknown) cargo build --release --locked

ui: ## the pages, into web/dist
	.ci/need node
	cd web && npm ci --no-audit --no-fund --loglevel=error && npm run --silent build
	# The binary embeds the pages: a changed set of files is a changed source.
	touch src/api/ui.rs

test: ## everything that tests here, with a summary
	.ci/test

lint: ## format, lints and documentation, as in CI
	.ci/lint

bench: ## how fast it is, alone and searching beside others (see docs/development.md)
	cargo bench --locked
	cargo build --locked --release
	python3 -m venv $(TARGET)/peers-python
	$(TARGET)/peers-python/bin/pip install --quiet duckdb chdb
	$(TARGET)/peers-python/bin/python benches/peers/search.py --binary $(TARGET)/release/hydrophone --work $(TARGET)/peers-search

pictures: build ## the pictures of the README, taken of the demo fleet
	.ci/need chromium
	HYDROPHONE=$$(realpath $(TARGET)/release/hydrophone) node web/e2e/pictures.mjs docs/images

clean: ## remove what was built
	cargo clean
	rm -rf web/dist web/node_modules
