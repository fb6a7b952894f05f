#!/usr/bin/env bash
# Beeline in a few minutes: installs what is missing, builds, and shows containers talking on a node of its own.
#
#   ./quickstart.sh            build, show, clean up
#   ./quickstart.sh --keep     the same, and leave the node running
#   ./quickstart.sh --shell    the same, then a shell on the node; it goes when the shell ends
#   ./quickstart.sh --down     remove a node that was kept
#
# A second call removes what an earlier one left. Nothing of this machine's network is touched.
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")"
mode=show
for arg; do
  case $arg in
    --keep) mode=keep ;;
    --shell) mode=shell ;;
    --down) mode=down ;;
    *) sed -n '2,/^set -euo/{/^set/d;s/^# \{0,1\}//;p}' "$0"; [ "$arg" = --help ] && exit 0; exit 2 ;;
  esac
done
export LAB=quickstart
work=/run/beeline-quickstart
bin=$PWD/build/release/bin
if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then bold=$'\e[1m' dim=$'\e[2m' green=$'\e[32m' off=$'\e[0m'; else bold='' dim='' green='' off=''; fi
step() { printf '\n%s%s%s\n' "$bold" "$*" "$off"; }
say() { printf '  %s\n' "$*"; }
shown() { printf '  %s$ %s%s\n' "$dim" "$*" "$off"; }
on() { tools/lab.sh exec "$@"; }
beeline() { on node env PATH="$bin:$PATH" beeline --socket "$work/beeline.sock" "$@"; }
show() { shown "beeline $*"; beeline "$@" | sed 's/^/  /'; }
clean() { tools/lab.sh down > /dev/null 2>&1 || :; rm -rf "$work"; }
trouble() {
  printf '\nquickstart: stopped at line %s. The agent said:\n' "$1" >&2
  tail -n 20 "$work/agent.log" 2> /dev/null >&2 || :
  [ -n "${KEEP_TROUBLE:-}" ] || clean
}

clean
[ "$mode" != down ] || { echo "The quickstart node is gone."; exit 0; }
[ "$(id -u)" = 0 ] || { echo "quickstart: needs root (sudo ./quickstart.sh): namespaces and eBPF" >&2; exit 1; }
trap 'trouble $LINENO' ERR
trap 'clean; exit 130' INT TERM

step "1. Packages and a release build"
mkdir -p build
tools/setup.sh > build/setup.log 2>&1 || { tail -n 20 build/setup.log >&2; exit 1; }
{ cmake --preset release && cmake --build --preset release --target beelined beeline; } > build/quickstart-build.log 2>&1 ||
  { grep -E 'error|Error' build/quickstart-build.log | head -n 20 >&2; echo "see build/quickstart-build.log" >&2; exit 1; }
say "$(ls -l --block-size=K "$bin/beelined" | awk '{print $5}') agent, $(ls -l --block-size=K "$bin/beeline" | awk '{print $5}') command line"

step "2. A node of its own, and three containers: a client and two web servers"
mkdir -p "$work/manifests"
cp examples/quickstart/*.yaml "$work/manifests/"
tools/lab.sh up
mkdir -p "$(awk '$3 == "cgroup2" { print $2; exit }' /proc/mounts)/beeline-lab/$LAB/node/host"
on node "$bin/beelined" --node node1 --manifests "$work/manifests" --run-dir "$work" --socket "$work/beeline.sock" \
  --pod-cidr 10.244.1.0/24 --pod-cidr fd44:1::/64 --service-cidr 10.96.0.0/16 --service-cidr fd96::/112 \
  --cgroup /sys/fs/cgroup/host > "$work/agent.log" 2>&1 &
for _ in $(seq 100); do beeline status > /dev/null 2>&1 && break; sleep 0.05; done
for c in client web-1 web-2; do tools/lab.sh container "$c"; done
show endpoint add --netns client --pod demo/client --label role=client
show endpoint add --netns web-1 --pod demo/web-1 --label app=web
show endpoint add --netns web-2 --pod demo/web-2 --label app=web
for c in web-1 web-2; do
  mkdir -p "$work/$c"
  sed "s|NAME|$c|g; s|DIR|$work/$c|g" examples/quickstart/nginx.conf > "$work/$c/nginx.conf"
  on "$c" nginx -c "$work/$c/nginx.conf" -e stderr > "$work/$c/log" 2>&1 &
done
for c in web-1 web-2; do
  for _ in $(seq 100); do on "$c" curl -s -o /dev/null "http://127.0.0.1:8080/" && break; sleep 0.05; done
done

step "3. What is in force"
show status
show hook list
show service get demo/web

step "4. Ten requests from the client to the Service, 10.96.0.10, and one over IPv6"
shown "curl http://10.96.0.10/"
for _ in $(seq 10); do on client curl -s --max-time 3 http://10.96.0.10/; done | sort | uniq -c | sed 's/^/  /'
shown "curl http://[fd96::10]/"
on client curl -s --max-time 3 'http://[fd96::10]/' | sed 's/^/  /'
shown "(on the host, translated at connect) curl http://10.96.0.10/"
on node bash -c 'echo 0 > /sys/fs/cgroup/host/cgroup.procs; exec curl -s --max-time 3 http://10.96.0.10/' | sed 's/^/  /'

step "5. A request that policy stops, and why"
web1=$(beeline endpoint get demo/web-1 -o json | jq -r .addr4)
shown "curl http://$web1:9090/"
on client curl -s --max-time 1 "http://$web1:9090/" > /dev/null && say "it should not have answered" || say "no answer (curl gave up after a second)"
sleep 0.3
show observe --last 1 --verdict dropped --pod demo/client --port 9090

printf '\n%sThat is Beeline.%s ' "$green" "$off"
case $mode in
  keep)
    trap - ERR INT TERM
    echo "The node is running. Look around:"
    say "LAB=quickstart tools/lab.sh exec node env PATH=$bin:\$PATH BEELINE_SOCKET=$work/beeline.sock bash"
    say "LAB=quickstart tools/lab.sh exec client curl http://10.96.0.10/"
    say "edit $work/manifests/*.yaml: changes are in force at once"
    say "./quickstart.sh --down removes it"
    ;;
  shell)
    trap - ERR
    echo "You are on the node; 'exit' removes it. Try:"
    say "beeline observe --follow        beeline flow list        beeline policy get demo/web-from-clients"
    say "nsenter --net=/run/netns/client curl http://10.96.0.10/"
    say "edit $work/manifests/*.yaml: changes are in force at once"
    on node env PATH="$bin:$PATH" BEELINE_SOCKET="$work/beeline.sock" PS1='beeline-node# ' bash --norc -i || :
    clean
    ;;
  *)
    clean
    echo "The node is gone again. To look around yourself: ./quickstart.sh --shell"
    ;;
esac
