# The one door. `make demo` gives a working store, `make test` proves it.
SHELL := /bin/bash
.DEFAULT_GOAL := help

CATALOG ?= packaging/demo/catalog.csv
UI_SOURCES := $(shell find pos-ui -type f -not -path '*/node_modules/*' -not -path '*/dist/*' -not -name '.stamp-*' 2>/dev/null)

.PHONY: help ui demo demo-reset journey torture crowd deb test test-deep check bench openapi pictures clean

help: ## what can be made
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 22

pos-ui/.stamp-modules: pos-ui/package-lock.json
	@packaging/need node
	@cd pos-ui && npm ci --no-audit --no-fund --loglevel=error
	@touch $@

pos-ui/.stamp-dist: pos-ui/.stamp-modules $(UI_SOURCES)
	@cd pos-ui && npm run --silent build
	@touch $@

ui: pos-ui/.stamp-dist ## the screens

release: pos-ui/.stamp-dist
	@packaging/need rust cc room
	@cargo build --release --locked -p edge-daemon -p mall -p acceptance --bins

demo: release ## a store with a mall and simulated devices; CATALOG=file.csv sells from that
	@packaging/need mosquitto || echo "The demo's store asks for settings instead." >&2
	@exec target/release/demo --catalog "$(CATALOG)"

demo-reset: ## forgets the demo's data
	@if [ -x target/release/demo ]; then target/release/demo --reset; else rm -rf var/demo; fi

journey: release ## sells, cuts the mall off, sells on, compares every fen
	@packaging/need mosquitto || true
	@exec target/release/journey

torture: pos-ui/.stamp-dist ## stores and malls that are killed, cut off and put back for MINUTES=1; SEED=n again
	@packaging/need rust cc room
	@packaging/need postgresql || true
	@packaging/need mosquitto || true
	@cargo build --locked --workspace --bins --features edge-daemon/fault-points,mall/fault-points
	@MINUTES=$(or $(MINUTES),1) exec target/debug/torture

crowd: pos-ui/.stamp-dist ## STORES=1000 at once against one mall and one broker; SEED=n again
	@packaging/need rust cc room
	@packaging/need postgresql || true
	@packaging/need mosquitto || true
	@cargo build --locked --workspace --bins --features edge-daemon/fault-points,mall/fault-points
	@STORES=$(or $(STORES),1000) exec target/debug/crowd

# What a shop gets is built with PROFILE=dist: slower to build, some tenths faster.
PROFILE ?= release
deb: pos-ui/.stamp-dist ## the Debian packages, in target/deb; PROFILE=dist for a shop
	@packaging/need rust cc room dpkg-dev
	@cargo build --profile $(PROFILE) --locked -p edge-daemon -p mall --bins
	@packaging/deb --from target/$(PROFILE) --to target/deb

test: ## everything that proves it; ends with "N passed, M failed"
	@packaging/need rust rust-lints cc room node chromium fonts-noto-cjk iproute2 nftables dnsmasq-base isc-dhcp-client curl
	@# Where it cannot be installed, the tests that need it say NOT TESTED.
	@packaging/need mosquitto || true
	@packaging/need postgresql || true
	@exec packaging/test

test-deep: ## the same at larger amounts, for a night; packaging/test-deep names them
	@packaging/need rust cc room node
	@packaging/need mosquitto || true
	@packaging/need postgresql || true
	@exec packaging/test-deep

check: pos-ui/.stamp-dist ## formatting, lints and types only
	@packaging/need rust rust-lints cc
	@packaging/check

bench: release ## speed as ratios to floors of the same run; ONLY="intake crowd" for parts of it
	@packaging/need postgresql || true
	@packaging/need mosquitto || true
	@exec target/release/bench $(ONLY)

openapi: ## writes both API descriptions, who may call what, and the screens' types anew
	@touch edge-daemon/openapi.json edge-daemon/access.txt
	@cargo run --quiet -p edge-daemon -- openapi > edge-daemon/openapi.json.new && mv edge-daemon/openapi.json.new edge-daemon/openapi.json
	@cargo run --quiet -p edge-daemon -- access > edge-daemon/access.txt.new && mv edge-daemon/access.txt.new edge-daemon/access.txt
	@cd pos-ui && npm run --silent api
	@data="$$(mktemp -d)"; trap 'rm -rf "$$data"' EXIT; \
	cargo run --quiet -p mall -- --data "$$data" openapi > mall/openapi.json.new && mv mall/openapi.json.new mall/openapi.json && \
	cargo run --quiet -p mall -- --data "$$data" access > mall/access.txt.new && mv mall/access.txt.new mall/access.txt

pictures: release ## the screens' pictures in docs/pictures, made by the browser test
	@packaging/need chromium fonts-noto-cjk
	@target/release/stage -- node pos-ui/e2e/run.mjs --shots var/pictures
	@for picture in docs/pictures/*.png; do cp "var/pictures/$$(basename "$$picture")" "$$picture"; done

clean: ## what was built
	@cargo clean && rm -rf pos-ui/dist pos-ui/node_modules pos-ui/.stamp-*
