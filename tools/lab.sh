#!/usr/bin/env bash
# A node of its own, made of namespaces: what quickstart.sh shows and tests/netns tests.
#
#   lab.sh up                        a node and an outside host on one cable
#   lab.sh container NAME            a container's network namespace and cgroup on the node; HOST/NAME: on that host
#   lab.sh host NAME                 one more host, without a cable
#   lab.sh cable HOST DEV HOST DEV   a cable between two hosts, both ends up, no addresses
#   lab.sh exec WHERE CMD...         WHERE: node, world, another host, a container, HOST/CONTAINER
#   lab.sh down                      everything goes
#
#   LAB=name     several labs can live side by side (default: beeline)
#
#   world 10.99.0.100, fd99::100 ── cable ── eth0 10.99.0.11, fd99::11  node  ── containers (Beeline's work)
#
# Processes, namespaces, devices and BPF pins hang on one process, PID 1 of the lab's PID namespace: kill it, even
# with -9, and the kernel takes the rest away. Only empty cgroup directories can stay; up and down sweep them.
# Nothing of the machine is touched: no device, no named namespace, no pin, no program in its cgroups.
set -eu
LAB=${LAB:-beeline}
STATE=/run/beeline-lab/$LAB
SELF=$(readlink -f "$0")
CG2=$(awk '$3 == "cgroup2" { print $2; exit }' /proc/mounts)

fail() { echo "lab.sh: $*" >&2; exit 1; }
pid() { cat "$STATE/$1.pid" 2> /dev/null || fail "the lab '$LAB' is not up (lab.sh up)"; }

# --- inside: hold a set of namespaces ------------------------------------------------------------------------------
private_mounts() {
  mount --make-rprivate /
  mount -t sysfs sysfs /sys                   # the devices of this network namespace
  mount -t cgroup2 cgroup2 /sys/fs/cgroup     # with a cgroup namespace: this node's subtree, as on a real node
  mount -t bpf bpf /sys/fs/bpf
  mkdir -p /run/netns && mount -t tmpfs tmpfs /run/netns   # `ip netns add` stays inside
  ip link set lo up
}
hold() {
  private_mounts
  sysctl -qw net.ipv6.conf.default.accept_dad=0
  if [ "$1" != world ]; then
    sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
    mkdir -p /sys/fs/cgroup/containers
  fi
  echo ready > "$STATE/$1.ready"
  trap : CHLD                                 # a PID 1 that reaps
  while :; do sleep infinity & wait; done
}

