"""What the socket hooks add to connect(), in ns: to a cluster address, and to an address that is none.

New sockets, 32 at a time, on one core: the time of connect() alone, and of socket(), connect() and close() together. TCP
connects to a server that nobody wakes, so the handshake is in it, as the kernel carries it out in connect() itself. The
ways take turns within each round, and what a way adds is told against "no hooks" of the same round: a container of the
same node that no hook sees. The other floor is a hook that only returns. Writes bench/results/connect.json: rows
{measure, path, way, services, unit, min, median, max, ratio, more: what it adds, median of the rounds}.
"""
import argparse
import itertools
import os
import statistics
import time

import rounds
import rules
from rounds import figures
from services import HOOKED, Hooked
from setups import BUILD, PROGRAM, Failed, Setup, Target, undisturbed, wait_for

UDP, TCP = 7001, 5202  # ports of the backend; the Service's are 80 and 5201
FLOOR = "no hooks"
# Who calls, and whether it calls the Service.
WAYS = {FLOOR: ("c", False), "hook that only returns": ("d", False), "our hooks, no Service's address": ("a", False),
        "our hooks, cluster address": ("a", True), "no hooks, cluster address": ("c", True)}
PATHS = {"udp": "UDP", "tcp": "TCP", "udp6": "UDP, IPv6", "tcp6": "TCP, IPv6"}
MEASURES = {"connect()": ("min_ns", "p50_ns"), "socket(), connect(), close()": ("life_min_ns", "life_p50_ns")}


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--services", default="1,10000", help="numbers of Services")
    parser.add_argument("--rounds", type=int, default=15, help="after one that is thrown away")
    parser.add_argument("--seconds", type=float, default=0.1, help="of calls, each time")
    parser.add_argument("--quick", action="store_true", help="one Service, few rounds; writes no results")
    args = parser.parse_args()
    if args.quick:
        args.services, args.rounds, args.seconds = "1", 5, 0.03
    args.services = [int(number) for number in args.services.split(",")]
    return args


def target(path, addrs, way):
    client, by_service = WAYS[way]
    family = int(path.endswith("6"))
    addr = rules.FAMILIES[family].vip if by_service else addrs[family]
    port = {"udp": (UDP, 80), "tcp": (TCP, 5201)}[path[:3]][by_service]
    return Target(addr, port, 0, "b", client)


def prepared(stack, services):
    """A node with three callers: a, whom our hooks see, c, whom none sees, d with hooks that only return."""
    node = Hooked(f"connect{services}", cgroup=HOOKED)
    stack.callback(node.close)
    node.__enter__()
    addrs = {name: node.container(name) for name in "abcd"}
    ports = rules.service_ports(services, addrs["b"])
    node.apply("services.yaml", rules.manifests(ports))
    node.sh("node", f"""bpftool prog loadall {BUILD}/bpf/bench_hooks.bpf.o /sys/fs/bpf/floor
        for family in 4 6; do bpftool cgroup attach /sys/fs/cgroup/containers/d cgroup_inet${{family}}_connect \
            pinned /sys/fs/bpf/floor/floor_connect$family; done""")
    for any_addr in ("0.0.0.0", "::"):  # on the other core: see connects.h
        node.spawn("b", PROGRAM, "drain", "b", any_addr, TCP)
    wait_for(lambda: node.run("b", "ss", "-Htln").stdout.count(f":{TCP} ") == 2, 10, "the servers listen")
    wait_for(lambda: node.json("status")["services"] == services + 1, 120, f"{services} Services")
    node.settled()
    return Setup(f"{services:,} Services", node, {(way, path): target(path, addrs["b"], way)
                                                  for way, path in itertools.product(WAYS, PATHS)})


def prove(setup):
    """Each way answers; only the packets of those whom no hook sees go to the cluster address."""
    for (_, path), at in setup.targets.items():
        setup.order(f"connect_{path[:3]}", at, 0.01)
    for client, expected in (("a", False), ("c", True)):
        flows = str(setup.node.json("flow", "list", "--pod", f"default/{client}"))
        if any((family.vip in flows) != expected for family in rules.FAMILIES):
            raise Failed(f"{setup.name}: {client} has flows to the cluster address: {not expected}")
    for hook in ("connect4", "connect6"):
        attached = setup.node.run("node", "bpftool", "cgroup", "show", "/sys/fs/cgroup/containers/d").stdout
        if f"floor_{hook}" not in attached:
            raise Failed(f"{setup.name}: no floor_{hook}: {attached}")


def one_round(number, stand, seconds):
    """{(path, way, services): sample}"""
    turns = rounds.turns(number, list(itertools.product(stand, WAYS)))
    return {(path, way, services): stand[services].order(f"connect_{path[:3]}", stand[services].targets[way, path],
                                                         seconds)
            for path in PATHS for services, way in turns}


def row(samples, label, at):
    """at: path, way, services"""
    path, way, services = at
    least, middle = MEASURES[label]
    values, floors = ([s[path, w, services][middle] for s in samples] for w in (way, FLOOR))
    return {"measure": label, "path": path, "way": way, "services": services, "unit": "ns",
            **figures(values, floors, 2), "min": min(s[at][least] for s in samples),
            "more": round(statistics.median(v - f for v, f in zip(values, floors)), 1)}


def print_rows(rows):
    for label in MEASURES:
        print(f"\n| {label}, ns | Services | min | median | more than without hooks, of mins | median | × |\n"
              "|---|---|---|---|---|---|---|")
        for r in (r for r in rows if r["measure"] == label):
            floor = next(f for f in rows if f["way"] == FLOOR
                         and all(f[key] == r[key] for key in ("measure", "path", "services")))
            print(f"| {PATHS[r['path']]}: {r['way']} | {r['services']:,} | {r['min']:,.0f} | {r['median']:,.0f} | "
                  f"{r['min'] - floor['min']:,.0f} | {r['more']:,.0f} | {r['ratio']:.2f} |")


def main(stack):
    args = arguments()
    begin = time.monotonic()
    stand = {}
    for services in args.services:
        with undisturbed():
            stand[services] = prepared(stack, services)
        prove(stand[services])
    print(f"{len(stand)} nodes stand and do their job, {time.monotonic() - begin:.0f} s; load average "
          f"{os.getloadavg()[0]:.1f}", flush=True)
    samples = rounds.run(args.rounds, lambda number: one_round(number, stand, args.seconds))
    rows = [row(samples, label, (path, way, services))
            for label, path, services, way in itertools.product(MEASURES, PATHS, stand, WAYS)]
    if not args.quick:
        rounds.save("connect", rows)
    print_rows(rows)


if __name__ == "__main__":
    rounds.bench(main)
