"""How connections spread over backends: turns, weights, fewest connections, and whose sockets choose."""
import collections
import json
import subprocess
import unittest

from node import LAB, Node, wait_for

SERVICE = """
---
apiVersion: v1
kind: Service
metadata: {name: NAME, annotations: {service.beeline.io/algorithm: NAME}}
spec:
  clusterIP: 10.96.0.NUMBER
  clusterIPs: ["10.96.0.NUMBER", "fd96::NUMBER"]
  ipFamilyPolicy: RequireDualStack
  selector: {app: LABEL}
  ports: [{port: 80, targetPort: 8080}]
"""
POD = """
---
apiVersion: v1
kind: Pod
metadata: {name: NAME, annotations: {service.beeline.io/weight: "WEIGHT"}}
"""
WEB = ("web-1", "web-2", "web-3")
HEAVY = {"heavy-1": 1, "heavy-2": 3}
HOLD = """
import json, socket, sys
names, held = [], []
for _ in range(int(sys.argv[3])):
    held.append(socket.create_connection((sys.argv[1], int(sys.argv[2])), timeout=5))
    held[-1].sendall(b"x")
    names.append(held[-1].recv(100).decode().split()[0])
print(json.dumps(names), flush=True)
sys.stdin.read()
"""


def service(name, number, label):
    return SERVICE.replace("NAME", name).replace("NUMBER", str(number)).replace("LABEL", label)


class Choice(unittest.TestCase):
    cgroup = None

    @classmethod
    def setUpClass(cls):
        cls.node = Node(cls.__name__.lower(), cgroup=cls.cgroup, quick=True).__enter__()
        cls.addClassCleanup(cls.node.close)
        text = service("round-robin", 10, "web") + service("least-connections", 11, "web") + service("random", 12, "web")
        text += service("round-robin", 20, "heavy").replace("name: round-robin", "name: heavy-turns")
        text += service("random", 22, "heavy").replace("name: random", "name: heavy-random")
        for name, weight in HEAVY.items():
            text += POD.replace("NAME", name).replace("WEIGHT", str(weight))
        cls.node.apply("choice.yaml", text)
        for names, label in ((WEB, "web"), (HEAVY, "heavy")):
            for name in names:
                cls.addrs = getattr(cls, "addrs", {})
                cls.addrs[name] = cls.node.container(name, {"app": label})
                cls.node.serve(name, "tcp:8080")
        cls.node.container("client")
        cls.node.settled()

    def spread(self, vip, count):
        got = self.node.ask("client", "tcp", vip, 80, count=count)
        self.assertEqual(got["ok"], count, got)
        return got["answers"]

    def vips(self, number):
        return f"10.96.0.{number}", f"fd96::{number}"

    def test_turns_are_exact(self):
        for vip in self.vips(10):
            with self.subTest(vip=vip):
                self.assertEqual(self.spread(vip, 90), dict.fromkeys(WEB, 30))

    def test_turns_are_exact_by_weight(self):
        for vip in self.vips(20):
            with self.subTest(vip=vip):
                self.assertEqual(self.spread(vip, 80), {"heavy-1": 20, "heavy-2": 60})

    def test_chance_keeps_to_the_weights(self):
        for vip in self.vips(22):
            with self.subTest(vip=vip):
                light = self.spread(vip, 300)["heavy-1"]
                self.assertLess(abs(light - 75), 45, "six standard deviations")

    def test_the_list_tells_weight_and_algorithm(self):
        got = self.node.json("service", "get", "default/heavy-turns")
        self.assertEqual(got["algorithm"], "round-robin")
        weights = {b["pod"].split("/")[-1]: b.get("weight", 1) for b in got["frontends"][0]["backends"]}
        self.assertEqual(weights, HEAVY)
        self.assertIn("active, weight 3", self.node.beeline("service", "get", "default/heavy-turns").stdout)


class ChoiceAtSockets(Choice):
    cgroup = "/sys/fs/cgroup"


class FewestConnections(unittest.TestCase):
    """Long-lived connections: those there are count, however they came."""

    def hold(self, node, addr, port, count):
        child = subprocess.Popen([LAB, "exec", "client", "python3", "-c", HOLD, addr, str(port), str(count)],
                                 env=node.env(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        node.children.append(child)
        self.addCleanup(child.stdout.close)
        self.addCleanup(child.stdin.close)
        return collections.Counter(json.loads(child.stdout.readline()))

    def test_connections_fill_up_who_has_fewest(self):
        with Node("fewest") as node:
            node.apply("choice.yaml", service("least-connections", 11, "web"))
            addrs = {}
            for name in WEB:
                addrs[name] = node.container(name, {"app": "web"})
                node.serve(name, "tcp:8080")
            node.container("client")
            node.settled()
            self.assertEqual(self.hold(node, "10.96.0.11", 80, 12), dict.fromkeys(WEB, 4))
            self.assertEqual(self.hold(node, addrs["web-1"][0], 8080, 10), {"web-1": 10}, "not by the service")
            self.wait_for_load(node, 14)
            self.assertEqual(self.hold(node, "10.96.0.11", 80, 20), {"web-2": 10, "web-3": 10})

    def wait_for_load(self, node, load):
        def counted():
            pins = node.run("node", "find", "/sys/fs/bpf", "-name", "bl_loads4").stdout.split()
            rows = json.loads(node.run("node", "bpftool", "-j", "map", "dump", "pinned", pins[0]).stdout)
            return load in [row["formatted"]["value"] for row in rows]
        wait_for(counted, 30, f"a backend with {load} connections")


if __name__ == "__main__":
    unittest.main()
