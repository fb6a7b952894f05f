"""Containers, the world and another node's containers by the node's own devices: all ways out, with the same checks."""
import re
import unittest

from node import Node, wait_for

WORLD = ("10.99.0.100", "fd99::100")
WORLD2 = ("10.99.0.101", "fd99::101")
NODES = ("10.99.0.11", "fd99::11")
PODS = 'masquerade: {exclude: [10.244.0.0/16, "fd44::/16"%s]}\n'
POLICY = """
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web}
spec:
  podSelector: {matchLabels: {app: b}}
  policyTypes: [Ingress, Egress]
  ingress: [{ports: [{port: 8080}]}]
  egress: [{ports: [{port: 8082}]}]
"""
NFT = """
table inet seen {
  counter forwarded { }
  chain forward { type filter hook forward priority 0; counter name forwarded; }
}
"""


class Checks:
    config = ""
    forwarding = 1
    netfilter_sees = False

    @classmethod
    def setUpClass(cls):
        name = cls.__name__.lower()
        cls.node = Node(f"up-{name}", config=cls.config + PODS % "", quick=True).__enter__()
        cls.addClassCleanup(cls.node.close)
        cls.node2 = Node("node2", config=cls.config + PODS % "", pod_cidrs=("10.244.2.0/24", "fd44:2::/64"),
                         beside=cls.node, quick=True).__enter__()
        cls.addClassCleanup(cls.node2.close)
        cls.node.lab_sh("cable", "node", "eth1", "node2", "eth1")
        for node, own, other in ((cls.node, 1, 2), (cls.node2, 2, 1)):
            node.sh("node", f"""
                ip addr add 10.98.0.1{own}/24 dev eth1; ip addr add fd98::1{own}/64 dev eth1 nodad
                ip route add 10.244.{other}.0/24 via 10.98.0.1{other}
                ip route add fd44:{other}::/64 via fd98::1{other}
                sysctl -qw net.ipv4.ip_forward={cls.forwarding} net.ipv6.conf.all.forwarding={cls.forwarding}""")
        cls.node.run("world", "sh", "-ec", f"""
            ip addr add {WORLD2[0]}/24 dev eth0; ip addr add {WORLD2[1]}/64 dev eth0 nodad preferred_lft 0""")
        cls.a = cls.node.container("a")
        cls.b = cls.node.container("b", {"app": "b"})
        cls.far = cls.node2.container("a")
        for node, where in ((cls.node, "world"), (cls.node, "b"), (cls.node2, "a")):
            node.serve(where, "tcp:8080", "tcp:8082", "udp:5353")
        cls.node.run("node", "nft", NFT)
        for node in (cls.node, cls.node2):
            node.settled()
            wait_for(lambda: {h["device"] for h in node.json("hook", "list")} >= {"eth1"}, 10, "eth1 is in use")
        wait_for(lambda: all(cls.node.ask("a", "tcp", f, 8080, timeout=0.3)["ok"] for f in cls.far), 10, "node2 answers")

    def no_policy(self):
        (self.node.manifests / "policy.yaml").unlink()
        self.node.settled()

    def forwarded(self):
        return int(re.search(r"packets (\d+)", self.node.run("node", "nft", "list", "counter", "inet", "seen",
                                                             "forwarded").stdout)[1])

    def test_the_world_sees_the_address_of_the_node(self):
        for to, seen in zip(WORLD, NODES):
            for proto, port in (("tcp", 8080), ("udp", 5353)):
                with self.subTest(to=to, proto=proto):
                    got = self.node.ask("a", proto, to, port, count=5)
                    self.assertEqual((got["ok"], got["sees"]), (5, seen), got)

    def test_the_world_answers_pings_with_an_echo_for_each(self):
        for to in WORLD:
            out = self.node.run("a", "ping", "-c", "3", "-i", "0.05", "-W", "2", to).stdout
            self.assertIn("3 received", out)
            self.assertNotIn("DUP", out)

    def test_the_world_reaches_containers_by_their_own_addresses(self):
        for own, other in zip(self.b, WORLD):
            for proto, port in (("tcp", 8080), ("udp", 5353)):
                with self.subTest(to=own, proto=proto):
                    got = self.node.ask("world", proto, own, port, count=5)
                    self.assertEqual((got["ok"], got["sees"]), (5, other), got)
            self.node.run("world", "ping", "-c", "2", "-i", "0.05", "-W", "2", own)

    def test_policy_decides_about_the_world_in_both_directions(self):
        web = self.b
        self.node.apply("policy.yaml", POLICY)
        self.addCleanup(self.no_policy)
        self.node.settled()
        for i in (0, 1):
            for where, to, port, ok in (("world", web[i], 8080, 1), ("world", web[i], 8082, 0),
                                        ("b", WORLD[i], 8082, 1), ("b", WORLD[i], 8080, 0)):
                with self.subTest(where=where, to=to, port=port):
                    self.assertEqual(self.node.ask(where, "tcp", to, port, timeout=2 if ok else 0.3)["ok"], ok)

    def test_containers_of_two_nodes_see_each_other_with_their_own_addresses(self):
        for here, there in zip(self.a, self.far):
            for proto, port in (("tcp", 8080), ("udp", 5353)):
                with self.subTest(to=there, proto=proto):
                    got = self.node.ask("a", proto, there, port, count=5)
                    self.assertEqual((got["ok"], got["sees"]), (5, here), got)
            self.node.run("a", "ping", "-c", "2", "-i", "0.05", "-W", "2", there)
        for here, there in zip(self.far, self.b):
            got = self.node2.ask("a", "tcp", there, 8080)
            self.assertEqual((got["ok"], got["sees"]), (1, here), got)

    def test_the_nodes_reach_containers_of_each_other(self):
        for there in self.far:
            self.assertEqual(self.node.ask("node", "tcp", there, 8080)["ok"], 1)
        for there in self.b:
            self.assertEqual(self.node2.ask("node", "tcp", there, 8080)["ok"], 1)

    def test_two_containers_with_the_same_source_port(self):
        for to in WORLD:
            for proto, port in (("tcp", 8080), ("udp", 5353)):
                with self.subTest(to=to, proto=proto):
                    for where in ("a", "b", "a"):
                        got = self.node.ask(where, proto, to, port, source_port=20001, count=3, one_socket=1)
                        self.assertEqual(got["ok"], 3, got)

    def test_the_same_source_port_to_several_destinations(self):
        for to, other in zip(WORLD, WORLD2):
            for proto, port in (("tcp", 8080), ("udp", 5353)):
                for where in (to, other):
                    with self.subTest(to=where, proto=proto):
                        got = self.node.ask("a", proto, where, port, source_port=20002, count=3, one_socket=1)
                        self.assertEqual(got["ok"], 3, got)

    def test_who_sees_what_containers_say_to_the_world(self):
        before = self.forwarded()
        for to, far in zip(WORLD, self.far):
            self.assertEqual(self.node.ask("a", "tcp", to, 8080, count=3)["ok"], 3)
            self.assertEqual(self.node.ask("a", "tcp", far, 8080, count=3)["ok"], 3)
        for own in self.b:
            self.assertEqual(self.node.ask("world", "tcp", own, 8080, count=3)["ok"], 3)
        counted = self.forwarded() - before
        (self.assertGreater if self.netfilter_sees else self.assertEqual)(counted, 0)

    def test_an_excluded_prefix_sees_the_container_from_the_next_signal_on(self):
        self.addCleanup(self.node.reload, self.config + PODS % "")
        pid = self.node.agent_pid()
        self.node.reload(self.config + PODS % ', 10.99.0.101/32, "fd99::101/128"')
        for to, own in zip(WORLD2, self.a):
            wait_for(lambda: self.node.ask("a", "tcp", to, 8080)["sees"] == own, 5, "exclude")
            self.assertEqual(self.node.ask("a", "udp", to, 5353)["sees"], own)
        for to, node in zip(WORLD, NODES):
            self.assertEqual(self.node.ask("a", "tcp", to, 8080)["sees"], node)
        self.assertEqual(self.node.agent_pid(), pid)


class Direct(Checks, unittest.TestCase):
    """Nothing is forwarded by the host's stack: it may not even be allowed to."""
    forwarding = 0


class Host(Checks, unittest.TestCase):
    config = "routing: host\n"
    netfilter_sees = True


class Clsact(Checks, unittest.TestCase):
    config = "attach: clsact\n"


class Veth(Checks, unittest.TestCase):
    config = "delivery: veth\n"


class HostClsact(Checks, unittest.TestCase):
    config = "routing: host\nattach: clsact\ndelivery: veth\n"
    netfilter_sees = True


if __name__ == "__main__":
    unittest.main()
