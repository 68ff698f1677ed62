# The targets people type; CMake does the work. `make help` lists them.
BUILD ?= build
S ?= 60
JOBS ?= 2

all: ## builds the gateway
	@cmake -S . -B $(BUILD) -G Ninja >/dev/null && ninja -C $(BUILD)

check: all ## unit and conformance tests
	@ctest --test-dir $(BUILD) --output-on-failure -j$(JOBS)

test: ## everything: script/test
	@script/test

sanitize: ## the unit tests with address and undefined-behaviour sanitizers, no recovery
	@script/test sanitize

fuzz: ## one fuzz target for S seconds: make fuzz T=smpp_pdu S=60
	@cmake -S . -B build-fuzz -G Ninja -DCMAKE_C_COMPILER=clang -DPH_FUZZ=ON -DPH_TESTS=OFF -DPH_SANITIZE=address,undefined >/dev/null
	@ninja -C build-fuzz fuzz_$(T)
	@mkdir -p out/fuzz/fuzz_$(T)
	@build-fuzz/fuzz/fuzz_$(T) -max_total_time=$(S) -artifact_prefix=out/fuzz/fuzz_$(T)- out/fuzz/fuzz_$(T) $(wildcard tests/fuzz/corpus/$(T))

format: ## formats the C sources
	@git ls-files '*.c' '*.h' | xargs clang-format -i

analyze: ## clang-tidy and gcc -fanalyzer; warnings are errors
	@tools/analyze $(JOBS)

longest: ## the ten longest functions
	@tools/longest-functions

hooks: ## installs the git hooks of tools/hooks
	@git config core.hooksPath tools/hooks

help: ## this list
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 12

.PHONY: all check test sanitize fuzz format analyze longest hooks help
