"""The set-ups that sockets.py measures side by side: each a lab of its own, containers a and b and the host "world".

a asks; b and world answer, each set-up the same programs on the same core. What differs is who forwards the packets.
"""
import contextlib
import dataclasses
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
NODE, WORLD = "10.99.0.11", "10.99.0.100"
CGROUPS = next(pathlib.Path(line.split()[1]) for line in open("/proc/mounts") if line.split()[2] == "cgroup2")
IPTABLES = "iptables-legacy-restore"  # iptables-nft takes twice as long to walk the same 10,000 rules


class Plain(Node):
    """A lab without an agent: the kernel routes between the containers' veth pairs."""

    def start_agent(self, *_more, **_how):
        self.containers = 0

    def container(self, name, **_more):
        self.containers += 1
        addr = f"10.244.1.{1 + self.containers}"
        self.lab_sh("container", name)
        self.sh("node", f"""ip link add lxc_{name} type veth peer name eth0 netns {name}
            ip addr add 10.244.1.1/32 dev lxc_{name}; ip link set lxc_{name} up; ip route add {addr}/32 dev lxc_{name}
            ip -n {name} addr add {addr}/32 dev eth0; ip -n {name} link set eth0 up
            ip -n {name} route add 10.244.1.1/32 dev eth0; ip -n {name} route add default via 10.244.1.1 dev eth0""")
        return addr, None


@dataclasses.dataclass
class Target:
    addr: str
    port: int
    bulk_port: int
    reply: str  # who answers, and by which address it sees the container: the proof that the set-up does its job


class Setup:
    """targets: {path: Target}"""

    def __init__(self, name, node, targets):
        self.name, self.node, self.targets = name, node, targets
        self.netfilter, self.beeline = name.startswith(("nftables", "iptables")), name.startswith("beeline")
        self.usage = CGROUPS / "beeline-lab" / node.lab / "cpu.stat"
        self.asker = subprocess.Popen([LAB, "exec", "a", *PINNED, PROGRAM, "ask"], env=node.env(), text=True,
                                      stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        node.children.append(self.asker)

    def order(self, what, target, seconds):
        """One measurement of bl_bench_sockets, see there."""
        self.asker.stdin.write(f"{what} {target.addr} {target.port} {seconds}\n")
        self.asker.stdin.flush()
        got = json.loads(self.asker.stdout.readline() or '{"error": "the client ended"}')
        if "error" in got or (what == "ask" and got["reply"] != target.reply):
            raise Failed(f"{self.name}: {what} {target}: {got}")
        return got

    def bulk(self, target, size):
        done = self.node.run("a", *PINNED, "iperf3", "-J", "-c", target.addr, "-p", target.bulk_port, "-n", size)
        return json.loads(done.stdout)["end"]["sum_received"]

    def cpu_us(self):
        """Of all processes of this lab, the agent's too. Softirqs run in the time of the process that sends."""
        return int(self.usage.read_text().split()[1])

    def prove(self):
        """Every path answers, seen by the right address; by the means of this set-up and by no other's."""
        before = self.packets()
        answers = sum(self.order("ask", target, 0.02)["count"] for target in self.targets.values())
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
    for port in ports:
        node.spawn(where, *PINNED, *((PROGRAM, "serve", where, port) if port >= 7000 else ("iperf3", "-s", "-p", port)))

    def listening():
        text = node.run(where, "ss", "-Htln").stdout
        return all(f":{port} " in text for port in ports)
    wait_for(listening, 30, f"servers in {where}")


def populated(stack, node):
    """Containers a and b with servers; returns their addresses. The lab goes with the stack, come what may."""
    stack.callback(node.close)
    node.__enter__()
    a, b = node.container("a")[0], node.container("b")[0]
    node.sh("a", "sysctl -qw net.ipv4.ip_local_port_range='10000 65000' net.ipv4.tcp_tw_reuse=1")
    serve(node, "b", 7000, 7001, 5201, 5202)
    serve(node, "world", 7000, 5201)
    return a, b


def routing(stack):
    """Plain routing, and as a floor the sockets of a alone, without any device."""
    node = Plain("routing")
    a, b = populated(stack, node)
    serve(node, "a", 7000, 5201)
    yield Setup("floor: loopback", node, {"container": Target("127.0.0.1", 7000, 5201, "a 127.0.0.1")})
    yield Setup("routing", node, {"container": Target(b, 7000, 5201, f"b {a}"),
                                  "remote": Target(WORLD, 7000, 5201, f"world {a}")})


def with_services(name, node, addresses):
    a, b = addresses
    return Setup(name, node, {"container": Target(b, 7000, 5201, f"b {a}"),
                              "service": Target(rules.VIP, 80, 5201, f"b {a}"),
                              "remote": Target(WORLD, 7000, 5201, f"world {NODE}")})


def netfilter(stack, kind, services):
    node = Plain(f"{kind}{services}")
    addresses = populated(stack, node)
    text, command = {"nftables": (rules.nftables, "nft -f"), "iptables": (rules.iptables, IPTABLES)}[kind]
    file = node.dir / "rules"
    file.write_text(text(rules.service_ports(services, addresses[1])))
    node.sh("node", f"{command} {file}", timeout=120)
    yield with_services(f"{kind} {services:,}", node, addresses)


def beeline(stack, services, cgroup=None):
    node = Node(f"beeline{services}{'c' if cgroup else ''}", cgroup=cgroup)
    addresses = populated(stack, node)
    node.apply("services.yaml", rules.manifests(rules.service_ports(services, addresses[1])))
    wait_for(lambda: node.json("status")["services"] == services, 60, f"{services} Services")
    node.settled()
    yield with_services(f"beeline {services:,}{' connect' if cgroup else ''}", node, addresses)


@contextlib.contextmanager
def undisturbed():
    """What starts labs is not cut in half by Ctrl-C: that is seen afterwards. Children inherit this."""
    stops = {signal.SIGINT, signal.SIGTERM}
    signal.pthread_sigmask(signal.SIG_BLOCK, stops)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, stops)


def all_setups(stack, many, only):
    """Plain routing, and those whose names begin with `only`."""
    makers = {
        "beeline 1": lambda: beeline(stack, 1),
        "beeline many": lambda: beeline(stack, many),
        "beeline connect": lambda: beeline(stack, many, cgroup="/sys/fs/cgroup"),
        "nftables 1": lambda: netfilter(stack, "nftables", 1),
        "nftables many": lambda: netfilter(stack, "nftables", many),
        "iptables 1": lambda: netfilter(stack, "iptables", 1),
        "iptables many": lambda: netfilter(stack, "iptables", many),
    }
    setups = []
    for make in [lambda: routing(stack), *(make for name, make in makers.items() if name.startswith(only))]:
        with undisturbed():
            setups += make()
    stack.callback(signal.signal, signal.SIGINT, signal.SIG_IGN)  # the labs come down undisturbed, too
    return setups
