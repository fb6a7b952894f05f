"""Maps of Services that become larger under connections that live, and none of them notices."""
import json
import unittest

from node import LOAD, LOAD_SERVICE, Node, wait_for

FEW, MANY, FILES = 10, 10_200, 12  # Services; the files they stand in
GROWN = [f"{name}{family}" for name in ("bl_frontends", "bl_backends", "bl_members") for family in (4, 6)]


def service(i, endpoints=4):
    """Every second one has IPv6."""
    family = ("IPv4", "IPv6")[i % 2]
    vip = f"fd96::{0x1000 + i:x}" if i % 2 else f"10.96.{100 + i // 250}.{1 + i % 250}"
    places = [f"fd77::{n}:{i:x}" if i % 2 else f"10.{200 + n}.{i // 250}.{1 + i % 250}" for n in range(endpoints)]
    addresses = ", ".join(f'{{addresses: ["{place}"]}}' for place in places)
    return f"""apiVersion: v1
kind: Service
metadata: {{name: s{i}, namespace: many}}
spec: {{clusterIP: "{vip}", ipFamilies: [{family}], ports: [{{port: 80}}]}}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {{name: s{i}-1, namespace: many, labels: {{kubernetes.io/service-name: s{i}}}}}
addressType: {family}
ports: [{{port: 8080}}]
endpoints: [{addresses}]
---
"""


class MapGrowth(unittest.TestCase):
    def setUp(self):
        self.node = Node("mapgrowth").__enter__()
        self.addCleanup(self.node.close)
        self.node.apply("b.yaml", LOAD_SERVICE)
        self.node.container("a")
        self.b = self.node.container("b", {"app": "b"})
        self.node.serve_load("b")
        self.node.apply("few.yaml", "".join(map(service, range(FEW))))
        self.node.settled()
        self.stop = self.node.dir / "stop"
        self.addCleanup(self.stop.touch)

    def client(self, name, verb, *args):
        words = " ".join(map(str, args))
        return self.node.spawn("a", "sh", "-c", f"python3 {LOAD} {verb} {words} > {self.node.dir}/{name}")

    def sizes(self):
        return {m["name"]: m["max_entries"] for m in self.node.json("map", "list")}

    def services(self):
        """0 while the agent is too busy to answer."""
        status = self.node.beeline("status", "-o", "json", check=False)
        return json.loads(status.stdout)["services"] if status.returncode == 0 else 0

    def test_no_connection_notices_that_there_are_a_thousand_times_as_many_services(self):
        before = self.sizes()
        clients = {"calm4": self.client("calm4", "calm", "10.96.0.60", 80, self.stop),
                   "calm6": self.client("calm6", "calm", "fd96::60", 80, self.stop),
                   "direct": self.client("direct", "calm", self.b[0], 7000, self.stop),
                   "new": self.client("new", "churn", "10.96.0.60", 80, 30)}
        ids = [range(FEW + n, MANY, FILES) for n in range(FILES)]
        for n, some in enumerate(ids):
            self.node.apply(f"many{n}.yaml", "".join(map(service, some)))
        wait_for(lambda: self.services() == MANY + 1, 120, "all Services are in force")
        self.node.settled()
        after = self.sizes()
        for name in GROWN:
            self.assertGreater(after[name], before[name], name)
            self.assertIn(f"{name} grows to ", self.node.log())
        for family in (4, 6):
            self.assertEqual(after[f"bl_loads{family}"], after[f"bl_backends{family}"])
        self.assertEqual(self.node.json("status")["errors"], [])
        self.assertEqual(self.node.json("dump", "diff")["rows"], [])
        self.node.stop_agent()
        self.node.start_agent()
        wait_for(lambda: self.services() == MANY + 1, 60, "the next agent has them")
        self.assertEqual({name: self.sizes()[name] for name in GROWN}, {name: after[name] for name in GROWN})
        clients["new"].wait(90)
        self.stop.touch()
        for name, client in clients.items():
            client.wait(30)
            with self.subTest(client=name):
                self.assertEqual(json.loads((self.node.dir / name).read_text())["errors"], [])


if __name__ == "__main__":
    unittest.main()
