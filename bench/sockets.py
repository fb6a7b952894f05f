"""Real sockets: requests, connections and bulk between containers and out of the node, beside others who do the same.

Set-ups (setups.py) stand side by side and take turns within each round, all clients and servers on one core; a ratio is
that to plain routing of the same round. CPU is that of all processes of a set-up's lab. Each answer tells who answered
and by which address it saw the container, and a wrong one ends the run. Writes bench/results/sockets.json: rows
{measure, path, setup, unit, min, median, max, ratio}, ratio being the median of the rounds'.
"""
import argparse
import collections
import itertools
import os
import statistics
import time

import rounds
import setups

PATHS = {"container": "container to container", "service": "container to service", "remote": "container to remote",
         "inbound": "remote to container"}
PATHS |= {f"{path}6": f"{words}, IPv6" for path, words in PATHS.items()}
Measure = collections.namedtuple("Measure", "kind key unit less")
MEASURES = {
    "round trip, p50": Measure("ask", "p50", "us", True),
    "round trips": Measure("ask", "rate", "/s", False),
    "CPU a round trip": Measure("ask", "cpu", "us", True),
    "UDP round trip, p50": Measure("udp", "p50", "us", True),
    "CPU a UDP round trip": Measure("udp", "cpu", "us", True),
    "connections": Measure("connect", "rate", "/s", False),
    "CPU a connection": Measure("connect", "cpu", "us", True),
    "bulk": Measure("bulk", "rate", "Gbit/s", False),
    "CPU a gigabyte": Measure("bulk", "cpu", "s", True),
}


def arguments():
    parser = argparse.ArgumentParser(description="Real sockets, beside plain routing, nftables and iptables.")
    parser.add_argument("--rounds", type=int, default=7, help="after one that is thrown away")
    parser.add_argument("--seconds", type=float, default=0.2, help="of requests, and of connections, each time")
    parser.add_argument("--bulk", default="256M", help="bytes of a transfer, as iperf3 takes them")
    parser.add_argument("--services", type=int, default=10000, help="of the set-ups with many")
    parser.add_argument("--family", choices=("4", "6", "both"), default="both", help="IPv6 where there is one Service")
    parser.add_argument("--only", default="", help="routing and set-ups beginning so, e.g. nftables; writes no results")
    return parser.parse_args()


def sample(setup, path, kind, args):
    """{"rate", "cpu", "core": what part of the core's time it had} and p50 of requests."""
    target = setup.targets[path]
    before = setup.cpu_us()
    if kind == "bulk":
        got = setup.bulk(target, args.bulk)
        cpu = setup.cpu_us() - before
        return {"rate": got["bits_per_second"] / 1e9, "cpu": cpu / 1e6 / (got["bytes"] / 1e9)}
    got = setup.order(kind, target, args.seconds)
    cpu = setup.cpu_us() - before
    return {"rate": got["count"] / got["seconds"], "cpu": cpu / got["count"], "p50": got["p50_us"],
            "core": cpu / 1e6 / got["seconds"]}


def one_round(number, stand, args):
    """{(kind, path, set-up): sample}"""
    return {(kind, path, setup.name): sample(setup, path, kind, args)
            for kind, path in itertools.product(("ask", "udp", "connect", "bulk"), PATHS)
            for setup in rounds.turns(number, stand) if path in setup.targets}


def run(stand, args):
    samples = rounds.run(args.rounds, lambda number: one_round(number, stand, args))
    core = statistics.median(s["core"] for each in samples for s in each.values() if "core" in s)
    print(f"set-ups had {core:.0%} of the core")
    return samples


def plain_of(path):
    """Service paths have no plain counterpart: they are compared with plain routing to the same container."""
    return path.replace("service", "container")


def row(samples, label, path, name):
    measure = MEASURES[label]
    values = [s[measure.kind, path, name][measure.key] for s in samples]
    plain = [s[measure.kind, plain_of(path), "routing"][measure.key] for s in samples]
    return {"measure": label, "path": path, "setup": name, "unit": measure.unit, **rounds.figures(values, plain, 4)}


def rows_of(samples, stand):
    return [row(samples, label, path, s.name) for path, label in itertools.product(PATHS, MEASURES)
            for s in stand if path in s.targets]


def print_rows(rows):
    before = ()
    for r in rows:
        if before != (r["path"], r["measure"]):
            before = (r["path"], r["measure"])
            head = f"{PATHS[r['path']]}: {r['measure']}, {r['unit']}"
            print(f"\n{head:<58} {'min':>10} {'median':>10} {'x routing':>10}")
        print(f"  {r['setup']:<56} {r['min']:>10.2f} {r['median']:>10.2f} {r['ratio']:>10.2f}")


def print_markdown(rows):
    """What stands in docs/performance.md: routing's medians, and the others' ratios to it."""
    for path, words in PATHS.items():
        cells = {(r["measure"], r["setup"]): r for r in rows if r["path"] == path}
        if not cells:
            continue
        names = [name for name in dict.fromkeys(s for _, s in cells) if name != "routing"]
        print(f"\n| {words} | routing | " + " | ".join(names) + " |\n|---|---|" + "---|" * len(names))
        for label, measure in MEASURES.items():
            plain = next(r for r in rows
                         if (r["measure"], r["path"], r["setup"]) == (label, plain_of(path), "routing"))
            ratios = " | ".join(f"{cells[label, name]['ratio']:.2f}" for name in names)
            print(f"| {label} | {plain['median']:,.{0 if measure.unit == '/s' else 2}f} {measure.unit} | {ratios} |")


def slower(rows):
    """First aim: at least plain routing in everything. Below 10 % nothing is called a difference."""
    for r in rows:
        cost = r["ratio"] if MEASURES[r["measure"]].less else 1 / r["ratio"]
        if r["setup"].startswith("beeline") and cost > 1.1:
            yield f"{PATHS[r['path']]}: {r['measure']}, {r['setup']}: {r['ratio']:.2f} x routing"


def dearer(samples, stand):
    """Second aim: less CPU a request and a connection than netfilter with as many services."""
    others = [setup for setup in stand if setup.netfilter]
    for setup, path, kind in itertools.product(others, PATHS, ("ask", "udp", "connect")):
        theirs, ours = (kind, path, setup.name), (kind, path, "beeline " + setup.name.split()[1])
        if not {ours, theirs} <= set(samples[0]):
            continue
        ratio = statistics.median(r[ours]["cpu"] / r[theirs]["cpu"] for r in samples)
        if ratio >= 1:
            yield f"{PATHS[path]}: CPU of {kind}, {ours[2]}: {ratio:.2f} x {setup.name}"


def main(stack):
    args = arguments()
    begin = time.monotonic()
    stand = setups.all_setups(stack, args)
    for setup in stand:
        setup.prove()
    print(f"{len(stand)} set-ups stand and do their job, {time.monotonic() - begin:.0f} s; load average "
          f"{os.getloadavg()[0]:.1f}", flush=True)
    samples = run(stand, args)
    rows = rows_of(samples, stand)
    if not args.only and args.family == "both":
        rounds.save("sockets", rows)
    print_rows(rows)
    print_markdown(rows)
    print("\naims missed:", *([*slower(rows), *dearer(samples, stand)] or ["none"]), sep="\n  ")


if __name__ == "__main__":
    rounds.bench(main)
