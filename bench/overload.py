"""More frames than a node can forward: Beeline in XDP and tc beside nftables, iptables and floors, in one run.

Frames of 64 bytes with UDP from 1,000 ports of an outside client to a node port whose backend is on another node, over
one veth there and back: live frames of a test run (BPF_F_TEST_XDP_LIVE_FRAMES), as many as one core makes, which is the
other one than the node's. The node receives in a thread of its own (threaded NAPI) on its core, where the far end counts
and drops what comes back, too. Every flow is open and answered before. Writes bench/results/overload.json: rows
{measure, setup, unit, min, median, max, ratio}, ratio being that to plain routing in the same round.
"""
import argparse
import itertools
import json
import os
import pathlib
import subprocess
import time

import rounds
import rules
from rounds import figures
from setups import (BUILD, CORE, LAB, NODE, PROGRAM, WORLD, Failed, Node, Plain, load_rules, undisturbed,
                    wait_for)

DRIVER = BUILD / "bench" / "bl_bench_overload"
GENERATOR = min(os.sched_getaffinity(0) - {CORE} or {CORE})
OTHER, BACKEND = ("10.99.0.12", "fd99::12"), ("10.244.2.2", "fd44:2::2")  # the backend's node, and its address
PORT = 7001  # of the backend
FLOWS, FIRST_PORT = 1000, 10000
MEASURES = {"offered": "Mpps", "forwarded": "Mpps", "dropped": "%", "a forwarded frame": "ns", "node's core": "%"}
NODES = f"""apiVersion: v1
kind: Node
metadata: {{name: node2}}
spec: {{podCIDRs: [10.244.2.0/24, "fd44:2::/64"]}}
status: {{addresses: [{{type: InternalIP, address: {OTHER[0]}}}, {{type: InternalIP, address: "{OTHER[1]}"}}]}}
---
"""
XDP, TURNED = "beeline, XDP", "floor: XDP, MACs swapped"


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=11, help="after one that is thrown away")
    parser.add_argument("--seconds", type=float, default=0.5, help="of frames, each time")
    parser.add_argument("--services", type=int, default=1, help="how many there are")
    parser.add_argument("--family", choices=("4", "6"), default="4", help="6 writes overload6.json")
    parser.add_argument("--quick", action="store_true", help="few rounds; writes no results")
    args = parser.parse_args()
    args.family = ("4", "6").index(args.family)
    if args.quick:
        args.rounds, args.seconds = 3, 0.2
    return args


