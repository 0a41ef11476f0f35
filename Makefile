# What a user and a developer run; `make help` lists it.
#
# SWIFT_FLAGS go to every build, for example SWIFT_FLAGS="-Xswiftc -warnings-as-errors".

SWIFT_FLAGS ?=
BUILD := swift build -c release $(SWIFT_FLAGS)
KIRCHHOFF := .build/release/kirchhoff

# Kernels chosen for another processor would halve the speed: OpenBLAS is to look for itself.
unexport OPENBLAS_CORETYPE OPENBLAS_L2_SIZE

.DEFAULT_GOAL := help
.PHONY: help dependencies build run test bench doctor format lint clean

help: ## What there is
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /\1\t/' | expand -t 16

dependencies: ## Install the system packages that are missing (Debian, Ubuntu)
	@scripts/install-dependencies.sh

build: dependencies ## Build the command .build/release/kirchhoff
	$(BUILD) --product kirchhoff

run: build ## Train a small CNN + ViT supernet on Fashion-MNIST and show its subnets (3 minutes)
	$(KIRCHHOFF) train mini $(ARGS)

# Tests run one after another: some force an instruction set or count allocations, which belong to
# the whole process.
test: dependencies ## Run all tests (TESTS=pattern for some)
	swift test -c release $(SWIFT_FLAGS) --disable-xctest --no-parallel $(if $(TESTS),--filter '$(TESTS)')

bench: build ## Measure the hot paths (ARGS="CASE… --threads N --json")
	$(KIRCHHOFF) bench $(ARGS)

doctor: build ## Say what is missing or slow on this machine
	$(KIRCHHOFF) doctor

format: ## Format all sources
	@scripts/format.sh

lint: ## Check the format of all sources
	@scripts/format.sh --check

clean: ## Remove what was built
	rm -rf .build
