"""The set-ups that sockets.py measures side by side, and parts of what others do: each a lab of its own, containers a and
b and the host "world".

a asks b and world, world asks b; each set-up the same programs on the same core. What differs is who forwards packets.
"""
import contextlib
import dataclasses
import itertools
import json
import os
import pathlib
import signal
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
os.environ.setdefault("BEELINE_BUILD", str(HERE.parent / "build" / "release"))
sys.path.insert(0, str(HERE.parent / "tests" / "netns"))
from node import BUILD, LAB, Failed, Node, wait_for  # noqa: E402
import rules  # noqa: E402

PROGRAM = BUILD / "bench" / "bl_bench_sockets"
CORE = max(os.sched_getaffinity(0))  # clients and servers run here, everything else elsewhere
PINNED = ("taskset", "-c", str(CORE))
NODE, WORLD = ("10.99.0.11", "fd99::11"), ("10.99.0.100", "fd99::100")
CGROUPS = next(pathlib.Path(line.split()[1]) for line in open("/proc/mounts") if line.split()[2] == "cgroup2")
# iptables-nft takes twice as long to walk the same 10,000 rules.
IPTABLES = ("iptables-legacy-restore", "ip6tables-legacy-restore")


class Plain(Node):
    """A lab without an agent: the kernel routes between the containers' veth pairs."""

    def start_agent(self, *_more, **_how):
        self.containers = 0

    def log(self):
        return ""

    def container(self, name, **_more):
        self.containers += 1
        addr, addr6 = f"10.244.1.{1 + self.containers}", f"fd44:1::{1 + self.containers:x}"
        self.lab_sh("container", name)
        self.sh("node", f"""ip link add lxc_{name} type veth peer name eth0 netns {name}
            ip addr add 10.244.1.1/32 dev lxc_{name}; ip link set lxc_{name} up; ip route add {addr}/32 dev lxc_{name}
            ip -n {name} addr add {addr}/32 dev eth0; ip -n {name} link set eth0 up
            ip -n {name} route add 10.244.1.1/32 dev eth0; ip -n {name} route add default via 10.244.1.1 dev eth0
            ip addr add fe80::1/64 dev lxc_{name} nodad; ip route add {addr6}/128 dev lxc_{name}
            ip -n {name} addr add {addr6}/128 dev eth0 nodad; ip -n {name} route add default via fe80::1 dev eth0""")
        return addr, addr6


@dataclasses.dataclass
class Target:
    addr: str
    port: int
    bulk_port: int
    reply: str  # who answers, and by which address it sees the client: the proof that the set-up does its job
    client: str = "a"


