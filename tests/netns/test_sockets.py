"""Connected UDP sockets, translated once by connect(): what they know, and what becomes of them when their backend goes."""
import json
import unittest

from node import HOLD, Node, wait_for

VIPS = ("10.96.0.10", "fd96::10")
OTHERS = ("10.96.0.20", "fd96::20")  # of a service that keeps what it has
SERVICE = """
apiVersion: v1
kind: Service
metadata: {name: NAME}
spec:
  clusterIP: V4
  clusterIPs: ["V4", "V6"]
  ipFamilyPolicy: RequireDualStack
  ports: [{port: 53, targetPort: 5353, protocol: UDP}]
"""
SLICE = """
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: NAME-LOWER, labels: {kubernetes.io/service-name: NAME}}
addressType: KIND
ports: [{port: 5353, protocol: UDP}]
endpoints: [LIST]
"""
DRAINS = "conditions: {ready: false, serving: true, terminating: true}"


class ConnectedSockets(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.node = Node("sockets", cgroup="/sys/fs/cgroup", quick=True).__enter__()
        cls.addClassCleanup(cls.node.close)
        ways = [c for c in cls.node.json("doctor")["checks"] if c["name"] in ("sock_destroy", "sock_diag_destroy")]
        if not any(way["ok"] for way in ways):
            raise unittest.SkipTest("this kernel ends no sockets: " + "; ".join(way["detail"] for way in ways))
        cls.addrs = {}
        for name in ("old", "new"):
            cls.addrs[name] = cls.node.container(name)
            cls.node.serve(name, "udp:5353")
        cls.node.container("client")

    def serve_by(self, name, vips, backends):
        """The backends of a service: {"old": conditions, ...}."""
        text = SERVICE.replace("V4", vips[0]).replace("V6", vips[1])
        for index, kind in enumerate(("IPv4", "IPv6")):
            listed = ", ".join(f'{{addresses: ["{self.addrs[b][index]}"], {conditions or "conditions: {}"}}}'
                               for b, conditions in backends.items())
            text += SLICE.replace("KIND", kind).replace("LOWER", kind.lower()).replace("LIST", listed)
        self.node.apply(f"{name}.yaml", text.replace("NAME", name))
        self.node.settled()

    def hold(self, where, verb, addr, port=53):
        return self.node.question(HOLD, where, (verb, addr, port))

    def setUp(self):
        self.serve_by("dns", VIPS, {"old": ""})
        self.serve_by("other", OTHERS, {"old": ""})
        for vip in VIPS + OTHERS:
            wait_for(lambda: self.node.ask("client", "udp", vip, 53, timeout=0.5)["answers"] == {"old": 1}, 10, vip)

    def everywhere(self, verb, addr, port=53):
        return {where: self.hold(where, verb, addr, port) for where in ("client", "node")}

    def expect(self, verb, addr, answer, port=53):
        for where, got in self.everywhere(verb, addr, port).items():
            self.assertEqual((got["answer"], got["peer"], got["error"]), (answer, addr, None), where)

    def test_a_client_meets_the_end_of_its_backend_at_once_and_reaches_the_next_one(self):
        for addr in VIPS + OTHERS:
            self.expect("new", addr, "old")
        for addr in self.addrs["old"]:
            self.expect("new", addr, "old", 5353)
        self.serve_by("dns", VIPS, {"new": ""})
        for vip in VIPS:
            for where, got in self.everywhere("wait", vip).items():
                self.assertEqual(got["error"], "ECONNABORTED", f"{vip} from {where}: {got}")
            self.expect("again", vip, "new")
        for addr in OTHERS:
            self.expect("ask", addr, "old")
        for addr in self.addrs["old"]:
            self.expect("ask", addr, "old", 5353)

    def test_a_backend_that_drains_keeps_its_clients_until_it_is_gone(self):
        for vip in VIPS:
            self.expect("new", vip, "old")
        self.serve_by("dns", VIPS, {"old": DRAINS, "new": ""})
        for vip in VIPS:
            wait_for(lambda: self.node.ask("client", "udp", vip, 53, connected=1)["answers"] == {"new": 1}, 5, vip)
            self.expect("ask", vip, "old")
        self.serve_by("dns", VIPS, {"new": ""})
        for vip in VIPS:
            for where, got in self.everywhere("wait", vip).items():
                self.assertEqual(got["error"], "ECONNABORTED", f"{vip} from {where}: {got}")
            self.expect("again", vip, "new")

    def test_with_the_service_its_clients_meet_the_end(self):
        for vip in VIPS:
            self.expect("new", vip, "old")
        (self.node.manifests / "dns.yaml").unlink()
        self.node.settled()
        for vip in VIPS:
            for where, got in self.everywhere("wait", vip).items():
                self.assertEqual(got["error"], "ECONNABORTED", f"{vip} from {where}: {got}")

    def test_a_socket_keeps_its_service_however_many_others_come_and_go(self):
        for vip in VIPS:
            self.expect("new", vip, "old")
        for vip, count in zip(VIPS, (10_000, 5_000)):  # of two rows each: more than bl_origins4 and bl_origins6 have
            self.assertEqual(self.node.ask("node", "udp", vip, 53, connected=1, count=count)["answers"], {"old": count})
        for vip in VIPS:
            self.expect("ask", vip, "old")

    def rows(self):
        pins = self.node.run("node", "find", "/sys/fs/bpf", "-name", "bl_origins?").stdout.split()
        self.assertEqual(len(pins), 2)
        return {pin: len(json.loads(self.node.run("node", "bpftool", "-j", "map", "dump", "pinned", pin).stdout))
                for pin in pins}

    def test_a_socket_that_is_closed_leaves_nothing_behind(self):
        before = self.rows()
        for addr in (*VIPS, "::ffff:" + VIPS[0]):
            self.assertEqual(self.node.ask("client", "udp", addr, 53, connected=1)["answers"], {"old": 1})
        self.assertEqual(self.rows(), before)


if __name__ == "__main__":
    unittest.main()
