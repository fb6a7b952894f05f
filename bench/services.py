"""Connections through few and many Services, beside nftables and iptables in kube-proxy's shape.

A connection is handshake, a byte there and one back, close; one after the other, client and server on one core. Set-ups
of every size stand side by side, each a lab of its own, and take turns within each round. A ratio is that to plain
routing to the same backend in the same round; flat: to the same set-up with the fewest Services; ahead: to the rivals
with as many. The Service that is asked stands in the middle of the others. Writes bench/results/services.json: rows
{measure, path, setup, services, unit, min, median, max, ratio}.
"""
import argparse
import itertools
import os
import statistics
import time

import rounds
import rules
from rounds import figures
from setups import NODE, PINNED, PROGRAM, Failed, Node, Plain, Setup, Target, load_rules, undisturbed, wait_for

PORT = 7002  # of the backend
HOOKED = "/sys/fs/cgroup/containers/a"  # the socket hooks see this container alone
PATHS = {"cluster": "container to cluster address", "node port": "outside client to node port"}
RIVALS = ("nftables", "iptables")
MEASURES = {"connections": ("rate", "/s"), "p50": ("p50", "us"), "p99": ("p99", "us"), "CPU a connection": ("cpu", "us")}


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--services", default="1,1000,10000,30000", help="numbers of Services")
    parser.add_argument("--rounds", type=int, default=15, help="after one that is thrown away")
    parser.add_argument("--seconds", type=float, default=0.15, help="of connections, each time")
    parser.add_argument("--family", choices=("4", "6"), default="4", help="6 writes services6.json")
    parser.add_argument("--quick", action="store_true", help="1 and 1,000 Services, few rounds; writes no results")
    args = parser.parse_args()
    args.family = ("4", "6").index(args.family)
    if args.quick:
        args.services, args.rounds, args.seconds = "1,1000", 3, 0.05
    args.services = [int(number) for number in args.services.split(",")]
    return args


class Hooked(Node):
    """A node whose socket hooks are attached at container a's cgroup: others' packets are translated."""

    def start_agent(self, *more, **how):
        self.sh("node", f"mkdir -p {HOOKED}")
        super().start_agent(*more, **how)


class Asked(Setup):
    """One kind of translation, with so many Services."""

    def __init__(self, kind, services, node, targets):
        super().__init__(kind, node, targets)
        self.kind, self.services = kind, services
        self.netfilter = kind in RIVALS

    def sample(self, path, seconds):
        before = self.cpu_us()
        got = self.order("byte", self.targets[path], seconds)
        return {"rate": got["count"] / got["seconds"], "mean": got["seconds"] / got["count"], "p50": got["p50_us"], "p99": got["p99_us"],
                "cpu": (self.cpu_us() - before) / got["count"]}

    def prove(self):
        for path in self.targets:
            self.sample(path, 0.02)
        tracked = int(self.node.run("node", "cat", "/proc/sys/net/netfilter/nf_conntrack_count").stdout)
        if (tracked > 0) != self.netfilter:
            raise Failed(f"{self.name}: {tracked} connections tracked by netfilter")
        if self.kind.startswith("beeline") and "cluster" in self.targets:
            self.prove_hooks()

    def prove_hooks(self):
        """Translated packets have flows to the cluster address, translated sockets have none."""
        client = self.targets["cluster"].client
        flows = self.node.json("flow", "list", "--pod", f"default/{client}")
        seen = self.targets["cluster"].addr in str(flows)
        if seen != (client == "c"):
            raise Failed(f"{self.name}: flows to the cluster address: {seen}, asked by {client}")


def populated(stack, node, family):
    """The backend's address and port. a and c ask, b answers."""
    stack.callback(node.close)
    node.__enter__()
    addrs = {name: node.container(name) for name in "abc"}
    for where in ("a", "c", "world"):
        node.sh(where, "sysctl -qw net.ipv4.ip_local_port_range='10000 65000' net.ipv4.tcp_tw_reuse=1")
    # As soon as Beeline forgets a closed connection.
    node.sh("node", "sysctl -qw net.netfilter.nf_conntrack_tcp_timeout_time_wait=10")
    node.spawn("b", *PINNED, PROGRAM, "byte", "b", ("0.0.0.0", "::")[family], PORT)
    wait_for(lambda: f":{PORT} " in node.run("b", "ss", "-Htln").stdout, 10, "the server listens")
    return addrs["b"][family], PORT


def target(addr, port, client):
    return Target(addr, port, 0, "b", client)


def targets(client, family):
    return {"cluster": target(rules.FAMILIES[family].vip, 80, client),
            "node port": target(NODE[family], rules.NODE_PORT, "world")}


def routing(stack, family):
    node = Plain("routing")
    backend = populated(stack, node, family)
    return [Asked("routing", 0, node, {"cluster": target(*backend, "a"), "node port": target(*backend, "world")})]


def netfilter(stack, kind, services, family):
    node = Plain(f"{kind}{services}")
    backend = populated(stack, node, family)
    load_rules(node, kind, rules.exposed_ports(services, rules.FAMILIES[family], backend))
    return [Asked(kind, services, node, targets("a", family))]


