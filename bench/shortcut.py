"""A shortcut between local TCP sockets (sockops and sk_msg): what it would gain, and what programs would see of it.

Beeline has none: docs/adr/0010-no-shortcut-between-sockets.md. Containers of one node with plain routing: between a and
b as ever, between c and d with the shortcut, and from c, whose sockets are in its map, to b, whose are not. Round trips
(64 bytes there and back) and bulk on one connection, and connections that only begin and end; client and server on one
core. The ways take turns within each round, a ratio is that to plain routing of the same round. Then a table of cases,
without, with, and between e and f with a shortcut that also queues what comes by the stack. Writes
bench/results/shortcut.json: rows {measure, way, unit, min, median, max, ratio} and {case, and what each way shows}.
"""
import argparse
import json
import os

import rounds
from setups import BUILD, HERE, PINNED, Failed, Plain, undisturbed

PLAIN, SHORTCUT, ONE_END = "plain routing", "shortcut", "shortcut at one end only"
ONE_QUEUE = "shortcut, one queue"
MEASURED, COMPARED = (PLAIN, SHORTCUT, ONE_END), (PLAIN, SHORTCUT, ONE_QUEUE)
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


class Stand(Plain):
    """ways: {way: the containers at both ends and the server's address}"""

    def start_agent(self, *more, **how):
        super().start_agent(*more, **how)
        addrs = {name: self.container(name)[0] for name in "abcdef"}
        self.ways = {PLAIN: ("a", "b", addrs["b"]), SHORTCUT: ("c", "d", addrs["d"]),
                     ONE_END: ("c", "b", addrs["b"]), ONE_QUEUE: ("e", "f", addrs["f"])}
        self.outside = ("b", addrs["b"])
        self.attach("c", "d")
        pins = self.attach("e", "f")
        self.sh("node", f"bpftool prog attach pinned {pins}/shortcut_pass sk_skb_verdict pinned {pins}/shortcut_sockets")

    def attach(self, *containers):
        """A shortcut between them; returns where it is pinned."""
        pins = f"/sys/fs/bpf/shortcut_{''.join(containers)}"
        self.sh("node", f"""bpftool prog loadall {BUILD}/bpf/bench_shortcut.bpf.o {pins} pinmaps {pins}
            bpftool prog attach pinned {pins}/shortcut_redirect sk_msg_verdict pinned {pins}/shortcut_sockets
            for name in {' '.join(containers)}; do
                bpftool cgroup attach /sys/fs/cgroup/containers/$name cgroup_sock_ops pinned {pins}/shortcut_remember
            done""")
        return pins

    def program(self, name, *args, pinned=()):
        """Of both ends at once: it enters the containers by itself."""
        done = self.run("node", *pinned, "python3", "-B", HERE / name, *args, timeout=120)
        return json.loads(done.stdout)

    def sample(self, way, kind, how_much):
        return self.program("shortcut_ends.py", *self.ways[way], kind, how_much, pinned=PINNED)

    def cases(self, way):
        return self.program("shortcut_cases.py", *self.ways[way], *self.outside)

    def device_bytes(self, container):
        """That have come to the container's device from it."""
        links = json.loads(self.run("node", "ip", "-s", "-j", "link", "show", f"lxc_{container}").stdout)
        return links[0]["stats64"]["rx"]["bytes"]

    def prove(self):
        """Data go by the devices, but for those between two sockets of the map."""
        for way, (client, *_) in self.ways.items():
            before = self.device_bytes(client)
            self.sample(way, "bulk", 1 << 20)
            if (self.device_bytes(client) - before > 1 << 20) == (way in (SHORTCUT, ONE_QUEUE)):
                raise Failed(f"{way}: {self.device_bytes(client) - before} bytes of a MiB on the device")


def one_round(number, node, args):
    """{(way, kind): sample}"""
    turns = rounds.turns(number, MEASURED)
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
    node = Stand("shortcut")
    with undisturbed():
        stack.callback(node.close)
        node.__enter__()
    node.prove()
    print(f"the node stands; load average {os.getloadavg()[0]:.1f}", flush=True)
    samples = rounds.run(args.rounds, lambda number: one_round(number, node, args))
    rows = [row(samples, label, way) for label in MEASURES for way in MEASURED]
    seen = {way: node.cases(way) for way in COMPARED}
    cases = [{"case": case, **{way: seen[way][case] for way in COMPARED}} for case in seen[PLAIN]]
    if not args.quick:
        rounds.save("shortcut", rows + cases)
    print_rows(rows)
    print_cases(cases)


if __name__ == "__main__":
    rounds.bench(main)
