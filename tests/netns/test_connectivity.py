"""Containers, the host and the world reach each other as they should, in both families."""
import unittest

from node import Node, wait_for


class Connectivity(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.node = Node("conn").__enter__()
        cls.addClassCleanup(cls.node.close)
        cls.a4, cls.a6 = cls.node.container("a")
        cls.b4, cls.b6 = cls.node.container("b")
        cls.node.serve("b", "tcp:8080", "udp:5353")
        cls.node.serve("node", "tcp:8081", "udp:5354")
        cls.node.serve("world", "tcp:8082")

    def both(self):
        return (("4", self.a4, self.b4), ("6", self.a6, self.b6))

    def test_container_to_container(self):
        for family, a, b in self.both():
            for proto, port in (("tcp", 8080), ("udp", 5353)):
                with self.subTest(family=family, proto=proto):
                    got = self.node.ask("a", proto, b, port, count=5)
                    self.assertEqual((got["ok"], got["sees"]), (5, a), got)

    def test_ping_container_to_container(self):
        for family, _, b in self.both():
            with self.subTest(family=family):
                self.node.run("a", "ping", "-c", "3", "-i", "0.2", "-W", "2", b)

    def test_host_to_container_and_back(self):
        for proto, port in (("tcp", 8080), ("udp", 5353)):
            for _, _, b in self.both():
                with self.subTest(proto=proto, to=b):
                    self.assertEqual(self.node.ask("node", proto, b, port)["ok"], 1)
        self.node.run("node", "ping", "-c", "2", "-i", "0.2", "-W", "2", self.b4)
        self.node.run("node", "ping", "-c", "2", "-i", "0.2", "-W", "2", self.b6)

    def test_container_to_host(self):
        for addr in ("10.244.1.1", "fd44:1::1", "10.99.0.11", "fd99::11"):
            for proto, port in (("tcp", 8081), ("udp", 5354)):
                with self.subTest(addr=addr, proto=proto):
                    got = self.node.ask("a", proto, addr, port)
                    self.assertEqual(got["ok"], 1, got)
            self.node.run("a", "ping", "-c", "1", "-W", "2", addr)

    def test_container_to_world_and_world_to_container(self):
        # The world sees the node's address.
        self.assertEqual(self.node.ask("a", "tcp", "10.99.0.100", 8082)["sees"], "10.99.0.11")
        self.assertEqual(self.node.ask("a", "tcp", "fd99::100", 8082)["sees"], "fd99::11")
        self.assertEqual(self.node.ask("world", "tcp", self.b4, 8080)["ok"], 1)
        self.assertEqual(self.node.ask("world", "tcp", self.b6, 8080)["ok"], 1)

    def test_closed_port_is_refused_at_once(self):
        for _, _, b in self.both():
            for proto in ("tcp", "udp"):
                with self.subTest(to=b, proto=proto):
                    got = self.node.ask("a", proto, b, 9999, connected=1)
                    self.assertEqual(got["error"], "refused", got)
                    self.assertLess(got["seconds"], 1.0)

    def test_bulk_both_ways(self):
        self.node.spawn("b", "iperf3", "-s", "-p", "5201")
        wait_for(lambda: ":5201" in self.node.run("b", "ss", "-Htln").stdout, 10, "iperf3")
        for extra in ((), ("-R",), ("-6",), ("-6", "-R")):
            with self.subTest(extra=extra):
                to = self.b6 if "-6" in extra else self.b4
                out = self.node.run("a", "iperf3", "-c", to, "-p", "5201", "-n", "200M", "-J", *extra).stdout
                self.assertIn('"sum_received"', out)

    def test_address_that_no_container_has_is_dropped_by_name(self):
        before = self.node.drops().get("no_endpoint", 0)
        self.node.ask("a", "udp", "10.244.1.250", 9, timeout=0.2)
        self.assertGreater(self.node.drops().get("no_endpoint", 0), before)

    def test_forged_source_is_dropped_by_name(self):
        before = self.node.drops().get("bad_source", 0)
        self.node.run("a", "ip", "addr", "add", "10.244.1.99/32", "dev", "eth0")
        self.node.run("a", "ping", "-c", "1", "-W", "0.3", "-I", "10.244.1.99", self.b4, check=False)
        self.node.run("a", "ip", "addr", "del", "10.244.1.99/32", "dev", "eth0")
        self.assertGreater(self.node.drops().get("bad_source", 0), before)

    def test_gateway_answers_arp_and_neighbour_discovery(self):
        self.node.run("a", "ip", "neigh", "flush", "all")
        self.node.run("a", "ping", "-c", "1", "-W", "2", self.b4)
        self.node.run("a", "ping", "-c", "1", "-W", "2", self.b6)
        neighbours = self.node.run("a", "ip", "neigh").stdout
        mac = self.node.json("endpoint", "get", "default/a").get("host_mac")
        for gateway in ("10.244.1.1", "fd44:1::1"):
            line = next(x for x in neighbours.splitlines() if x.startswith(gateway + " "))
            self.assertRegex(line, "REACHABLE|DELAY|STALE", line)
            if mac:
                self.assertIn(mac, line)

    def test_flows_are_listed_and_flushed(self):
        self.node.ask("a", "tcp", self.b4, 8080)
        flows = self.node.json("flow", "list", "--addr", self.b4, "--port", "8080")["flows"]
        self.assertTrue(flows)
        self.node.beeline("flow", "flush", "--addr", self.b4)
        self.assertEqual(self.node.json("flow", "list", "--addr", self.b4)["flows"], [])
        self.assertEqual(self.node.ask("a", "tcp", self.b4, 8080)["ok"], 1)


if __name__ == "__main__":
    unittest.main()