def beeline(stack, services, family):
    """One node, two set-ups: a's sockets are translated, c's packets."""
    node = Hooked(f"beeline{services}", cgroup=HOOKED)
    backend = populated(stack, node, family)
    node.apply("services.yaml", rules.manifests(rules.exposed_ports(services, rules.FAMILIES[family], backend)))
    wait_for(lambda: node.json("status")["services"] == services, 120, f"{services} Services")
    wait_for(lambda: (g := node.generation())["wanted"] == g["in_force"], 60, "in force")
    return [Asked("beeline, packets", services, node, targets("c", family)),
            Asked("beeline, connect()", services, node, {"cluster": targets("a", family)["cluster"]})]


def all_setups(stack, sizes, family):
    makers = [lambda: routing(stack, family)]
    for size in sizes:
        makers += [lambda size=size: beeline(stack, size, family),
                   lambda size=size: netfilter(stack, "nftables", size, family),
                   lambda size=size: netfilter(stack, "iptables", size, family)]
    stand = []
    for make in makers:
        begin = time.monotonic()
        with undisturbed():
            stand += make()
        print(f"{stand[-1].kind.split(',')[0]}, {stand[-1].services:,} Services: stands after "
              f"{time.monotonic() - begin:.1f} s", flush=True)
    for setup in stand:
        setup.prove()
    return stand


def one_round(number, stand, seconds):
    """{(path, kind, services): sample}"""
    return {(path, setup.kind, setup.services): setup.sample(path, seconds) for path in PATHS
            for setup in rounds.turns(number, stand) if path in setup.targets}


def rows_of(samples, stand):
    rows = []
    for path, setup, (label, (key, unit)) in itertools.product(PATHS, stand, MEASURES.items()):
        if path in setup.targets:
            values = [s[path, setup.kind, setup.services][key] for s in samples]
            floors = [s[path, "routing", 0][key] for s in samples]
            rows.append({"measure": label, "path": path, "setup": setup.kind, "services": setup.services, "unit": unit,
                         **figures(values, floors)})
    return rows


def print_rows(rows):
    """Medians, and what they are to plain routing."""
    for path, words in PATHS.items():
        heads = (f"{measure}, {unit} | best | × routing" for measure, (_, unit) in MEASURES.items())
        print(f"\n| {words} | Services | {' | '.join(heads)} |\n|---|---|" + "---|---|---|" * len(MEASURES))
        of_path = [r for r in rows if r["path"] == path]
        for kind, services in dict.fromkeys((r["setup"], r["services"]) for r in of_path):
            cells = [r for r in of_path if (r["setup"], r["services"]) == (kind, services)]
            best = [r["max" if r["unit"] == "/s" else "min"] for r in cells]
            print(f"| {kind} | {services:,} | " + " | ".join(f"{r['median']:,.0f} | {b:,.0f} | {r['ratio']:.2f}"
                                                             for r, b in zip(cells, best)) + " |")


def compared(samples, path, ours, theirs):
    """Median of the rounds' ratios of a connection's time, and of its CPU."""
    return [statistics.median(s[path, *ours][key] / s[path, *theirs][key] for s in samples) for key in ("mean", "cpu")]


def print_ratios(samples, kinds, sizes):
    for path in PATHS:
        print(f"\na connection, {PATHS[path]}: time and CPU")
        for kind, size in itertools.product((k for k in kinds if (path, k, sizes[0]) in samples[0]), sizes):
            others = [(f"{sizes[0]:,} Services", (kind, sizes[0]))]
            if kind.startswith("beeline"):
                others += [(rival, (rival, size)) for rival in RIVALS]
            cells = ["{:.2f} {:.2f} × {}".format(*compared(samples, path, (kind, size), at), what) for what, at in others]
            print(f"  {kind:<20}{size:>8,}   {',  '.join(cells)}")


def missed(samples, kinds, sizes):
    """Flat in the number of Services, where below 10 % nothing is a difference, and ahead of the rivals at each."""
    ours = [k for k in kinds if k.startswith("beeline")]
    for path, kind, size, what in itertools.product(PATHS, ours, sizes, ("fewest", *RIVALS)):
        if (path, kind, size) not in samples[0]:
            continue
        other, limit = ((kind, sizes[0]), 1.1) if what == "fewest" else ((what, size), 1)
        spent, cpu = compared(samples, path, (kind, size), other)
        if spent > limit:
            yield f"{PATHS[path]}, {kind}, {size:,} Services: time {spent:.2f}, CPU {cpu:.2f} × {what}"


def main(stack):
    args = arguments()
    begin = time.monotonic()
    stand = all_setups(stack, args.services, args.family)
    print(f"{len(stand)} set-ups stand and do their job, {time.monotonic() - begin:.0f} s; load average "
          f"{os.getloadavg()[0]:.1f}", flush=True)
    samples = rounds.run(args.rounds, lambda number: one_round(number, stand, args.seconds))
    rows = rows_of(samples, stand)
    if not args.quick:
        rounds.save("services6" if args.family else "services", rows)
    print_rows(rows)
    kinds = [s.kind for s in stand if s.services == args.services[0]]
    print_ratios(samples, kinds, args.services)
    print("\naims missed:", *([*missed(samples, kinds, args.services)] or ["none"]), sep="\n  ")


if __name__ == "__main__":
    rounds.bench(main)