# --- outside --------------------------------------------------------------------------------------------------------
start() {                                     # start NAME [PID namespace of]
  mkdir -p "$CG2/beeline-lab/$LAB/$1"
  # The process must sit in its cgroup before the cgroup namespace is made: that cgroup becomes the namespace's root.
  ( echo 0 > "$CG2/beeline-lab/$LAB/$1/cgroup.procs"
    LAB=$LAB exec setsid ${2:+nsenter -t "$2" -p} unshare --fork --pid --kill-child --mount --net --cgroup --mount-proc \
      bash "$SELF" _hold "$1" ) < /dev/null > "$STATE/$1.log" 2>&1 &
  for _ in $(seq 250); do [ -e "$STATE/$1.ready" ] && break; sleep 0.02; done
  [ -e "$STATE/$1.ready" ] || { cat "$STATE/$1.log" >&2; down; fail "$1 did not come up"; }
  local p                                     # the holder is the process in that cgroup that is PID 1 of its namespace
  for p in $(cat "$CG2/beeline-lab/$LAB/$1/cgroup.procs"); do
    if awk '/^NSpid:/ { exit !(NF > 2 && $NF == 1) }' "/proc/$p/status"; then echo "$p" > "$STATE/$1.pid"; fi
  done
}
end_of_cable() {                              # end_of_cable NAME LASTBYTE
  nsenter -t "$(pid "$1")" -n sh -c "ip addr add 10.99.0.$2/24 dev eth0
    ip -6 addr add fd99::$2/64 dev eth0 nodad; ip link set eth0 up"
}
up() {
  [ "$(id -u)" = 0 ] || fail "needs root: namespaces and eBPF"
  [ -n "$CG2" ] || fail "no cgroup2 is mounted on this machine"
  [ ! -e "$STATE/node.pid" ] || fail "the lab '$LAB' is up already (lab.sh down)"
  sweep
  mkdir -p "$STATE" "$CG2/beeline-lab/$LAB"
  start node
  start world "$(pid node)"
  nsenter -t "$(pid node)" -n ip link add eth0 type veth peer name eth0 netns "$(pid world)"
  end_of_cable node 11
  end_of_cable world 100
  nsenter -t "$(pid node)" -n sh -c "ip route add default via 10.99.0.100; ip -6 route add default via fd99::100"
  nsenter -t "$(pid world)" -n sh -c "ip route add 10.244.0.0/16 via 10.99.0.11; ip -6 route add fd44::/16 via fd99::11"
}
cable() {
  nsenter -t "$(pid "$1")" -n ip link add "$2" type veth peer name "$4" netns "$(pid "$3")"
  nsenter -t "$(pid "$1")" -n ip link set "$2" up
  nsenter -t "$(pid "$3")" -n ip link set "$4" up
}
container() {
  local host=node
  [ "${1%/*}" = "$1" ] || host=${1%/*}
  run "$host" ip netns add "${1#*/}"
  run "$host" ip -n "${1#*/}" link set lo up
  mkdir -p "$CG2/beeline-lab/$LAB/$host/containers/${1#*/}"
}
run() {                                       # run WHERE CMD...: in its namespaces and its cgroup
  local where=$1 host=node name='' cgroup p
  shift
  if [ "${where%/*}" != "$where" ]; then host=${where%/*} name=${where#*/}
  elif [ -e "$STATE/$where.pid" ]; then host=$where
  else name=$where
  fi
  p=$(pid "$host")
  cgroup=$CG2/beeline-lab/$LAB/$host
  local net=()
  if [ -n "$name" ]; then
    cgroup=$cgroup/containers/$name
    [ -d "$cgroup" ] || fail "no container '$where' (lab.sh container $where)"
    net=(nsenter "--net=/run/netns/$name")
  fi
  # nsenter -C changes the view of cgroups only, not the membership.
  ( echo 0 > "$cgroup/cgroup.procs" && exec nsenter -t "$p" -m -p -n -C "--wdns=$PWD" "${net[@]}" "$@" )
}
sweep() {
  [ ! -d "$CG2/beeline-lab/$LAB" ] || find "$CG2/beeline-lab/$LAB" -depth -type d -exec rmdir {} + 2> /dev/null || :
  rmdir "$CG2/beeline-lab" 2> /dev/null || :
  rm -rf "$STATE"
  rmdir "${STATE%/*}" 2> /dev/null || :
}
down() {
  [ ! -e "$STATE/node.pid" ] || kill -9 "$(cat "$STATE/node.pid")" 2> /dev/null || :
  for _ in $(seq 150); do
    [ -z "$(find "$CG2/beeline-lab/$LAB" -name cgroup.procs -exec cat {} + 2> /dev/null)" ] && break
    sleep 0.02
  done
  sweep
}
case ${1:-} in
  up) up ;;
  down) down ;;
  container) [ -n "${2:-}" ] || fail "container: a name is missing"; container "$2" ;;
  host) [ -n "${2:-}" ] || fail "host: a name is missing"; pid node > /dev/null; start "$2" "$(pid node)" ;;
  cable) [ -n "${5:-}" ] || fail "cable HOST DEV HOST DEV"; shift; cable "$@" ;;
  exec) [ -n "${3:-}" ] || fail "exec WHERE CMD..."; shift; run "$@" ;;
  _hold) hold "$2" ;;
  *) sed -n '2,/^set -eu/{/^set/d;s/^# \{0,1\}//;p}' "$0"; exit 2 ;;
esac
