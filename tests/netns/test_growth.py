"""A flow table that fills becomes larger, and no connection notices."""
import json
import signal
import unittest

from node import LOAD, LOAD_SERVICE, Node, wait_for

WORLD = ("10.99.0.100", "fd99::100")
SMALL = "flows: {entries: 4096, limit: 16384, endpoint_quota: 4096}\n"

class Growth(unittest.TestCase):
    def setUp(self):
        self.node = Node("growth", config=SMALL).__enter__()
        self.addCleanup(self.node.close)
        self.node.apply("b.yaml", LOAD_SERVICE)
        self.node.container("a")
        self.b = self.node.container("b", {"app": "b"})
        self.node.serve_load("b")
        self.node.serve_load("world")
        self.node.settled()
        self.stop = self.node.dir / "stop"
        self.addCleanup(self.stop.touch)

    def client(self, name, verb, *args):
        """In the background, until told to stop."""
        words = " ".join(map(str, args))
        return self.node.spawn("a", "sh", "-c", f"python3 {LOAD} {verb} {words} {self.stop} > {self.node.dir}/{name}")

    def capacity(self):
        maps = self.node.json("map", "list")
        return next(m["max_entries"] for m in maps if m["name"] == "bl_flows4")

    def finish(self, clients):
        self.stop.touch()
        for name, client in clients.items():
            client.wait(30)
            with self.subTest(client=name):
                self.assertEqual(json.loads((self.node.dir / name).read_text())["errors"], [])

    def test_doubles_when_it_is_three_quarters_full(self):
        clients = {"world": self.client("world", "calm", WORLD[0], 7000),
                   "service": self.client("service", "calm", "10.96.0.60", 80),
                   "direct": self.client("direct", "calm", self.b[0], 7000),
                   "many": self.client("many", "many", self.b[0], 7000, 3600)}
        wait_for(lambda: "bl_flows4 grows to 8192 entries" in self.node.log(), 40, "the table grows")
        wait_for(lambda: "bl_flows4 grows to 16384 entries" in self.node.log(), 40, "and once more")
        self.assertEqual(self.capacity(), 16384)
        self.finish(clients)
        self.assertEqual(self.node.json("status")["errors"], [])

    def test_a_larger_size_in_the_configuration_is_in_force_after_a_restart(self):
        clients = {"world": self.client("world", "calm", WORLD[0], 7000),
                   "service": self.client("service", "calm", "10.96.0.60", 80),
                   "many": self.client("many", "many", WORLD[0], 7000, 1000)}
        wait_for(lambda: len(self.node.json("flow", "list", "--limit", "5000", "--addr", WORLD[0])["flows"]) > 2000, 20, "connections")
        self.node.stop_agent()
        self.node.config = SMALL.replace("entries: 4096", "entries: 8192")
        self.node.start_agent()
        self.assertEqual(self.capacity(), 8192)
        self.node.stop_agent(signal.SIGKILL)  # while entries move, or soon after
        self.node.start_agent()
        wait_for(lambda: "bl_former4" not in self.node.run("node", "ls", "-R", "/sys/fs/bpf").stdout, 20, "all moved")
        self.finish(clients)


if __name__ == "__main__":
    unittest.main()
