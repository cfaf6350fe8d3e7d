# A fresh machine needs Go >= 1.26, Node >= 20, make and git; every target does the rest of its set-up itself.
# `make` alone lists the targets.

ADDR     ?= localhost:8080
FUZZTIME ?= 10s
SEEDS    ?= 10000
SOAK     ?= 2m
KILLS    ?= 100
BENCH    ?=

SHELL       := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.NOTPARALLEL:
.DELETE_ON_ERROR:

MODULE    := webapp/sdk/build/nigh.wasm
PAGE      := webapp/dist/index.html
INSTALLED := webapp/node_modules/.installed
TOOLS     := .cache/bin

# What goes into the module and what goes into the page.
GO_IN_MODULE := go.mod go.sum $(shell find core wasm -name '*.go' ! -name '*_test.go' 2>/dev/null)
IN_PAGE      := $(shell find webapp/sdk/src webapp/elements/src webapp/demo webapp/scripts -type f ! -path '*/catalog/*' ! -path '*/test/*' 2>/dev/null)

# Packages that run in the browser too.
IN_BROWSER := ./core/... ./wasm/...

.PHONY: help
help:
	@echo 'make TARGET, with TARGET one of:'
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: run build module page test test-go test-wasm test-web e2e screenshot golden bench bench-browser fuzz sim kills soak lint size clean tools

run: build ## Build everything and serve the demo at ADDR (localhost:8080), its data in ./data
	@bin/nigh serve --demo --addr '$(ADDR)' --data ./data

build: page ## Build bin/nigh, with module and page inside
	@go build -trimpath -o bin/nigh ./server/cmd/nigh
	@echo 'built bin/nigh'

module: $(MODULE) ## Build the WebAssembly module
page: $(PAGE) ## Build the page, the SDK and the documentation page

test: test-go test-wasm test-web e2e ## Run every test

test-go: lint ## Go: vet (native and js/wasm), staticcheck, tests with the race detector
	go test -race ./...

test-wasm: $(TOOLS)/wasmtest ## The Go tests of what runs in a browser, in a headless Chromium
	GOOS=js GOARCH=wasm go test -timeout 3m -exec='$(CURDIR)/$(TOOLS)/wasmtest' \
	  $$(GOOS=js GOARCH=wasm go list -f '{{if or .TestGoFiles .XTestGoFiles}}{{.ImportPath}}{{end}}' $(IN_BROWSER))

test-web: $(INSTALLED) webapp/bench/node_modules/.installed $(MODULE) ## TypeScript: types and unit tests
	cd webapp && npm run --silent check && npm test --silent
	cd webapp/bench && npm run --silent check

e2e: build ## The whole path in a headless Chromium, against bin/nigh
	browser=$$(.ci/chromium) && cd webapp && CHROME_BIN="$$browser" npm run --silent e2e

screenshot: build ## Take the README's picture anew (webapp/demo/screenshot.png)
	browser=$$(.ci/chromium) && cd webapp && CHROME_BIN="$$browser" NIGH_SCREENSHOT="$(CURDIR)/webapp/demo/screenshot.png" \
	  npm run --silent e2e -- screenshots.spec.ts

golden: ## Rewrite the golden files; the commit says why each change is better
	go test $$(grep -rl --include='*_test.go' --exclude-dir=node_modules 'flag.Bool("update"' core server wasm webapp | xargs -n1 dirname | sort -u | sed 's,^,./,') -run Golden -update

bench: ## Benchmarks of the core, and beside bleve (a module of its own, fetched for it)
	go test -run '^$$' -bench . -benchmem ./core/...
	cd server/bench/beside && go test -run '^$$' -bench . -benchtime 300x

bench-browser: build webapp/bench/node_modules/.installed ## Lists and pages in a headless Chromium, beside search engines; BENCH='--help'
	browser=$$(.ci/chromium) && cd webapp/bench && CHROME_BIN="$$browser" node run.mjs $(BENCH)

