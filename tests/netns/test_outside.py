"""Services of every kind, from inside and outside: three nodes, an outside client, and a table of what each is told."""
import collections
import itertools
import unittest

from node import FOREIGN, SERVE, Node, wait_for

ADDRS = {  # v4, v6
    "node1": ("10.99.0.11", "fd99::11"), "node2": ("10.99.0.12", "fd99::12"), "node3": ("10.99.0.13", "fd99::13"),
    "second": ("10.99.0.21", "fd99::21"),  # another address of node1, which does not answer on node ports
    "world": ("10.99.0.100", "fd99::100"), "stranger": ("10.97.0.1", "fd97::1"),
    "loopback": ("127.0.0.1", "::1"),
    "web": ("10.96.1.1", "fd96::101"), "near": ("10.96.1.2", "fd96::102"), "none": ("10.96.1.3", "fd96::103"),
    "sticky": ("10.96.1.4", "fd96::104"), "host": ("10.96.1.5", "fd96::105"), "one": ("10.96.1.6", "fd96::106"),
    "within": ("10.96.1.7", "fd96::107"),
    "external": ("198.51.100.9", "2001:db8:9::9"), "lb": ("198.51.100.10", "2001:db8:9::10"),
    "proxied": ("198.51.100.11", "2001:db8:9::11"),
}
NODE = """
apiVersion: v1
kind: Node
metadata: {{name: {name}}}
spec: {{podCIDRs: [10.244.{n}.0/24, "fd44:{n}::/64"]}}
status: {{addresses: [{{type: InternalIP, address: 10.99.0.1{n}}}, {{type: InternalIP, address: "fd99::1{n}"}}]}}
"""
SERVICE = """
apiVersion: v1
kind: Service
metadata: {{name: {name}}}
spec:
  clusterIPs: ["{v4}", "{v6}"]
  clusterIP: {v4}
  ipFamilyPolicy: RequireDualStack
  {more}
  ports:
  - {{name: http, port: 80, targetPort: 8080{np}}}
  - {{name: dns, port: 53, targetPort: 5353, protocol: UDP{npu}}}
{status}
"""
SLICE = """
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {{name: {name}-{n}, labels: {{kubernetes.io/service-name: {name}}}}}
addressType: {family}
ports: [{{name: http, port: 8080}}, {{name: dns, port: 5353, protocol: UDP}}]
endpoints: [{endpoints}]
"""
CONFIG = """
masquerade: {exclude: [10.244.0.0/16, "fd44::/16"]}
node_ports: {addresses: [10.99.0.8/29, "fd99::10/125"]}
"""
# Service, node ports (TCP, UDP), backends, more of the spec, status
EXTERNAL = 'externalIPs: ["198.51.100.9", "2001:db8:9::9"]'
SERVICES = (
    ("web", 30080, 30053, ("a1", "a2"), f"type: NodePort\n  {EXTERNAL}", ""),
    ("near", 30081, 30054, ("a1",), "type: NodePort\n  externalTrafficPolicy: Local", ""),
    ("none", 30082, 30055, (), "type: NodePort", ""),
    ("sticky", 30083, 30056, ("a1", "a2"),
     "type: NodePort\n  sessionAffinity: ClientIP\n  sessionAffinityConfig: {clientIP: {timeoutSeconds: 100}}", ""),
    ("host", 30084, 30057, ("node1",), "type: NodePort", ""),
    ("one", 0, 0, ("a2",), 'type: LoadBalancer\n  allocateLoadBalancerNodePorts: false\n'
     '  loadBalancerSourceRanges: [10.99.0.0/24, "fd99::/64"]',
     'status: {loadBalancer: {ingress: [{ip: 198.51.100.10}, {ip: "2001:db8:9::10"}, '
     '{ip: 198.51.100.11, ipMode: Proxy}, {ip: "2001:db8:9::11", ipMode: Proxy}]}}'),
    ("within", 0, 0, ("a2",), "internalTrafficPolicy: Local", ""),
)
BOTH, A1, A2, HOST = {"a1", "a2"}, {"a1"}, {"a2"}, {"node1"}
# Who asks whom on which port (TCP, UDP) and what comes of it: who answers, or how it fails; and as whom the client is
# seen where that is told.
Case = collections.namedtuple("Case", "who to ports expect sees", defaults=(None,))
CASES = (
    # cluster addresses
    Case("c1", "web", (80, 53), BOTH),
    Case("node1", "web", (80, 53), BOTH),
    Case("a1", "web", (80, 53), BOTH),
    Case("c2", "web", (80, 53), BOTH),
    Case("c1", "none", (80, 53), "refused"),
    Case("c1", "web", (81, 54), "refused"),
    Case("c1", "within", (80, 53), "refused"),
    Case("c2", "within", (80, 53), A2),
    # node ports: every node has them, wherever the backends are
    Case("world", "node1", (30080, 30053), BOTH),
    Case("world", "node2", (30080, 30053), BOTH),
    Case("world", "node3", (30080, 30053), BOTH),
    Case("c1", "node1", (30080, 30053), BOTH),
    Case("c1", "node2", (30080, 30053), BOTH),
    Case("c1", "node3", (30080, 30053), BOTH),
    Case("node1", "node1", (30080, 30053), BOTH),
    Case("node1", "loopback", (30080, 30053), BOTH),
    Case("c1", "loopback", (30080, 30053), "refused"),
    Case("world", "second", (30080, 30053), "refused"),
    Case("world", "node1", (30082, 30055), "refused"),
    Case("c1", "node1", (30082, 30055), "refused"),
    Case("node1", "node1", (30082, 30055), "refused"),
    # traffic policy Local: the client is seen as who it is, other nodes do not answer
    Case("world", "node1", (30081, 30054), A1, "world"),
    Case("world", "node2", (30081, 30054), "timeout"),
    Case("world", "node3", (30081, 30054), "timeout"),
    Case("c1", "node1", (30081, 30054), A1),
    Case("c2", "node2", (30081, 30054), A1),
    Case("c1", "node2", (30081, 30054), "timeout"),
    Case("node1", "node1", (30081, 30054), A1),
    # affinity
    Case("world", "node1", (30083, 30056), "one of them"),
    Case("c1", "sticky", (80, 53), "one of them"),
    # a process of the node
    Case("world", "node1", (30084, 30057), HOST, "world"),
    Case("world", "node2", (30084, 30057), HOST, "node2"),
    Case("c1", "host", (80, 53), HOST),
    Case("c2", "node2", (30084, 30057), HOST),
    # external addresses
    Case("world", "external", (80, 53), BOTH),
    Case("c1", "external", (80, 53), BOTH),
    Case("node1", "external", (80, 53), BOTH),
    Case("world", "external", (81, 54), "refused"),
    Case("c1", "external", (81, 54), "refused"),
    Case("world", "lb", (80, 53), A2, "node1"),
    Case("stranger", "lb", (80, 53), "timeout"),
    Case("stranger", "external", (80, 53), BOTH),
    Case("c1", "lb", (80, 53), A2),
    Case("node1", "lb", (80, 53), A2),
    Case("c1", "proxied", (80, 53), "unserved"),
)


