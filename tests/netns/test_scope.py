"""Whose sockets are translated at connect(): by cgroup, or only the node's. The others' Services work by packet."""
import unittest

from node import Node, wait_for

SERVICE = """
apiVersion: v1
kind: Service
metadata: {name: web}
spec:
  clusterIP: 10.96.0.10
  selector: {app: web}
  ports: [{port: 80, targetPort: 8080}]
"""
PODS = "/sys/fs/cgroup/containers"


class Scope(unittest.TestCase):
    """At the socket or by packet? A packet that leaves the socket names the Service in the latter case only."""

    def start(self, config):
        node = Node("scope", config=f"resync: 1\ncgroup: {{root: /sys/fs/cgroup, {config}}}\n").__enter__()
        self.addCleanup(node.close)
        node.apply("web.yaml", SERVICE)
        for name, labels in (("web", {"app": "web"}), ("one", {}), ("two", {})):
            node.container(name, labels)
        node.serve("web", "tcp:8080")
        node.settled()
        return node

    def how(self, node, where):
        node.beeline("flow", "flush", "--all", check=False)
        got = node.ask(where, "tcp", "10.96.0.10", 80)
        self.assertEqual(got["answers"], {"web": 1}, got)
        return "packet" if "10.96.0.10" in node.beeline("flow", "list").stdout else "socket"

    def all(self, node):
        return {where: self.how(node, where) for where in ("one", "two", "node")}

    def expect(self, node, one, two, host):
        wait_for(lambda: self.all(node) == {"one": one, "two": two, "node": host}, 10, "whose sockets")
        self.assertEqual(node.json("status")["errors"], [])

    def test_only_the_nodes(self):
        self.expect(self.start("node_only: true"), "packet", "packet", "socket")

    def test_all_but_some(self):
        self.expect(self.start(f"exclude: [{PODS}/one]"), "packet", "socket", "socket")

    def test_only_some_and_the_inner_one_counts(self):
        self.expect(self.start(f"include: [{PODS}], exclude: [{PODS}/two]"), "socket", "packet", "packet")

    def test_a_cgroup_that_is_not_there_is_told(self):
        node = self.start(f"exclude: [{PODS}/nobody]")
        wait_for(lambda: node.json("status")["errors"] == [f"cgroup: {PODS}/nobody: No such file or directory"], 10,
                 "the status tells")
        self.assertEqual(self.how(node, "one"), "socket")


if __name__ == "__main__":
    unittest.main()
