"""Checksums of every frame that leaves the node, as a receiver at the far end of the wire sees them."""
import itertools
import json
import subprocess
import unittest

from node import LAB, WIRE, Node, wait_for

SERVICE = """
apiVersion: v1
kind: Service
metadata: {name: far}
spec:
  clusterIP: 10.96.0.40
  clusterIPs: ["10.96.0.40", "fd96::40"]
  ipFamilyPolicy: RequireDualStack
  ports: [{name: tcp, port: 80, targetPort: 7000}, {name: udp, port: 53, targetPort: 7000, protocol: UDP}]
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: far-4, labels: {kubernetes.io/service-name: far}}
addressType: IPv4
ports: [{name: tcp, port: 7000, protocol: TCP}, {name: udp, port: 7000, protocol: UDP}]
endpoints: [{addresses: [10.99.0.100]}]
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: far-6, labels: {kubernetes.io/service-name: far}}
addressType: IPv6
ports: [{name: tcp, port: 7000, protocol: TCP}, {name: udp, port: 7000, protocol: UDP}]
endpoints: [{addresses: ["fd99::100"]}]
"""
WORLD = ("10.99.0.100", "fd99::100")
VIPS = ("10.96.0.40", "fd96::40")
# What one place says: to the world and to a service whose backend is there.
CALLS = [f"bulk {to} {tcp} {150001}" for to, tcp in zip(WORLD + VIPS, (7000, 7000, 80, 80))] + [
    f"udp {to} {udp} {size}" for to, udp in zip(WORLD + VIPS, (7000, 7000, 53, 53)) for size in (0, 1, 3, 1402, 8001)]
PINGS = "".join(f"ping -q -c 2 -i 0.01 -W 2 -s {size} {to}\n" for to in WORLD for size in (7, 4001))


# A datagram whose checksum is wrong by one
BAD = """
import socket
frame = bytes.fromhex('ffffffffffff020000000001' '0800' '4500001d000100004011659b0a63000b0a630064' '0001000200091234' '78')
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW); s.bind(('eth0', 0x800))
s.send(frame)
"""


class Wire:
    """A receiver on the world's end of the cable."""
    def __init__(self, node):
        self.process = subprocess.Popen([LAB, "exec", "world", "python3", WIRE, "eth0"], env=node.env(),
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout.readline() == "ready\n"

    def result(self):
        out, _ = self.process.communicate(timeout=30)
        return json.loads(out)


class Checksums:
    config = ""
    calls = CALLS

    @classmethod
    def setUpClass(cls):
        cls.node = Node(f"sum-{cls.__name__.lower()}", config=cls.config, quick=True).__enter__()
        cls.addClassCleanup(cls.node.close)
        cls.node.apply("far.yaml", SERVICE)
        cls.addrs = cls.node.container("a")
        cls.node.serve_load("world")
        cls.node.settled()
        for call in cls.calls:
            wait_for(lambda: cls.node.load("a", *call.split())["errors"] == [], 10, call)

    def offload(self, where, device, **switches):
        args = [x for pair in switches.items() for x in pair]
        cmd = ["ethtool", "-K", device, *args]
        self.node.run(where, *cmd)

    def talk(self, where):
        self.assertEqual(self.node.load(where, "each", " , ".join(self.calls if where == "a" else CALLS))["errors"], [])
        self.node.sh(where, PINGS)

    def check(self, where, **want):
        wire = Wire(self.node)
        self.talk(where)
        # Somebody asks a port nobody listens on: the container's refusal, an ICMP error, passes the masquerade's way back.
        if where == "a":
            for to in self.addrs:
                self.node.ask("world", "udp", to, 9999, connected=1, timeout=0.3)
        got = wire.result()
        self.assertEqual((got["wrong_count"], got["wrong"]), (0, []), got)
        for name, least in {"tcp": 20, "udp": 10, "icmp": 2, "icmp6": 2, "fragment": 10, **want}.items():
            self.assertGreaterEqual(got["frames"].get(name, 0), least, (name, got))
        return got

    def test_the_receiver_notices_what_is_wrong(self):
        wire = Wire(self.node)
        self.node.run("node", "python3", "-c", BAD)
        got = wire.result()
        self.assertEqual((got["frames"]["udp"], got["wrong_count"]), (1, 1), got)

    def test_all_offloads_of_sender_and_leaving_device(self):
        for sender, leaving, gso in itertools.product(("on", "off"), ("on", "off"), ("on", "off")):
            with self.subTest(sender=sender, leaving=leaving, gso=gso):
                self.offload("a", "eth0", tx=sender, gso=gso)
                self.offload("node", "eth0", tx=leaving, gso=gso)
                got = self.check("a")
                if leaving == "off":
                    self.assertEqual((got["unfinished"], got["super"]), (0, 0), got)
                elif sender == "on":
                    self.assertGreater(got["unfinished"], 0, got)

    def test_the_nodes_own_packets_to_a_service_elsewhere(self):
        for leaving in ("on", "off"):
            with self.subTest(leaving=leaving):
                self.offload("node", "eth0", tx=leaving, gso=leaving)
                got = self.check("node")
                if leaving == "off":
                    self.assertEqual(got["unfinished"], 0, got)

    def test_answers_with_and_without_offload_of_the_far_end_are_accepted(self):
        for far, gro in itertools.product(("on", "off"), ("on", "off")):
            with self.subTest(far=far, gro=gro):
                self.offload("world", "eth0", tx=far)
                self.offload("node", "eth0", gro=gro)
                self.talk("a")
        for where in ("a", "node", "world"):
            errors = self.node.run(where, "nstat", "-asz", "*Csum*").stdout
            for line in errors.splitlines()[1:]:
                self.assertEqual(line.split()[1], "0", f"{where}: {line}")


class Direct(Checksums, unittest.TestCase):
    pass


class HostVeth(Checksums, unittest.TestCase):
    config = "routing: host\ndelivery: veth\n"


if __name__ == "__main__":
    unittest.main()
