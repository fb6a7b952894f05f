"""Much traffic, many connections, and connections in odd states, over the paths containers use."""
import json
import os
import unittest

from node import LOAD, LOAD_SERVICE, Node, wait_for

CHURN = os.environ.get("BEELINE_CHURN_SECONDS", "20")
WORLD = ("10.99.0.100", "fd99::100")
VIPS = ("10.96.0.60", "fd96::60")
# A SYN of its own by a raw socket; the stack, which knows nothing of it, would answer the SYN-ACK with a reset
HALF_OPEN = """
import socket, struct, sys
def total(d): return int.from_bytes(d + b'\\0' * (len(d) % 2), 'big') % 65535
src, dst = socket.inet_aton(sys.argv[1]), socket.inet_aton(sys.argv[2])
s = socket.socket(socket.AF_INET, socket.SOCK_RAW, 6)
for port in range(200, 400):  # no port that the stack would choose
    tcp = struct.pack('!HHIIBBHHH', port, 7000, 1, 0, 0x50, 2, 65535, 0, 0)
    sum = 0xffff - total(src + dst + struct.pack('!HH', 6, len(tcp)) + tcp)
    s.sendto(tcp[:16] + struct.pack('!H', sum) + tcp[18:], (sys.argv[2], 0))
"""


class Pair(unittest.TestCase):
    """Two containers and the world."""
    @classmethod
    def setUpClass(cls):
        cls.node = Node("traffic").__enter__()
        cls.addClassCleanup(cls.node.close)
        cls.node.apply("b.yaml", LOAD_SERVICE)
        cls.a, cls.b = cls.node.container("a"), cls.node.container("b", {"app": "b"})
        cls.node.serve_load("b")
        cls.node.serve_load("world")
        cls.node.settled()
        wait_for(lambda: cls.node.load("a", "bulk", VIPS[0], 80, 10)["errors"] == [], 10, "the service answers")

    def good(self, where, *args):
        got = self.node.load(where, *args)
        self.assertEqual(got["errors"], [], got)
        return got

    def ten_thousand(self):
        self.node.sh("a", "sysctl -qw net.ipv4.ip_local_port_range='1024 65535'")
        for addr in self.b:
            with self.subTest(to=addr):
                self.assertEqual(self.good("a", "many", addr, 7000, 10000)["open"], 10000)


class Traffic(Pair):
    def test_bulk_both_ways_is_what_was_sent(self):
        for to, port in ((self.b, 7000), (WORLD, 7000), (VIPS, 80)):
            for addr in to:
                with self.subTest(to=addr):
                    self.good("a", "bulk", addr, port, 20_000_000)
        for addr in self.b:
            with self.subTest(by="world", to=addr):
                self.good("world", "bulk", addr, 7000, 10_000_000)

    def test_half_closed_connections_go_on_the_other_way(self):
        for to, port in ((self.b, 7000), (WORLD, 7000), (VIPS, 80)):
            for addr in to:
                with self.subTest(to=addr):
                    self.good("a", "halfclosed", addr, port, 30)

    def test_half_open_connections_disturb_nobody(self):
        self.node.run("a", "nft", """table inet t {
              chain o {
                type filter hook output priority 0
                tcp sport 200-399 tcp flags & rst == rst drop
              }
            }""")
        self.addCleanup(self.node.run, "a", "nft", "delete", "table", "inet", "t")
        for to, where in ((self.b[0], "b"), (WORLD[0], "world")):
            self.node.run("a", "python3", "-c", HALF_OPEN, self.a[0], to)
            wait_for(lambda: "SYN-RECV" in self.node.run(where, "ss", "-Htan").stdout, 5, "half open")
            self.good("a", "churn", to, 7000, 0.5)
            self.good("world", "churn", self.b[0], 7000, 0.2)

    def test_ten_thousand_connections_at_once(self):
        self.ten_thousand()

    def test_a_container_that_goes_and_comes_disturbs_nobody(self):
        node = self.node
        stop = node.dir / "stop"
        self.addCleanup(stop.touch)
        clients = []
        for i, (addr, port) in enumerate(((self.b[0], 7000), (self.b[1], 7000), (VIPS[0], 80), (WORLD[0], 7000))):
            clients.append(node.spawn("a", "sh", "-c", f"python3 {LOAD} calm {addr} {port} {stop} > {node.dir}/calm{i}"))
        node.container("c")
        for _ in range(5):
            node.beeline("endpoint", "delete", "default/c")
            node.beeline("endpoint", "add", "--netns", "c", "--pod", "default/c")
            c4 = node.json("endpoint", "get", "default/c")["addr4"]
            node.run("a", "ping", "-q", "-c", "1", "-W", "2", c4)
        stop.touch()
        for i, client in enumerate(clients):
            client.wait(20)
            told = json.loads((node.dir / f"calm{i}").read_text())
            self.assertEqual(told["errors"], [])
            self.assertGreater(told["done"], 10)


class Churn(Pair):
    """On a node of its own: so many connections leave their marks, as TIME-WAIT and as closed flows."""

    def test_churn_at_full_speed_without_an_error(self):
        self.node.sh("a", "sysctl -qw net.ipv4.ip_local_port_range='1024 65535'")
        seconds = float(CHURN) / 3
        for addr, port in ((self.b[0], 7000), (VIPS[1], 80), (WORLD[0], 7000)):
            with self.subTest(to=addr):
                self.assertGreater(self.good("a", "churn", addr, port, seconds)["done"], 100)
        with self.subTest("what is over is nobody's: there is room for as many at once as before"):
            self.ten_thousand()


class Jumbo(unittest.TestCase):
    def test_bulk_with_an_mtu_of_9000(self):
        with Node("jumbo", config="mtu: 9000\n") as node:
            for where in ("node", "world"):
                node.run(where, "ip", "link", "set", "eth0", "mtu", "9000")
            node.container("a")
            b = node.container("b")
            self.assertIn("mtu 9000", node.run("a", "ip", "link", "show", "eth0").stdout)
            node.serve_load("b")
            node.serve_load("world")
            for to in b + WORLD:
                with self.subTest(to=to):
                    self.assertEqual(node.load("a", "bulk", to, 7000, 20_000_000)["errors"], [])
                    wait_for(lambda: node.run("a", "ping", "-q", "-c", "1", "-W", "1", "-M", "do", "-s", "8900", to,
                                              check=False).returncode == 0, 5, "9000 bytes in one piece")


if __name__ == "__main__":
    unittest.main()
