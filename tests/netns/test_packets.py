"""Packets out of the ordinary between real stacks: large ones, pieces, path MTU, traceroute, VLAN tags."""
import unittest

from node import Node, wait_for

WORLD = ("10.99.0.100", "fd99::100")
FAR = ("10.97.0.2", "fd97::2")  # behind the world, by a link with an MTU of 1300
VIPS = ("10.96.0.50", "fd96::50")
FAR_VIPS = ("10.96.0.51", "fd96::51")
SIZES = (0, 1, 56, 1452, 1472, 1473, 4000, 20000, 65000)


def service(name, vips, backends):
    slices = "".join(f"""---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {{name: {name}-{i}, labels: {{kubernetes.io/service-name: {name}}}}}
addressType: {"IPv6" if ":" in backend else "IPv4"}
ports: [{{name: udp, port: 7000, protocol: UDP}}, {{name: tcp, port: 7000, protocol: TCP}}]
endpoints: [{{addresses: ["{backend}"]}}]
""" for i, backend in enumerate(backends))
    return f"""
apiVersion: v1
kind: Service
metadata: {{name: {name}}}
spec:
  clusterIP: "{vips[0]}"
  clusterIPs: ["{vips[0]}", "{vips[1]}"]
  ipFamilyPolicy: RequireDualStack
  ports: [{{name: udp, port: 53, targetPort: 7000, protocol: UDP}}, {{name: tcp, port: 80, targetPort: 7000}}]
{slices}"""


# A frame with a VLAN tag, sent by a packet socket
TAGGED = """
import socket, sys
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW); s.bind(('eth0', 0))
s.send(bytes.fromhex(sys.argv[1].replace(':', '')) + s.getsockname()[4] + bytes.fromhex('81000005' '0800' '45000014000000004001000000000000ffffffff')
       + bytes(40))
"""


