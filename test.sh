#!/usr/bin/env bash
# All that must hold, from a fresh checkout: packages, build, checks, tests. Needs root (packages, BPF, namespaces).
# Leaves build/ behind and nothing else.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

step=setup
trap '[ $? -eq 0 ] || echo "test.sh: FAILED in $step, after $SECONDS s"' EXIT
begin() { step=$1; printf '\n== %s\n' "$1"; }

if [ "$(id -u)" -ne 0 ]; then
    echo "test.sh: needs root: the tests load programs into the kernel and make network namespaces" >&2
    exit 1
fi
tools/setup.sh

begin build
cmake --preset dev
cmake --build --preset dev

begin check
make check

begin tests
ctest --preset dev --output-on-failure --parallel "$(nproc)"

begin "other kernels"
make vms

echo
echo "test.sh: everything passed, after $SECONDS s"
