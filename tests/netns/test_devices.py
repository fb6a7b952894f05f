"""The node's own devices come and go, are left out and given back; connections by them live on."""
import json
import signal
import unittest

from node import LOAD, Node, wait_for

OURS = {"bl_from_netdev", "bl_to_netdev"}


class Devices(unittest.TestCase):
    config = ""
    node = None

    def start(self, config=""):
        if self.node:
            self.node.close()
        self.node = Node("dev", config=config or self.config).__enter__()
        self.addCleanup(self.node.close)
        return self.node

    def hooked(self):
        """Devices of the node with our programs, both of them."""
        found = {}
        for hook in self.node.json("hook", "list"):
            if hook["program"] in OURS:
                found.setdefault(hook["device"], set()).add(hook["program"])
        return {device for device, programs in found.items() if programs == OURS}

    def wait_hooked(self, *devices):
        wait_for(lambda: self.hooked() == set(devices), 10, f"hooks on {devices}")

    def cable(self, device, number):
        self.node.lab_sh("cable", "node", device, "world", device)
        self.node.sh("node", f"""ip addr add 10.{number}.0.11/24 dev {device}
            ip addr add fd{number}::11/64 dev {device} nodad
            ip route add 192.0.{number}.0/24 via 10.{number}.0.100""")
        self.node.sh("world", f"""ip addr add 10.{number}.0.100/24 dev {device}
            ip addr add fd{number}::100/64 dev {device} nodad""")

    def test_a_second_device_serves_from_when_it_comes_until_it_goes(self):
        node = self.start()
        node.container("a")
        node.serve("world", "tcp:8080", "udp:5353")
        self.wait_hooked("eth0")
        for _ in range(2):
            self.cable("eth1", 88)
            self.wait_hooked("eth0", "eth1")
            for to, seen in (("10.88.0.100", "10.88.0.11"), ("fd88::100", "fd88::11"), ("10.99.0.100", "10.99.0.11")):
                wait_for(lambda: node.ask("a", "tcp", to, 8080, timeout=0.3)["sees"] == seen, 5, f"{to} sees {seen}")
            node.run("node", "ip", "link", "del", "eth1")
            self.wait_hooked("eth0")
            self.assertEqual(node.ask("a", "tcp", "10.99.0.100", 8080)["sees"], "10.99.0.11")
        self.assertNotIn("eth1", node.sh("node", "ls -R /sys/fs/bpf"))

    def test_a_route_that_moves_to_another_device_takes_new_connections_along(self):
        node = self.start()
        node.container("a")
        node.serve("world", "tcp:8080")
        self.cable("eth1", 88)
        node.run("world", "ip", "addr", "add", "192.0.88.1/32", "dev", "lo")
        wait_for(lambda: node.ask("a", "tcp", "192.0.88.1", 8080, timeout=0.3)["sees"] == "10.88.0.11", 5, "by eth1")
        node.run("node", "ip", "route", "replace", "192.0.88.0/24", "via", "10.99.0.100")
        wait_for(lambda: node.ask("a", "tcp", "192.0.88.1", 8080, timeout=0.3)["sees"] == "10.99.0.11", 5, "by eth0")

    def test_devices_are_named_by_patterns_and_left_out(self):
        node = self.start('devices: ["eth*", "!eth9"]\n')
        self.cable("eth9", 89)
        self.cable("eth1", 88)
        self.cable("net0", 87)
        self.wait_hooked("eth0", "eth1")
        self.assertEqual({h["device"] for h in node.json("hook", "list")} & {"eth9", "net0"}, set())

    def test_a_device_that_is_not_there_is_told_and_taken_when_it_comes(self):
        node = self.start("devices: [eth0, late0]\n")
        self.assertIn("late0", node.beeline("status", check=False).stdout)
        self.cable("late0", 88)
        self.wait_hooked("eth0", "late0")

    def test_connections_to_the_world_outlive_the_agent(self):
        for config in ("", "routing: host\nattach: clsact\n"):
            with self.subTest(config=config):
                node = self.start(config)
                node.container("a")
                node.serve_load("world")
                clients = []
                for i, to in enumerate(("10.99.0.100", "fd99::100")):
                    clients.append(node.spawn("a", "sh", "-c", f"python3 {LOAD} calm {to} 7000 {node.dir}/stop "
                                              f"> {node.dir}/calm{i}"))
                wait_for(lambda: node.run("world", "ss", "-Htn", "sport", "=", "7000").stdout.count("ESTAB") == 2, 10,
                         "both talk")
                for how in (signal.SIGKILL, signal.SIGTERM):
                    node.stop_agent(how)
                    node.start_agent()
                (node.dir / "stop").touch()
                for i, client in enumerate(clients):
                    client.wait(20)
                    told = json.loads((node.dir / f"calm{i}").read_text())
                    self.assertEqual(told["errors"], [])
                    self.assertGreater(told["done"], 10)

    def test_cleanup_takes_ours_from_the_nodes_devices_and_leaves_the_others(self):
        for config in ("", "attach: clsact\n"):
            with self.subTest(config=config):
                node = self.start(config)
                for where in ("ingress", "egress"):
                    node.foreign("load", where, -1)
                    node.foreign("filter", where, "eth0", where, 100)
                self.wait_hooked("eth0")
                node.stop_agent()
                done = node.cleanup()
                self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
                left = node.sh("node", "bpftool net show dev eth0; tc filter show dev eth0 ingress; "
                                       "tc filter show dev eth0 egress")
                self.assertNotIn("bl_", left)
                for where in ("ingress", "egress"):
                    before = int(node.foreign("count", where))
                    node.run("node", "ping", "-c", "1", "-W", "2", "10.99.0.100")
                    self.assertGreater(int(node.foreign("count", where)), before)


if __name__ == "__main__":
    unittest.main()
