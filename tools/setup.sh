#!/usr/bin/env bash
# Installs what is missing of tools/packages.txt. Quick and silent when nothing is.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
list=${1:-$here/packages.txt}

mapfile -t wanted < <(sed -e 's/#.*//' -e 's/[[:space:]]//g' -e '/^$/d' "$list")

if ! command -v dpkg-query >/dev/null; then
    echo "setup: this script knows Debian's packages only (there is no dpkg here). Install by hand:" >&2
    printf '  %s\n' "${wanted[@]}" >&2
    exit 1
fi

# dpkg-query fails for names it has never heard of; those are missing too.
installed=$(dpkg-query -W -f='${db:Status-Status} ${Package}\n' "${wanted[@]}" 2>/dev/null |
    sed -n 's/^installed //p' || true)
mapfile -t missing < <(comm -23 <(printf '%s\n' "${wanted[@]}" | sort -u) <(sort -u <<<"$installed"))
[ ${#missing[@]} -eq 0 ] && exit 0

if [ "$(id -u)" -ne 0 ]; then
    echo "setup: ${#missing[@]} packages are missing and only root may install them. Run:" >&2
    echo "  sudo apt-get install --no-install-recommends ${missing[*]}" >&2
    exit 1
fi

echo "setup: installing ${missing[*]}"
export DEBIAN_FRONTEND=noninteractive
log=$(mktemp)
trap 'rm -f "$log"' EXIT
# Services that a package would start (a web server) stay off: they are programs for the tests, not daemons here.
run() { "$@" >"$log" 2>&1 || { cat "$log" >&2; echo "setup: '$*' failed" >&2; exit 1; }; }
run apt-get update -q
run env RUNLEVEL=1 apt-get install -y -q --no-install-recommends -o Dpkg::Options::=--force-confold "${missing[@]}"
echo "setup: done"