fuzz: ## Each fuzz target for FUZZTIME (10s)
	@grep -rHo --include='*_test.go' --exclude-dir=node_modules '^func Fuzz[A-Za-z0-9_]*' core server wasm webapp \
	  | sed -E 's,^(.*)/[^/]*:func (.*)$$,\1 \2,' | sort -u | while read -r dir target; do \
	    echo "fuzz $$target in $$dir"; go test "./$$dir" -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 10x; done

sim: ## The simulation of the channel, SEEDS (10000) times; a failing seed is printed, shrunk and kept
	go test ./server/catalog -run TestSimulation_KeepsTheLaws -seeds $(SEEDS) -timeout 30m -v

kills: ## The server process killed under load, KILLS (100) times; nothing acknowledged is lost, the seed is printed
	go test ./server/cmd/nigh -run TestServe_LosesNothingAcknowledgedWhenItIsKilled -kills $(KILLS) -timeout 30m -v

soak: ## Readers who come and go for SOAK (2m; 1h is the long one): heap and goroutines stay flat
	go run ./server/cmd/nigh bench soak --for $(SOAK)

lint: ## gofmt, vet (native and js/wasm), staticcheck
	@unformatted=$$(gofmt -l core server wasm webapp/*.go); \
	  if [ -n "$$unformatted" ]; then echo "not formatted, run gofmt -w on: $$unformatted"; exit 1; fi
	go vet ./...
	GOOS=js GOARCH=wasm go vet $(IN_BROWSER)
	go tool staticcheck ./...

size: page ## Sizes of module, SDK and page: raw, gzip, brotli
	@cd webapp && npm run --silent size

clean: ## Remove what was built; ./data stays
	rm -rf bin .cache webapp/sdk/build webapp/elements/build webapp/node_modules webapp/bench/build webapp/bench/node_modules webapp/e2e/results webapp/e2e/screenshots
	find webapp/dist -mindepth 1 ! -name .gitkeep -delete

$(MODULE): $(GO_IN_MODULE)
	@mkdir -p $(@D)
	@cp "$$(go env GOROOT)/lib/wasm/wasm_exec.js" $(@D)/
	GOOS=js GOARCH=wasm go build -trimpath -ldflags='-s -w' -o $@ ./wasm
	go run ./wasm/slim $@

$(INSTALLED): webapp/package.json webapp/sdk/package.json webapp/elements/package.json webapp/demo/package.json webapp/package-lock.json webapp/.npmrc
	cd webapp && npm ci
	@touch $@

# The yardsticks of bench-browser, which nothing else needs.
webapp/bench/node_modules/.installed: webapp/bench/package.json webapp/bench/package-lock.json webapp/bench/.npmrc
	cd webapp/bench && npm ci
	@touch $@

$(PAGE): $(MODULE) $(INSTALLED) $(IN_PAGE)
	@cd webapp && npm run --silent build

$(TOOLS)/wasmbrowsertest: go.mod go.sum
	@mkdir -p $(@D)
	go build -o $@ github.com/agnivade/wasmbrowsertest

# wasmbrowsertest looks for a browser of a known name on PATH, and hands the whole environment to Go's start-up in the
# browser, which takes 8 kB: so it gets a PATH with the found browser in front, and little else.
$(TOOLS)/wasmtest: $(TOOLS)/wasmbrowsertest .ci/chromium Makefile
	@browser=$$(.ci/chromium); mkdir -p $(TOOLS)/browser; \
	  printf '#!/bin/sh\nexec "%s" "$$@"\n' "$$browser" > $(TOOLS)/browser/headless-shell; \
	  printf '#!/bin/sh\nexec env -i PATH="%s:$$PATH" HOME="$$HOME" TMPDIR="$${TMPDIR:-/tmp}" "%s" "$$@"\n' \
	    '$(CURDIR)/$(TOOLS)/browser' '$(CURDIR)/$(TOOLS)/wasmbrowsertest' > $@; \
	  chmod +x $(TOOLS)/browser/headless-shell $@