class Setup:
    """targets: {path: Target}"""

    def __init__(self, name, node, targets):
        self.name, self.node, self.targets = name, node, targets
        self.netfilter, self.beeline = name.startswith(("nftables", "iptables")), name.startswith("beeline")
        self.usage = CGROUPS / "beeline-lab" / node.lab / "cpu.stat"
        self.askers = {where: self.asker(where) for where in {target.client for target in targets.values()}}

    def asker(self, where):
        asker = subprocess.Popen([LAB, "exec", where, *PINNED, PROGRAM, "ask"], env=self.node.env(), text=True,
                                 stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.node.children.append(asker)
        return asker

    def order(self, what, target, seconds):
        """One measurement of bl_bench_sockets, see there."""
        asker = self.askers[target.client]
        asker.stdin.write(f"{what} {target.addr} {target.port} {seconds}\n")
        asker.stdin.flush()
        got = json.loads(asker.stdout.readline() or '{"error": "the client ended"}')
        if "error" in got or ("reply" in got and what != "connect" and got["reply"] != target.reply):
            raise Failed(f"{self.name}: {what} {target}: {got}")
        return got

    def bulk(self, target, size):
        done = self.node.run(target.client, *PINNED, "iperf3", "-J", "-c", target.addr, "-p", target.bulk_port,
                             "-n", size)
        return json.loads(done.stdout)["end"]["sum_received"]

    def cpu_us(self):
        """Of all processes of this lab, the agent's too. Softirqs run in the time of the process that sends."""
        return int(self.usage.read_text().split()[1])

    def prove(self):
        """Every path answers, seen by the right address; by the means of this set-up and by no other's."""
        before = self.packets()
        answers = sum(self.order(what, target, 0.02)["count"]
                      for what in ("ask", "udp") for target in self.targets.values())
        for target in self.targets.values():
            self.order("connect", target, 0.02)
        tracked = int(self.node.run("node", "cat", "/proc/sys/net/netfilter/nf_conntrack_count").stdout)
        if (tracked > 0) != self.netfilter:
            raise Failed(f"{self.name}: {tracked} connections tracked by netfilter")
        if self.beeline and self.packets() - before < 2 * answers:
            raise Failed(f"{self.name}: only {self.packets() - before} packets forwarded for {answers} answers")

    def packets(self):
        return self.node.counters()["forwarded"] if self.beeline else 0


def serve(node, where, *ports):
    """Ports from 7000 on: our servers of TCP and UDP, one a family, so that none translates for another."""
    for port in ports:
        if port < 7000:
            node.spawn(where, *PINNED, "iperf3", "-s", "-p", port)
        else:
            for kind, any_addr in itertools.product(("serve", "echo"), ("0.0.0.0", "::")):
                node.spawn(where, *PINNED, PROGRAM, kind, where, any_addr, port)

    def listening():
        text = node.run(where, "ss", "-Htuln").stdout
        return all(text.count(f":{port} ") == (1 if port < 7000 else 4) for port in ports)
    wait_for(listening, 30, f"servers in {where}")


def populated(stack, node):
    """Containers a and b with servers; returns their addresses, a pair each. The lab goes with the stack, come what
    may."""
    stack.callback(node.close)
    node.__enter__()
    a, b = node.container("a"), node.container("b")
    for where in ("a", "world"):
        node.sh(where, "sysctl -qw net.ipv4.ip_local_port_range='10000 65000' net.ipv4.tcp_tw_reuse=1")
    serve(node, "b", 7000, 7001, 5201, 5202)
    serve(node, "world", 7000, 5201)
    return a, b


def by_family(families, targets):
    """Both families' targets in one: {"remote": v4's, "remote6": v6's}. targets: a function of 0 for v4, 1 for v6."""
    return {path + ("6" if family else ""): target
            for family in families for path, target in targets(family).items()}


def routing(stack, families):
    """Plain routing, and as a floor the sockets of a alone, without any device."""
    node = Plain("routing")
    a, b = populated(stack, node)
    serve(node, "a", 7000, 5201)

    def loopback(f):
        return {"container": Target(("127.0.0.1", "::1")[f], 7000, 5201, f"a {('127.0.0.1', '::1')[f]}")}
    yield Setup("floor: loopback", node, by_family(families, loopback))
    yield Setup("routing", node, by_family(families, lambda f: {
        "container": Target(b[f], 7000, 5201, f"b {a[f]}"),
        "remote": Target(WORLD[f], 7000, 5201, f"world {a[f]}"),
        "inbound": Target(b[f], 7000, 5201, f"b {WORLD[f]}", "world")}))


def with_services(name, node, addresses, families):
    a, b = addresses
    return Setup(name, node, by_family(families, lambda f: {
        "container": Target(b[f], 7000, 5201, f"b {a[f]}"),
        "service": Target(rules.FAMILIES[f].vip, 80, 5201, f"b {a[f]}"),
        "remote": Target(WORLD[f], 7000, 5201, f"world {NODE[f]}"),
        "inbound": Target(b[f], 7000, 5201, f"b {WORLD[f]}", "world")}))


def load_rules(node, kind, ports):
    texts = {"nft -f": rules.nftables(ports)} if kind == "nftables" else {
        command: rules.iptables(ports, family) for command, family in zip(IPTABLES, rules.FAMILIES)}
    for number, (command, text) in enumerate(texts.items()):
        file = node.dir / f"rules{number}"
        file.write_text(text)
        node.sh("node", f"{command} {file}", timeout=180)


def netfilter(stack, families, kind, services):
    node = Plain(f"{kind}{services}")
    addresses = populated(stack, node)
    ports = rules.service_ports(services, addresses[1])
    load_rules(node, kind, ports)
    yield with_services(f"{kind} {services:,}", node, addresses, families)


def beeline(stack, families, services, cgroup=None):
    node = Node(f"beeline{services}{'c' if cgroup else ''}", cgroup=cgroup)
    addresses = populated(stack, node)
    node.apply("services.yaml", rules.manifests(rules.service_ports(services, addresses[1])))
    wait_for(lambda: node.json("status")["services"] == services + 1, 60, f"{services} Services")
    node.settled()
    yield with_services(f"beeline {services:,}{' connect' if cgroup else ''}", node, addresses, families)


@contextlib.contextmanager
def undisturbed():
    """What starts labs is not cut in half by Ctrl-C: that is seen afterwards. Children inherit this."""
    stops = {signal.SIGINT, signal.SIGTERM}
    signal.pthread_sigmask(signal.SIG_BLOCK, stops)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, stops)


def all_setups(stack, args):
    """Plain routing, and those whose names begin with `args.only`. IPv6 is measured where there is one Service."""
    wanted = {"4": (0,), "6": (1,), "both": (0, 1)}[args.family]
    v4 = tuple(f for f in wanted if f == 0)
    makers = {
        "beeline 1": lambda: beeline(stack, wanted, 1),
        "beeline many": lambda: beeline(stack, v4, args.services),
        "beeline connect": lambda: beeline(stack, v4, args.services, cgroup="/sys/fs/cgroup"),
        "nftables 1": lambda: netfilter(stack, wanted, "nftables", 1),
        "nftables many": lambda: netfilter(stack, v4, "nftables", args.services),
        "iptables 1": lambda: netfilter(stack, wanted, "iptables", 1),
        "iptables many": lambda: netfilter(stack, v4, "iptables", args.services),
    }
    chosen = [make for name, make in makers.items() if name.startswith(args.only) and (v4 or name.endswith(" 1"))]
    setups = []
    for make in [lambda: routing(stack, wanted), *chosen]:
        with undisturbed():
            setups += make()
    return setups