class Packets:
    config = ""

    @classmethod
    def setUpClass(cls):
        node = cls.node = Node(f"pkt-{cls.__name__.lower()}", config=cls.config, quick=True).__enter__()
        cls.addClassCleanup(node.close)
        node.lab_sh("host", "far")
        node.lab_sh("cable", "world", "eth1", "far", "eth0")
        node.sh("world", """sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
            sysctl -qw net.ipv4.icmp_ratelimit=0 net.ipv6.icmp.ratelimit=0
            ip addr add 10.97.0.1/24 dev eth1; ip addr add fd97::1/64 dev eth1 nodad; ip link set eth1 mtu 1300""")
        node.sh("far", """ip addr add 10.97.0.2/24 dev eth0; ip addr add fd97::2/64 dev eth0 nodad
            sysctl -qw net.ipv4.icmp_ratelimit=0 net.ipv6.icmp.ratelimit=0
            ip link set eth0 mtu 1300; ip route add default via 10.97.0.1; ip -6 route add default via fd97::1""")
        cls.a, cls.b = node.container("a"), node.container("b")
        for where in ("b", "world", "far"):
            node.serve_load(where)
        node.apply("near.yaml", service("near", VIPS, cls.b))
        node.apply("far.yaml", service("far", FAR_VIPS, FAR))
        node.settled()
        cls.far = [(to, 7000) for to in FAR] + [(to, 53) for to in FAR_VIPS]
        for addr, port in [(to, 7000) for to in WORLD] + [(to, 53) for to in VIPS] + cls.far:
            wait_for(lambda: node.load("a", "udp", addr, port, 1)["errors"] == [], 10, addr)

    def forget_path(self):
        self.node.sh("a", "ip route flush cache; ip -6 route flush cache")

    def test_pings_of_all_sizes(self):
        for to in self.b + WORLD:
            with self.subTest(to=to):
                self.node.sh("a", "for s in %s; do ping -q -c 2 -i 0.01 -W 2 -s $s %s; done" % (
                    " ".join(map(str, SIZES)), to))

    def test_datagrams_in_pieces_come_back_whole(self):
        for to, port in ((self.b, 7000), (WORLD, 7000), (VIPS, 53)):
            for addr in to:
                for size in (4000, 60000):
                    with self.subTest(to=addr, size=size):
                        got = self.node.load("a", "udp", addr, port, size, 5)
                        self.assertEqual((got["errors"], got["lost"]), ([], 0))

    def test_the_world_sends_pieces_to_containers(self):
        for to in self.b:
            got = self.node.load("world", "udp", to, 7000, 30000, 3)
            self.assertEqual((got["errors"], got["lost"]), ([], 0))

    def test_traceroute_names_every_hop(self):
        hops = {"": ("10.244.1.1", WORLD[0], FAR[0]), "-6": ("fd44:1::1", WORLD[1], FAR[1])}
        for family, way in hops.items():
            for kind in ("-U", "-I", "-T"):
                with self.subTest(family=family, kind=kind):
                    out = self.node.sh("a", f"traceroute {family} {kind} -n -q 1 -w 2 -m 5 -p 7000 {way[-1]}")
                    self.assertEqual([line.split()[1] for line in out.splitlines()[1:]], list(way), out)

    def test_a_narrow_link_on_the_way_is_learnt(self):
        for addr, port in self.far:
            with self.subTest(to=addr):
                self.forget_path()
                got = self.node.load("a", "udp", addr, port, 1400, 1, "df")
                self.assertEqual((got["errors"], got["mtu"]), (["Message too long"], 1300), got)
                self.assertEqual(self.node.load("a", "udp", addr, port, 4000)["errors"], [])

    def test_bulk_over_a_narrow_link(self):
        for addr, port in self.far:
            with self.subTest(to=addr):
                self.forget_path()
                self.assertEqual(self.node.load("a", "bulk", addr, {53: 80}.get(port, port), 2_000_000)["errors"], [])

    def test_a_narrow_device_of_the_node_is_told_by_the_node(self):
        self.node.lab_sh("cable", "node", "eth8", "world", "eth8")
        self.addCleanup(self.node.run, "node", "ip", "link", "del", "eth8")
        self.node.sh("world", "ip addr add 10.88.0.100/24 dev eth8; ip addr add fd88::100/64 dev eth8 nodad")
        self.node.sh("node", """ip link set eth8 mtu 1290
            ip addr add 10.88.0.11/24 dev eth8; ip addr add fd88::11/64 dev eth8 nodad
            ip route add 192.0.2.0/24 via 10.88.0.100""")
        for to in ("10.88.0.100", "fd88::100"):
            with self.subTest(to=to):
                wait_for(lambda: self.node.load("a", "udp", to, 7000, 10)["errors"] == [], 10, to)
                got = self.node.load("a", "udp", to, 7000, 1400, 1, "df")
                self.assertEqual((got["errors"], got["mtu"]), (["Message too long"], 1290), got)
                self.forget_path()
                self.assertEqual(self.node.load("a", "bulk", to, 7000, 1_000_000)["errors"], [])

    def test_a_tagged_frame_of_a_container_is_dropped_by_name(self):
        before = self.node.drops()["tagged_container"]
        self.node.run("a", "python3", "-c", TAGGED, "ff:ff:ff:ff:ff:ff")
        wait_for(lambda: self.node.drops()["tagged_container"] == before + 1, 5, "counted")

    def test_a_tagged_frame_from_the_wire_passes(self):
        self.node.foreign("load", "after", -1)
        self.node.foreign("filter", "after", "eth0", "ingress", 20000)
        mac = self.node.sh("node", "cat /sys/class/net/eth0/address").strip()
        before = self.node.counters()["tagged"]
        seen = int(self.node.foreign("count", "after"))
        self.node.run("world", "python3", "-c", TAGGED, mac)
        wait_for(lambda: self.node.counters()["tagged"] == before + 1, 5, "counted")
        self.assertGreater(int(self.node.foreign("count", "after")), seen)


class Direct(Packets, unittest.TestCase):
    pass


class HostVethClsact(Packets, unittest.TestCase):
    config = "routing: host\ndelivery: veth\nattach: clsact\n"


if __name__ == "__main__":
    unittest.main()