def endpoints(names, addrs, family):
    nodes = {"a1": "node1", "a2": "node2", "node1": "node1"}
    return ", ".join('{addresses: ["%s"], nodeName: %s}' % (addrs[n][family], nodes[n]) for n in names)


class Outside(unittest.TestCase):
    config = CONFIG

    @classmethod
    def setUpClass(cls):
        cls.nodes = {}
        for n, name in ((1, "node1"), (2, "node2"), (3, "node3")):
            node = Node(name if n > 1 else "outside", cgroup="/sys/fs/cgroup", config=cls.config, quick=True,
                        pod_cidrs=(f"10.244.{n}.0/24", f"fd44:{n}::/64"), beside=cls.nodes.get("node1"))
            cls.nodes[name] = node.__enter__()
            cls.addClassCleanup(node.close)
        cls.wire()
        first = cls.nodes["node1"]
        cls.addrs = dict(ADDRS)
        for name, node in (("a1", "node1"), ("a2", "node2"), ("c1", "node1"), ("c2", "node2")):
            cls.addrs[name] = cls.nodes[node].container(name)
            if name.startswith("a"):
                cls.nodes[node].serve(name, "tcp:8080", "udp:5353")
        first.spawn("node", "python3", SERVE, "node1", "tcp:8080", "udp:5353")
        for node in cls.nodes.values():
            node.apply("objects.yaml", cls.objects())
            node.settled()
        wait_for(lambda: all(cls.ask("world", "tcp", (ADDRS[n][f], 30080), timeout=0.3)["ok"] for n in cls.nodes
                             for f in (0, 1)), 20, "node ports answer")

    @classmethod
    def wire(cls):
        """One link for all, behind a bridge that is the outside client's."""
        first = cls.nodes["node1"]
        for n in (2, 3):
            first.lab_sh("cable", f"node{n}", "eth0", "world", f"to{n}")
        first.sh("world", """
            ip link add br0 type bridge; ip link set br0 up
            ip addr flush dev eth0; for dev in eth0 to2 to3; do ip link set $dev master br0; done
            ip addr add 10.99.0.100/24 dev br0; ip addr add fd99::100/64 dev br0 nodad
            ip addr add 10.97.0.1/32 dev lo; ip addr add fd97::1/128 dev lo nodad
            ip route add 198.51.100.0/24 via 10.99.0.11; ip route add 2001:db8:9::/64 via fd99::11
            for n in 1 2 3; do ip route replace 10.244.$n.0/24 via 10.99.0.1$n
              ip route replace fd44:$n::/64 via fd99::1$n; done
            ip route del 10.244.0.0/16 || :; ip route del fd44::/16 || :""")
        for n, node in enumerate(cls.nodes.values(), 1):
            node.sh("node", f"""
                ip addr replace 10.99.0.1{n}/24 dev eth0; ip addr replace fd99::1{n}/64 dev eth0 nodad
                ip route replace default via 10.99.0.100; ip -6 route replace default via fd99::100
                for m in 1 2 3; do [ $m = {n} ] || {{ ip route replace 10.244.$m.0/24 via 10.99.0.1$m
                  ip route replace fd44:$m::/64 via fd99::1$m; }}; done""")
        first.sh("node", "ip addr add 10.99.0.21/24 dev eth0; ip addr add fd99::21/64 dev eth0 nodad preferred_lft 0")
        cls.prepare_wire()
        for node in cls.nodes.values():
            node.settled()
            wait_for(lambda: "eth0" in {h["device"] for h in node.json("hook", "list")}, 10, "eth0 is in use")

    @classmethod
    def prepare_wire(cls):
        pass

    @classmethod
    def objects(cls):
        documents = [NODE.format(name=f"node{n}", n=n) for n in (1, 2, 3)]
        for name, tcp, udp, backends, more, status in SERVICES:
            np, npu = (f", nodePort: {port}" if port else "" for port in (tcp, udp))
            documents.append(SERVICE.format(name=name, v4=ADDRS[name][0], v6=ADDRS[name][1], more=more, np=np, npu=npu,
                                            status=status))
            documents += [SLICE.format(name=name, n=f, family=family, endpoints=endpoints(backends, cls.addrs, f))
                          for f, family in enumerate(("IPv4", "IPv6"))]
        return "\n---\n".join(documents)

    @classmethod
    def ask(cls, who, proto, at, **more):
        """at: address and port."""
        to, port = at
        if who == "stranger":  # of the world, with an address that no source range has
            return cls.nodes["node1"].ask("world", proto, to, port,
                                          source=ADDRS["stranger"][1 if ":" in to else 0], **more)
        place = {"c1": ("node1", "c1"), "a1": ("node1", "a1"), "c2": ("node2", "c2"), "a2": ("node2", "a2"),
                 "world": ("node1", "world")}.get(who, (who, "node"))
        return cls.nodes[place[0]].ask(place[1], proto, to, port, **more)

    def check(self, case, family, proto):
        at = ADDRS[case.to][family], case.ports[proto == "udp"]
        if case.expect in ("refused", "timeout", "unserved"):
            got = self.ask(case.who, proto, at, timeout=0.4, connected=1)
            self.assertEqual(got["ok"], 0, got)
            if case.expect != "unserved":
                self.assertEqual(got["error"], case.expect, got)
            return
        got = self.ask(case.who, proto, at, count=24)
        self.assertEqual(got["ok"], 24, got)
        if case.expect == "one of them":
            self.assertEqual(len(got["answers"]), 1, got)
        else:
            self.assertEqual(set(got["answers"]), case.expect, got)
        if case.sees:
            self.assertEqual(got["sees"], ADDRS[case.sees][family], got)

    def test_the_table(self):
        for case, family, proto in itertools.product(CASES, (0, 1), ("tcp", "udp")):
            with self.subTest(who=case.who, to=case.to, family=(4, 6)[family], proto=proto, expect=case.expect):
                self.check(case, family, proto)

    def test_a_process_of_the_node_cannot_take_a_node_port(self):
        for port, error in ((30080, "Operation not permitted"), (30090, "")):
            script = f"import socket; socket.socket().bind(('', {port}))"
            done = self.nodes["node1"].run("node", "python3", "-c", script, check=False)
            self.assertEqual(error in done.stderr, True, done.stderr)
            self.assertEqual(done.returncode != 0, bool(error), done.stderr)
        self.nodes["node1"].run("c1", "python3", "-c", "import socket; socket.socket().bind(('', 30080))")


