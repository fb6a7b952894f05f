#!/usr/bin/env bash
# Runs a program on another kernel: Debian's, in QEMU (software emulation), in an initramfs with nothing but what it needs.
#
#   tools/vm.sh 6.1 build/release/tests/packet/bl_packet_test --gtest_filter='*v4*'
#
# Exits as the program did; 124: the machine came up, but did not end in time (VM_SECONDS, default 1800) or broke down;
# 125: it never came up.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
[ $# -ge 2 ] || { sed -n '2,7s/^# \{0,1\}//p' "$0" >&2; exit 2; }
version=$1 program=$2
shift 2
arguments=$(printf ' %q' "$@")

# The newest kernel package of this version, unpacked once.
kernel=$here/build/vm/$version
if [ ! -e "$kernel/done" ]; then
    rm -rf "$kernel" && mkdir -p "$kernel"
    pattern="^linux-image-${version//./\\.}\.[0-9]+(-[0-9]+|\+deb12)-cloud-amd64\$"
    newest() { apt-cache search --names-only "$pattern" | cut -d' ' -f1 | sort -V | tail -n 1; }
    package=$(newest)
    [ -n "$package" ] || { apt-get update -q >/dev/null 2>&1 || true; package=$(newest); }
    [ -n "$package" ] || { echo "vm.sh: no package of a kernel $version" >&2; exit 125; }
    (cd "$kernel" && apt-get download -q "$package" >/dev/null 2>&1 && dpkg-deb -x ./*.deb . && rm ./*.deb) ||
        { echo "vm.sh: $package cannot be downloaded" >&2; exit 125; }
    touch "$kernel/done"
fi

root=$(mktemp -d)
trap 'rm -rf "$root" "$root.gz"' EXIT
mkdir -p "$root"/{bin,usr/bin,proc,sys,tmp,run,root,dev}
cp /bin/busybox "$root/bin/"
ln -s busybox "$root/bin/sh"
cp "$program" "$root/bin/program"
cp "$(command -v ip)" "$root/bin/ip"
for binary in "$root/bin/program" "$root/bin/ip"; do
    ldd "$binary" | grep -o '/[^ ]*' | while read -r library; do
        [ -e "$root$library" ] || install -D "$library" "$root$library"
    done
done
find "$kernel/lib/modules" -name veth.ko* -exec cp {} "$root/" \;
xz -dq "$root"/*.xz 2>/dev/null || true
cat >"$root/init" <<EOF
#!/bin/busybox sh
export PATH=/bin:/usr/bin HOME=/root
/bin/busybox --install -s /usr/bin
mount -t proc proc /proc; mount -t sysfs sys /sys; mount -t devtmpfs dev /dev; mount -t tmpfs tmp /tmp
mount -t bpf bpf /sys/fs/bpf; mount -t cgroup2 cgroup /sys/fs/cgroup
for module in /*.ko; do insmod \$module; done
echo "vm: Linux \$(uname -r)"
cd /root; /bin/program$arguments
echo "vm: exit \$?"
poweroff -f
EOF
chmod +x "$root/init"
(cd "$root" && find . | busybox cpio -o -H newc 2>/dev/null | gzip -1 >"$root.gz")

# Debian 12's QEMU loses about one boot of 6.12 in twelve, within the first seconds; one that has come up goes on.
boot() {
    timeout "${VM_SECONDS:-1800}" qemu-system-x86_64 -accel tcg -cpu max,la57=off -m 1024 -smp 1 -nographic -no-reboot \
        -nodefaults -serial stdio -monitor none -kernel "$kernel"/boot/vmlinuz-* -initrd "$root.gz" \
        -append 'console=ttyS0 quiet panic=-1 mitigations=off no_timer_check' </dev/null >"$output" 2>&1 &
    qemu=$!
    for _ in $(seq 60); do
        sleep 1
        if grep -q 'vm: Linux' "$output" || ! kill -0 "$qemu" 2>/dev/null; then break; fi
    done
    grep -q 'vm: Linux' "$output"
}

output=$root.log
qemu=
trap 'kill "$qemu" 2>/dev/null || true; rm -rf "$root" "$root.gz" "$root.log"' EXIT
otherwise=125
for attempt in 1 2 3 4 5; do
    if boot; then otherwise=124; break; fi
    echo "vm.sh: Linux $version did not come up (attempt $attempt)" >&2
    kill "$qemu" 2>/dev/null || true
    wait "$qemu" 2>/dev/null || true
done
wait "$qemu" 2>/dev/null || true
tr -d '\r' <"$output"
status=$(tr -d '\r' <"$output" | sed -n 's/.*vm: exit //p' | tail -n 1)
exit "${status:-$otherwise}"
