# Verbs only: what to do stands in CMakeLists.txt, tools/ and tests/.
.DEFAULT_GOAL := help
.PHONY: help setup dev release tsan test unit packet netns scenario torture vm vms vm-program fuzz bench complexity \
        bless-complexity bless-scenario check check-quick fix clean
MAKEFLAGS += --no-print-directory
PYTHON ?= python3 -B
K ?= 6.1
CTEST = ctest --preset dev --output-on-failure

help: ## this list
	@sed -n 's/^\([a-z-]*\):[^#]*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 20

setup: ## install the packages that are missing (root)
	@tools/setup.sh

dev: ## build with AddressSanitizer and UBSan into build/dev
	@cmake --preset dev >/dev/null
	@cmake --build --preset dev

release: ## build what is shipped into build/release
	@cmake --preset release >/dev/null
	@cmake --build --preset release

tsan: ## build with ThreadSanitizer and run the unit tests
	@cmake --preset tsan >/dev/null
	@cmake --build --preset tsan
	@ctest --preset tsan --output-on-failure -L unit

test: ## everything that must hold: ./test.sh
	@./test.sh

unit: dev ## unit tests, beside the code; no root
	@$(CTEST) -L unit

packet: dev ## packets through the loaded programs (root)
	@$(CTEST) -L packet

netns: dev ## real sockets, devices and links in namespaces of their own (root)
	@$(CTEST) -L "node|netns|root"

scenario: dev ## manifests in, plan rows out
	@$(CTEST) -L scenario

torture: dev ## flow table and epochs under attack from two CPUs (root)
	@$(CTEST) -L torture

vm-program:
	@cmake --preset release >/dev/null
	@cmake --build --preset release --target bl_packet_test

vm: vm-program ## the packet tests on Debian's kernel K=6.1 (or 6.12), in QEMU (root)
	@tools/setup.sh tools/packages-vm.txt
	@tools/vm.sh $(K) build/release/tests/packet/bl_packet_test --gtest_brief=1 --gtest_color=no

vms: vm-program ## the same on every other kernel that counts, as ./test.sh does
	@tools/vms.sh build/release/tests/packet/bl_packet_test

fuzz: dev ## every fuzz target for some seconds
	@$(CTEST) -L fuzz

bench: release ## measure; tables on the terminal, rows in bench/results
	@cmake --build --preset release --target bench

complexity: dev ## verifier complexity of each program against the golden file (root)
	@$(CTEST) -L complexity

bless-complexity: dev ## take today's complexity as the golden one (root)
	@BEELINE_BLESS=1 $(CTEST) -L complexity

bless-scenario: dev ## take today's plan rows as the golden ones
	@BLESS=1 $(CTEST) -L scenario

check: check-quick ## include table, BTF, budgets, format, docs, self-contained headers, clang-tidy (minutes when cold)
	@$(PYTHON) tools/check/run.py --slow

check-quick: ## the checks that take seconds
	@cmake --preset dev >/dev/null
	@cmake --build --preset dev --target bl_datapath_skeleton
	@$(PYTHON) tools/check/run.py

fix: ## mend what check can mend: format, generated pages, license lines
	@$(PYTHON) tools/check/run.py --fix

clean: ## remove build/
	@rm -rf build
