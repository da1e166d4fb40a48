# make demo   builds the server and runs it with an invented cast
# make test   installs what the tests need and runs all of them
# make help   lists the rest

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

LISTEN ?= 127.0.0.1:8700
DATA   ?=
CLIENTS := test/clients

.PHONY: help build demo test tools clients lint go-test race bench differential bench-long bench-parts kills worlds timing size screenshots

help: ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 12

build: ## the binary, bin/pontlevis, and the example plugins beside it
	go build -o bin/pontlevis ./cmd/pontlevis
	CGO_ENABLED=0 go build -trimpath -ldflags='-s -w' -o bin/ ./plugins/apps/rappel-vaccins ./plugins/apps/interactions

demo: build ## everything on one loopback address, with an invented cast
	@bin/pontlevis demo --listen $(LISTEN) $(if $(DATA),--data $(DATA))

test: tools clients lint go-test race ## everything a change must pass

tools: # what the tests need beside Go, from Debian
	@command -v node >/dev/null && command -v npm >/dev/null || { \
		echo "installing node, which drives the foreign FHIR clients"; \
		apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq nodejs npm; }
	@command -v chromium >/dev/null || { \
		echo "installing chromium, in which apps are launched and pages looked at"; \
		apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium; }
	@command -v zbarimg >/dev/null || { \
		echo "installing zbar-tools, which scans the QR codes that are drawn"; \
		apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends zbar-tools; }
	@test -f /usr/include/nghttp2/nghttp2.h && command -v cc >/dev/null || { \
		echo "installing a C compiler and libnghttp2-dev, of which the plugin that is not Go is made"; \
		apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends gcc libc6-dev libnghttp2-dev; }
	@command -v pdftoppm >/dev/null || { \
		echo "installing poppler-utils, which reads the papers that are written"; \
		apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends poppler-utils; }

clients: $(CLIENTS)/node_modules/.installed # FHIR and OAuth clients nobody here wrote

$(CLIENTS)/node_modules/.installed: $(CLIENTS)/package-lock.json
	cd $(CLIENTS) && npm ci --legacy-peer-deps --ignore-scripts --no-audit --no-fund
	@touch $@

lint: ## formatting, vet, and the policies' own check
	@unformatted=$$(gofmt -l $$(git ls-files '*.go')); if [ -n "$$unformatted" ]; then echo "gofmt would change:"; echo "$$unformatted"; exit 1; fi
	go vet ./...

go-test: ## every Go test
	go test -count=1 -timeout 25m ./...
	cd bench/peers && go vet ./... && go test -count=1 ./...

race: ## the packages where requests meet, under the race detector
	go test -count=1 -short -race -timeout 20m ./store ./audit ./space ./catalog ./gate ./oauth ./plugins
	go test -count=1 -race -timeout 10m -run 'Goroutines|Branches' ./policies/plan

bench: ## whole servers side by side: CPU per request and latency, against bare Caddy (a minute; make bench-long for more)
	go run ./bench
	@echo; echo "decisions alone, CPU a resource and a page:"
	@go test -run '^$$' -bench 'Session|Decision|PageOf50' -benchmem ./policies
	@echo; echo "plugins: starts (stock go-plugin and caged), invocations, reads, eight busy ones with and without a hostile neighbour:"
	@go test -run '^$$' -bench 'Start|Invoke|Read|Idle|Busy' ./plugins
	@echo; echo "tokens: checked, given and introspected, CPU each; signatures alone; and floods of wrong credentials:"
	@go test -run '^$$' -bench '^BenchmarkToken' -benchtime 500x ./oauth | grep ^Benchmark
	@go test -run '^$$' -bench '^BenchmarkFlood' -benchtime 1x ./oauth | grep ^Benchmark
	@echo; echo "a smaller set of rules, beside cedar-go and cel-go:"
	@cd bench/peers && go run .

bench-long: ## the same, longer, and with every number of clients
	go run ./bench -long

bench-parts: ## decisions, searches and log entries alone, in CPU time
	go test -run '^$$' -bench . -benchmem ./policies ./record ./audit ./fhir/...

differential: ## the compiled plan beside OPA's evaluator, on ten million random decisions; FROM=world to go on
	PONTLEVIS_DIFFERENTIAL=$(or $(DECISIONS),10000000) PONTLEVIS_DIFFERENTIAL_FROM=$(or $(FROM),0) GOMAXPROCS=1 GOGC=800 go test -count=1 -v -timeout 0 -run 'TestPlanEqualsOPAAtLength$$' ./policies

kills: ## kill -9 while writing, 200 times in a row
	PONTLEVIS_KILLS=200 go test -count=1 -timeout 60m -run Kill ./cmd/pontlevis ./store ./record ./audit

PAIRS ?= 1000000

worlds: ## PAIRS pairs of requests to worlds that differ by one hidden thing, on two processors
	go test -c -o bin/worlds.test ./worlds
	@for w in 1 2; do PONTLEVIS_WORLDS_PAIRS=$$(($(PAIRS)/2)) PONTLEVIS_WORLDS_SEED=$$w PONTLEVIS_WORLDS_STEP=2 \
		bin/worlds.test -test.run '^TestWorlds$$' -test.timeout 0 -test.v > bin/worlds-$$w.log 2>&1 & done; \
	status=0; for job in $$(jobs -p); do wait $$job || status=1; done; tail -n 40 bin/worlds-1.log bin/worlds-2.log; exit $$status

SIZES ?= 1000 10000 100000 1000000
STORES ?= bin/stores

size: build ## stores of a thousand to a million invented patients: 35 GB of disk, an hour
	go build -o bin/size ./test/size
	@mkdir -p $(STORES)
	@for n in $(SIZES); do bin/size -binary bin/pontlevis -folder $(STORES) -patients $$n; done

timing: ## whether the clock tells absent from forbidden, on a machine at rest
	PONTLEVIS_TIMING=$${PONTLEVIS_TIMING:-20000} go test -count=1 -timeout 0 -v -run '^TestTiming$$' ./worlds

SHOTS ?= bin/screenshots

screenshots: build tools clients ## pictures of every page, in both languages, on a phone and on a desk, for a person to look at
	@rm -rf $(SHOTS); mkdir -p $(SHOTS); data=$$(mktemp -d); \
	bin/pontlevis demo --listen 127.0.0.1:0 --data $$data > $$data/out & demo=$$!; trap 'kill $$demo; rm -rf $$data' EXIT; \
	for i in $$(seq 600); do grep -q '^ready ' $$data/out && break; sleep 0.1; done; \
	(cd $(CLIENTS) && PONTLEVIS_DATA=$$data PONTLEVIS_SCREENSHOTS=$(abspath $(SHOTS)) node screenshots.mjs); \
	PONTLEVIS_SCREENSHOTS=$(abspath $(SHOTS)) go test -count=1 -run 'TestJourneysInChromium|TestEveryPageUnderAxe' ./cmd/pontlevis ./web; \
	echo "$$(ls $(abspath $(SHOTS)) | wc -l) pictures in $(SHOTS)"
