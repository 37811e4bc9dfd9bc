# `make` alone lists what there is.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

# With its Swift library inside, the binary runs on any Linux of this machine's kind, and faster. Debug builds, and with
# them all tests, check at run time that no two accesses to one variable overlap; the release build leaves that out.
RELEASE := -c release --static-swift-stdlib -Xswiftc -enforce-exclusivity=unchecked
SLUICE := .build/release/sluice
# For `sluice --version`: the commit, and a plus where files were changed beside it. Only the release build is told: a debug build is of the tree as it is.
REVISION = $(shell git rev-parse --short=12 HEAD 2>/dev/null || echo unknown)$(shell git diff --quiet HEAD 2>/dev/null || echo +)
SIMULATE := .build/release/sluice-simulate
# Of `make install` and `make deb`.
PREFIX := /usr/local
DESTDIR :=
# The same build, linked smaller: without the names that nobody loads, with its addresses packed (glibc 2.36), and with the part of ICU's data that it uses
# (scripts/small-icu).
ICU := .build/small-icu.o
PACKED = -Xswiftc -use-ld=lld -Xlinker --no-export-dynamic -Xlinker -z -Xlinker pack-relative-relocs -Xlinker $(CURDIR)/$(ICU) -Xlinker --wrap=$$(cat $(ICU).name)
# Of `make chaos`.
SECONDS := 30
SEED := 1
THREADS := 1
LAYERS := plain
# Of `make simulate`.
SEEDS := 100000
FROM := $(shell date +%s)
# Of `make browser`: a folder for screenshots.
PICTURES :=
# Of `make foreign`.
STAGE := shadow
# Of `make chaos` and `make evidence`: redis-6.2, redis-7.0, redis-8.2 or valkey-9.1.
LEGACY := redis-7.0
NEW := redis-7.0
program = $(if $(filter redis-7.0,$(1)),redis-server,.build/servers/$(1))
PROGRAMS = --legacy $(call program,$(LEGACY)) --new $(call program,$(NEW))
SOURCES := Sources Tests Package.swift flags migrations \
	$(wildcard Examples/*/Package.swift Examples/*/Sources Examples/*/Tests)

.PHONY: help
help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: run
run: release ## serve on 127.0.0.1:6400 with two embedded stacks, page on http://127.0.0.1:6402/; no Redis needed
	@# The flags are a copy, because flags/ is compiled into the binary: what an operator does at run time is not an
	@# edit of the source. An edit of flags/ wins at the next start.
	@mkdir -p .run && echo '*' > .run/.gitignore && cp -u flags/sluice.flagd.json .run/
	@exec $(SLUICE) serve --flags .run/sluice.flagd.json --ledger .run/sluice.db --admin

.PHONY: demo
demo: release release-bench ## a whole migration in under a minute: traffic, stages, a planted divergence, a rollback, the report
	@scripts/demo

.PHONY: test
test: ## lint, build and run all tests
	@scripts/install-packages test
	@scripts/install-servers
	@$(MAKE) --no-print-directory lint
	swift build --build-tests
	@# In groups, one behind the other. Those that block a thread while they wait for a socket or a file go one by one: two of them that
	@# wait take both threads of a small machine from the tasks that they wait for.
	swift test --skip-build --no-parallel --skip \
	  'ProxyTests|EffectsTests|LayeredServerTests|SluiceCache|SluiceRoutedCache|AcceptanceTests|SluiceCLITests|MemoryEngineTests|FuzzTests'
	swift test --skip-build --filter 'FuzzTests'
	swift test --skip-build --filter 'SluiceCLITests|MemoryEngineTests'
	swift test --skip-build --no-parallel --filter 'ProxyTests|EffectsTests'
	swift test --skip-build --filter 'LayeredServerTests'
	swift test --skip-build --filter 'SluiceCacheTests|SluiceCacheServiceTests'
	swift test --skip-build --filter 'SluiceRoutedCacheTests'
	@# By themselves: they measure how long clients wait, and want the machine's two cores for it.
	swift test --skip-build --filter AcceptanceTests
	@# The core alone, as it is built without any library around it, under ThreadSanitizer.
	SLUICE_TARGETS=core SLUICE_SANITIZE=1 swift test --sanitize=thread --scratch-path .build/core-thread
	@# A client library's own tests, on a Redis and on Sluice before two.
	python3 Tests/Foreign/suites.py .build/debug/sluice --suite redis-py-8-core
	@# Worlds that a seed owns, always the same and some that nobody has seen yet, and each law broken on purpose.
	.build/debug/sluice-simulate --seeds 60 --operations 600
	.build/debug/sluice-simulate --seeds 20 --operations 600 --from $$(od -An -N4 -tu4 /dev/urandom)
	Tests/Simulation/breaks .build/debug/sluice-simulate
	@# Three cache libraries, moved from one Redis to another while they work.
	python3 Tests/Foreign/applications.py .build/debug/sluice --core
	@# What is installed beside the binary, and what it tells systemd.
	python3 Tests/Package/artifacts.py .build/debug/sluice
	@# The commands of two pages, as they stand there.
	python3 Tests/Foreign/pages.py .build/debug/sluice
	@# Two services and their caches through a whole cutover, beside the same ones on a Redis alone.
	python3 Examples/fastapi-service/walk.py .build/debug/sluice --only after --only django --seconds 0.5
	@# The page in a real Chromium; `make browser` has the rest of it.
	@scripts/install-packages browser
	@scripts/browser-tools
	.build/browser/bin/python Tests/Browser/cases.py .build/debug/sluice --core
	@# Two minutes of flips and faults, and what the checkers say when a law is broken on purpose.
	python3 Tests/Chaos/short.py .build/debug/sluice .build/debug/sluice-bench

.PHONY: browser
browser: ## the page in a real Chromium, before a proxy under load: make browser PICTURES=docs/pictures
	@scripts/install-packages browser
	@scripts/browser-tools
	@$(MAKE) --no-print-directory release
	.build/browser/bin/python Tests/Browser/cases.py $(SLUICE) $(if $(PICTURES),--pictures $(PICTURES))

.PHONY: examples
examples: ## build and test the examples, each a package of its own; the Hummingbird service through a whole cutover
	@scripts/install-packages run
	swift test --package-path Examples/hummingbird-sessions
	@$(MAKE) --no-print-directory release
	python3 Examples/fastapi-service/walk.py $(SLUICE) --only hummingbird

.PHONY: foreign
foreign: ## the test suites of Redis clients, on a Redis and on Sluice before two: make foreign STAGE=live
	@scripts/install-packages test
	@scripts/install-servers
	@$(MAKE) --no-print-directory release
	python3 Tests/Foreign/suites.py $(SLUICE) --stage $(STAGE)

.PHONY: applications
applications: ## cache libraries of Python, PHP, Ruby and Node, moved from one Redis to another under load
	@scripts/install-packages applications
	@scripts/install-servers
	@$(MAKE) --no-print-directory release
	python3 Tests/Foreign/applications.py $(SLUICE)

.PHONY: fastapi
fastapi: ## a FastAPI service and Django's cache through a whole cutover, hit rate, errors and latencies at each step
	@scripts/install-packages applications
	@$(MAKE) --no-print-directory release
	python3 Examples/fastapi-service/walk.py $(SLUICE) --tests

.PHONY: fuzz
fuzz: ## twenty times the fuzzing of `make test`, with a new seed
	SLUICE_FUZZ_STREAMS=20000000 SLUICE_FUZZ_SOCKETS=500000 SLUICE_FUZZ_NUMBERS=20 \
	  swift test --filter 'FuzzTests|FuzzedClientTests|FuzzedStackTests'

.PHONY: bench
bench: ## measure Sluice beside direct Redis, HAProxy and twemproxy
	@scripts/install-packages bench
	@$(MAKE) --no-print-directory release release-bench
	.build/release/sluice-bench compare
	.build/release/sluice-bench layers

.PHONY: simulate
simulate: release-simulator ## the proxy's machines in worlds that a seed owns, and checkers that look for a lie: make simulate SEEDS=100000 FROM=1
	$(SIMULATE) --seeds $(SEEDS) --from $(FROM)

.PHONY: chaos
chaos: ## random flips and faults on real servers, and checkers that look for a lie: make chaos SECONDS=600 SEED=7 THREADS=2 LAYERS=web_app LEGACY=redis-6.2 NEW=valkey-9.1
	@scripts/install-packages test
	@scripts/install-servers
	@$(MAKE) --no-print-directory release
	python3 Tests/Chaos --sluice $(SLUICE) --seconds $(SECONDS) --seed $(SEED) --threads $(THREADS) --layers $(LAYERS) \
	  --legacy $(LEGACY) --new $(NEW)

.PHONY: chaos-matrix
chaos-matrix: ## the same for every ordered pair of Redis 6.2, 7.0, 8.2 and Valkey 9.1, SECONDS each
	@scripts/install-packages test
	@scripts/install-servers
	@$(MAKE) --no-print-directory release
	python3 Tests/Chaos/matrix.py $(SLUICE) --seconds $(SECONDS) --seed $(SEED) --threads $(THREADS)

.PHONY: matrix
matrix: ## a whole migration and its ways back, for every ordered pair of Redis 6.2, 7.0, 8.2 and Valkey 9.1
	@scripts/install-packages test
	@scripts/install-servers
	SLUICE_MATRIX=1 swift test --filter ServerPairTests

.PHONY: evidence
evidence: ## two million comparisons, with flips: no false alarm, no key that differs: make evidence LEGACY=redis-7.0 NEW=redis-8.2
	@scripts/install-packages test
	@scripts/install-servers
	@$(MAKE) --no-print-directory release release-bench
	.build/release/sluice-bench evidence --threads $(THREADS) $(PROGRAMS)

.PHONY: copies
copies: ## how many writes in 10,000 make a copy: make copies LEGACY=redis-7.0 NEW=redis-8.2
	@scripts/install-packages test
	@scripts/install-servers
	@$(MAKE) --no-print-directory release release-bench
	.build/release/sluice-bench copies $(PROGRAMS)

.PHONY: documentation
documentation: ## the library products' documentation (DocC), in .build/documentation
	@scripts/install-packages run
	swift build
	@scripts/documentation

.PHONY: release
release: # the proxy, optimised
	@scripts/install-packages run
	SLUICE_REVISION=$(REVISION) swift build $(RELEASE) --product sluice

.PHONY: packed
packed: # the same, small: what is installed
	@scripts/install-packages run
	@mkdir -p .build
	@scripts/small-icu "$$(dirname "$$(dirname "$$(realpath "$$(command -v swift)")")")/lib/swift_static/linux/lib_FoundationICU.a" $(ICU)
	SLUICE_REVISION=$(REVISION) swift build $(RELEASE) $(PACKED) --product sluice

.PHONY: install
install: packed ## binary, manual pages, completions, unit and configuration: make install PREFIX=/usr/local DESTDIR=
	@scripts/install-files $(SLUICE) "$(DESTDIR)" "$(PREFIX)"
	@echo "installed in $(DESTDIR)$(PREFIX)"

.PHONY: deb
deb: packed ## a Debian package, in .build/deb
	@scripts/make-deb $(SLUICE)

.PHONY: package
package: packed ## the Debian package on a fresh Debian: installed, started, updated, rolled out, rolled back, removed
	@scripts/install-packages package
	Tests/Package/debian.py $(SLUICE)

.PHONY: release-bench
release-bench: # the load generator, optimised
	@scripts/install-packages run
	swift build $(RELEASE) --product sluice-bench

.PHONY: release-simulator
release-simulator: # the simulator, optimised
	@scripts/install-packages run
	swift build $(RELEASE) --product sluice-simulate

SANITIZED := CoreTests|ProxyTests|JournalTests|SluiceRoutedCacheTests|LedgerTests|FlagsTests|FuzzTests
.PHONY: sanitize
sanitize: ## tests, fuzzers and a minute of chaos under ThreadSanitizer and AddressSanitizer; half an hour each
	@scripts/install-packages test
	@scripts/install-servers
	@for kind in thread address; do \
	  export SLUICE_SANITIZE=1 TSAN_OPTIONS=halt_on_error=1 ASAN_OPTIONS=detect_leaks=0; \
	  folder=.build/$$kind; \
	  swift build --build-tests --sanitize=$$kind --scratch-path $$folder && \
	  swift test --skip-build --no-parallel --sanitize=$$kind --scratch-path $$folder --filter '$(SANITIZED)' && \
	  python3 Tests/Chaos --sluice $$folder/debug/sluice --seconds 60 --threads 2 || exit 1; \
	done

.PHONY: allocations
allocations: release ## what the proxy asks of the allocator and of the kernel per 1,000 commands
	@scripts/allocations $(SLUICE)

.PHONY: lint
lint: ## check the format
	swift format lint --strict --recursive $(SOURCES)

.PHONY: format
format: ## format everything in place
	swift format --in-place --recursive $(SOURCES)

.PHONY: clean
clean: ## remove what was built, and the flags and ledger of `make run`
	rm -rf .build .run Examples/*/.build
