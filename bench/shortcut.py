"""The shortcut between local TCP sockets (sockops and sk_msg): what it gains, and what programs see of it.

Containers of one node: between a and b as ever, between c and d with the shortcut, which their cgroups have asked for, and
from c to b, which has not. Round trips (64 bytes there and back) and bulk on one connection, and connections that only
begin and end; client and server on one core. The ways take turns within each round, a ratio is that to the way as ever of
the same round. Then a table of cases, without and with. Writes bench/results/shortcut.json: rows {measure, way, unit,
min, median, max, ratio} and {case, and what each way shows}.
"""
import argparse
import json
import os

import rounds
from setups import HERE, PINNED, Failed, Node, undisturbed, wait_for

PLAIN, SHORTCUT, ONE_END = "by the stacks", "shortcut", "only one end has asked"
COMPARED, WAYS = (PLAIN, SHORTCUT), (PLAIN, SHORTCUT, ONE_END)
CONTAINERS = "/sys/fs/cgroup/containers"
CONFIG = f"resync: 1\ncgroup: {{shortcut: [{CONTAINERS}/c, {CONTAINERS}/d]}}\n"
MEASURES = {"round trip, p50": ("round_trips", "p50", "us"), "round trips": ("round_trips", "rate", "/s"),
            "bulk": ("bulk", "rate", "Gbit/s"), "connections": ("connections", "rate", "/s")}


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=15, help="after one that is thrown away")
    parser.add_argument("--seconds", type=float, default=0.3, help="of round trips, each time")
    parser.add_argument("--bulk", type=int, default=512, help="MiB of a transfer")
    parser.add_argument("--quick", action="store_true", help="few rounds; writes no results")
    args = parser.parse_args()
    if args.quick:
        args.rounds, args.seconds, args.bulk = 3, 0.1, 64
    return args


class Stand(Node):
    """ways: {way: the containers at both ends and the server's address}"""

    def build(self):
        addrs = {name: self.container(name)[0] for name in "abcd"}
        wait_for(lambda: self.json("status")["errors"] == [], 10, "both cgroups have the shortcut")
        self.ways = {PLAIN: ("a", "b", addrs["b"]), SHORTCUT: ("c", "d", addrs["d"]), ONE_END: ("c", "b", addrs["b"])}
        self.outside = ("b", addrs["b"])

    def program(self, name, *args, pinned=()):
        """Of both ends at once: it enters the containers by itself."""
        done = self.run("node", *pinned, "python3", "-B", HERE / name, *args, timeout=120)
        return json.loads(done.stdout)

    def sample(self, way, kind, how_much):
        return self.program("shortcut_ends.py", *self.ways[way], kind, how_much, pinned=PINNED)

    def cases(self, way):
        return self.program("shortcut_cases.py", *self.ways[way], *self.outside)

    def packets(self, container):
        """That have left it."""
        lines = self.run(container, "cat", "/proc/net/dev").stdout.splitlines()
        return next(int(line.split()[10]) for line in lines if line.strip().startswith("eth0:"))

    def prove(self):
        """Round trips go by the devices, but for those between two sockets that have joined."""
        for way, (client, *_) in self.ways.items():
            before = self.packets(client)
            rate = self.sample(way, "round_trips", 0.1)["rate"]
            if (self.packets(client) - before > rate * 0.05) == (way == SHORTCUT):
                raise Failed(f"{way}: {self.packets(client) - before} packets, {rate:.0f} round trips a second")


def one_round(number, node, args):
    """{(way, kind): sample}"""
    turns = rounds.turns(number, WAYS)
    much = {"round_trips": args.seconds, "bulk": args.bulk << 20, "connections": args.seconds}
    return {(way, kind): node.sample(way, kind, much[kind]) for kind in much for way in turns}


def row(samples, label, way):
    kind, key, unit = MEASURES[label]
    values, floors = ([s[w, kind][key] for s in samples] for w in (way, PLAIN))
    return {"measure": label, "way": way, "unit": unit, **rounds.figures(values, floors)}


def print_rows(rows):
    print("\n| | min | median | max | × |\n|---|---|---|---|---|")
    for r in rows:
        print(f"| {r['measure']}, {r['unit']}: {r['way']} | {r['min']:,.2f} | {r['median']:,.2f} | {r['max']:,.2f} | "
              f"{r['ratio']:.2f} |")


def print_cases(rows):
    """Those that differ first."""
    print(f"\n| case | {' | '.join(COMPARED)} |\n|---|---|---|---|")
    for r in sorted(rows, key=lambda r: len({r[way] for way in COMPARED}) == 1):
        same = {way: "the same" if way != PLAIN and r[way] == r[PLAIN] else r[way] for way in COMPARED}
        print(f"| {r['case']} | {' | '.join(same.values())} |")


def main(stack):
    args = arguments()
    node = Stand("shortcut", config=CONFIG)
    with undisturbed():
        stack.callback(node.close)
        node.__enter__()
        node.build()
    node.prove()
    print(f"the node stands; load average {os.getloadavg()[0]:.1f}", flush=True)
    samples = rounds.run(args.rounds, lambda number: one_round(number, node, args))
    rows = [row(samples, label, way) for label in MEASURES for way in WAYS]
    seen = {way: node.cases(way) for way in COMPARED}
    cases = [{"case": case, **{way: seen[way][case] for way in COMPARED}} for case in seen[PLAIN]]
    if not args.quick:
        rounds.save("shortcut", rows + cases)
    print_rows(rows)
    print_cases(cases)


if __name__ == "__main__":
    rounds.bench(main)