class Loaded:
    """A node between generator and far end."""

    def __init__(self, name, node, family):
        self.name, self.node, self.family = name, node, family
        node.sh("node", "ethtool -K eth0 tx off gro on")
        node.sh("world", "ethtool -K eth0 tx off")
        mac = node.sh("node", "ip -br link show dev eth0").split()[2]
        self.generator = self.driver("world", "generate", "eth0", mac, WORLD[family], FIRST_PORT, *self.asked(),
                                     *self.expected(), FLOWS)
        self.threads = ()

    def asked(self):
        backend, node_port = (BACKEND[self.family], PORT), (NODE[self.family], rules.NODE_PORT)
        return backend if self.name == "routing" else node_port

    def expected(self):
        """Where its frames go: the floor that turns them round changes nothing."""
        return self.asked() if self.name == TURNED else (BACKEND[self.family], PORT)

    def driver(self, where, *args):
        driver = subprocess.Popen([LAB, "exec", where, "taskset", "-c", str(GENERATOR), DRIVER, *map(str, args)],
                                  env=self.node.env(), text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.node.children.append(driver)
        return driver

    def order(self, line):
        self.generator.stdin.write(f"{line}\n")
        self.generator.stdin.flush()
        got = json.loads(self.generator.stdout.readline() or '{"error": "the generator ended"}')
        if "error" in got:
            raise Failed(f"{self.name}: {got}")
        return got

    def open(self):
        """Every flow, by real datagrams, whose answers tell as whom the backend sees them."""
        seen = (WORLD if self.name == "routing" else NODE)[self.family]
        answers = self.order("open")["answers"]
        if answers != {f"far {seen}": 3 * FLOWS}:
            raise Failed(f"{self.name}: answers {answers}")

    def receive_in_a_thread(self):
        """On the node's core. The kernel's threads are seen where the machine's processes are."""
        before = threads("napi/eth0-")
        self.node.sh("node", "echo 1 > /sys/class/net/eth0/threaded")
        self.threads = wait_for(lambda: threads("napi/eth0-") - before, 2, "napi/eth0-… among the machine's processes")
        for thread in self.threads:  # one a queue
            os.sched_setaffinity(thread, {CORE})

    def cpu_ns(self):
        """Of the threads that receive, and of the core's softirq thread, in case they leave it something."""
        return sum(int(pathlib.Path(f"/proc/{thread}/schedstat").read_text().split()[0])
                   for thread in (*self.threads, *threads(f"ksoftirqd/{CORE}")))

    def sample(self, seconds):
        before = self.cpu_ns()
        got = self.order(seconds)
        busy, came = self.cpu_ns() - before, got["came"]
        return {"came": came, "offered": got["offered"] / got["seconds"] / 1e6, "forwarded": came / got["seconds"] / 1e6,
                "dropped": 100 * (1 - came / got["offered"]), "a forwarded frame": busy / max(came, 1),
                "node's core": 100 * busy / 1e9 / got["seconds"]}

    def prove(self):
        """By the means of this set-up and by no other's."""
        before, dropped = self.packets(), self.dropped_at_the_far_end()
        came = self.sample(0.05)["came"]
        if self.dropped_at_the_far_end() - dropped != came:
            raise Failed(f"{self.name}: {came} frames counted, by the device {self.dropped_at_the_far_end() - dropped}")
        tracked = int(self.node.run("node", "cat", "/proc/sys/net/netfilter/nf_conntrack_count").stdout)
        if (tracked > 0) != self.name.startswith(("nftables", "iptables")):
            raise Failed(f"{self.name}: {tracked} connections tracked by netfilter")
        if self.name.startswith("beeline"):
            by_xdp = (self.packets()["xdp"] - before["xdp"]) / (sum(self.packets().values()) - sum(before.values()))
            if (by_xdp > 0.9) != (self.name == XDP):
                raise Failed(f"{self.name}: {by_xdp:.0%} of the packets forwarded in XDP")

    def dropped_at_the_far_end(self):
        """By the device's own counters: those of its queues."""
        lines = self.node.sh("world", "ethtool -S eth0").splitlines()
        return sum(int(line.split()[1]) for line in lines if "xdp_drops:" in line and "rx_queue" in line)

    def packets(self):
        """Forwarded, by hook."""
        counters = self.node.json("counter", "list") if self.name.startswith("beeline") else []
        hooks = {"xdp": 0}
        for c in counters:
            if c["reason"] == "forwarded":
                hooks[c["hook"]] = hooks.get(c["hook"], 0) + c["packets"]
        return hooks


def threads(beginning):
    """Of the machine, by the beginning of their names."""
    found = set()
    for entry in pathlib.Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and (entry / "comm").read_text().startswith(beginning):
                found.add(int(entry.name))
        except OSError:  # it has ended
            pass
    return found


def wired(stack, node, family):
    """The world is client, other node and backend at once; nobody else is on the link."""
    stack.callback(node.close)
    node.__enter__()
    other, backend = OTHER[family], BACKEND[family]
    node.sh("world", f"""ip addr add {other}/{(24, 64)[family]} dev eth0 {('', 'nodad')[family]}
        ip addr add {backend} dev lo""")
    node.sh("node", f"ip route replace {backend} via {other}")
    node.spawn("world", PROGRAM, "echo", "far", backend, PORT)
    wait_for(lambda: f":{PORT} " in node.run("world", "ss", "-Huln").stdout, 10, "the backend listens")
    return node


def exposed(args):
    return rules.exposed_ports(args.services, rules.FAMILIES[args.family], (BACKEND[args.family], PORT), "udp")


def turned(stack, args):
    loaded = Loaded(TURNED, wired(stack, Plain("turn"), args.family), args.family)
    said = loaded.driver("node", "turn", "eth0").stdout.readline()
    if said != "{}\n":
        raise Failed(f"{TURNED}: {said}")
    return loaded


def routing(stack, args):
    return Loaded("routing", wired(stack, Plain("routing"), args.family), args.family)


def netfilter(stack, args, kind):
    node = wired(stack, Plain(kind), args.family)
    load_rules(node, kind, exposed(args))
    return Loaded(kind, node, args.family)


def beeline(stack, args, name):
    config = "xdp: native\n" if name == XDP else ""
    node = wired(stack, Node(f"overload-{name[9:].lower()}", config=config), args.family)
    node.apply("objects.yaml", NODES + rules.manifests(exposed(args)))
    wait_for(lambda: node.json("status")["services"] == args.services, 120, f"{args.services} Services")
    node.settled()
    return Loaded(name, node, args.family)


def all_setups(stack, args):
    makers = [(turned,), (routing,), (beeline, XDP), (beeline, "beeline, tc"), (netfilter, "nftables"),
              (netfilter, "iptables")]
    stand = []
    for make, *kind in makers:
        with undisturbed():
            stand.append(make(stack, args, *kind))
        if make != turned:
            stand[-1].open()
        stand[-1].receive_in_a_thread()
        stand[-1].prove()
    return stand


def one_round(number, stand, seconds):
    return {setup.name: setup.sample(seconds) for setup in rounds.turns(number, stand)}


def rows_of(samples, stand):
    return [{"measure": label, "setup": setup.name, "unit": unit,
             **figures([s[setup.name][label] for s in samples], [s["routing"][label] for s in samples])}
            for setup, (label, unit) in itertools.product(stand, MEASURES.items())]


def print_rows(rows):
    print("\n| 64 bytes, 1,000 flows of UDP | offered, Mpps: median | forwarded, Mpps: min | median | max | × routing | "
          "dropped | ns of the node's core a frame: min | median | × routing | core used |\n" + "|---" * 11 + "|")
    for setup in dict.fromkeys(r["setup"] for r in rows):
        offered, forwarded, dropped, cost, core = (r for r in rows if r["setup"] == setup)
        print(f"| {setup} | {offered['median']:.2f} | {forwarded['min']:.2f} | {forwarded['median']:.2f} | "
              f"{forwarded['max']:.2f} | {forwarded['ratio']:.2f} | {dropped['median']:.0f} % | {cost['min']:.0f} | "
              f"{cost['median']:.0f} | {cost['ratio']:.2f} | {core['median']:.0f} % |")


def main(stack):
    args = arguments()
    if GENERATOR == CORE:
        raise Failed("generator and node need a core each")
    begin = time.monotonic()
    stand = all_setups(stack, args)
    print(f"{len(stand)} nodes stand and do their job, {time.monotonic() - begin:.0f} s; frames are made on core "
          f"{GENERATOR}, nodes work on core {CORE}; load average {os.getloadavg()[0]:.1f}", flush=True)
    samples = rounds.run(args.rounds, lambda number: one_round(number, stand, args.seconds))
    rows = rows_of(samples, stand)
    if not args.quick:
        rounds.save("overload6" if args.family else "overload", rows)
    print_rows(rows)


if __name__ == "__main__":
    rounds.bench(main)