class Xdp(Outside):
    """The same with XDP on the nodes' devices, in the driver."""
    config = CONFIG + "xdp: native\n"
    mode = "xdp/native"

    @classmethod
    def prepare_wire(cls):
        """Frames with whole checksums, as on a real wire; and a veth hands on what comes back if its peer has XDP."""
        first = cls.nodes["node1"]
        for node in cls.nodes.values():
            node.sh("node", "ethtool -K eth0 tx off")
        first.sh("world", "for dev in br0 eth0 to2 to3; do ethtool -K $dev tx off; done")
        for dev in ("eth0", "to2", "to3"):
            first.run("world", "python3", FOREIGN, "xdp", f"/sys/fs/bpf/pass_{dev}", dev)

    def test_it_is_attached_and_has_turned_flows_round(self):
        case = Case("world", "node3", (30080, 30053), BOTH)
        before = self.turned()
        for family in (0, 1):
            for proto in ("tcp", "udp"):
                self.check(case, family, proto)
        hooks = {(h["device"], h["hook"], h["program"]) for h in self.nodes["node3"].json("hook", "list")}
        self.assertIn(("eth0", self.mode, "bl_xdp"), hooks)
        self.assertGreater(self.turned() - before, 24 * 2)

    def turned(self):
        return sum(c["packets"] for c in self.nodes["node3"].json("counter", "list") if c["hook"] == "xdp")


class GenericXdp(Xdp):
    config = CONFIG + 'xdp: {"eth*": generic}\n'
    mode = "xdp/generic"


if __name__ == "__main__":
    unittest.main()
