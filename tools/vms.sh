#!/usr/bin/env bash
# The packet tests on every other kernel that counts, side by side. A kernel or a QEMU that cannot be had here (no
# network, say) is told and is no failure; a test that fails is.
#
#   tools/vms.sh build/release/tests/packet/bl_packet_test
set -uo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
program=$1
kernels=(6.1 6.12)
# Both families once where the kernel has what ours has, everything on the one that lacks most. Random packets and
# captures are this machine's business.
declare -A filter=([6.1]='-*Differential*:*Captures*' [6.12]='*/v4:*/v6:WholeSet*:-*Differential*:*Captures*')

if ! "$here/setup.sh" "$here/packages-vm.txt"; then
    echo "vms.sh: NOT TESTED on other kernels: the packages for that are not to be had" >&2
    exit 0
fi
logs=$(mktemp -d)
trap 'rm -rf "$logs"' EXIT
declare -A job
for kernel in "${kernels[@]}"; do
    VM_SECONDS=${VM_SECONDS:-900} "$here/vm.sh" "$kernel" "$program" --gtest_brief=1 --gtest_color=no \
        --gtest_filter="${filter[$kernel]}" >"$logs/$kernel" 2>&1 </dev/null &
    job[$kernel]=$!
done
failed=0
for kernel in "${kernels[@]}"; do
    wait "${job[$kernel]}"
    case $? in
        0) echo "Linux $kernel: $(grep -a 'PASSED' "$logs/$kernel" | tail -n 1)" ;;
        125) echo "vms.sh: NOT TESTED on Linux $kernel:" >&2; tail -n 3 "$logs/$kernel" >&2 ;;
        *) echo "vms.sh: FAILED on Linux $kernel" >&2; tail -n 60 "$logs/$kernel" >&2; failed=1 ;;
    esac
done
exit $failed
