"""Direct server return: the table of test_outside, with the client's address seen everywhere; what does not pass the
first node; sizes; and a first node that goes away under living connections."""
import unittest

import test_outside
from node import HOLD, wait_for
from test_outside import ADDRS, CONFIG, SERVICE, SLICE, endpoints

POD = """
apiVersion: v1
kind: Pod
metadata: {{name: {name}}}
spec: {{nodeName: {node}, containers: [{{name: c, image: none}}]}}
status: {{podIP: {v4}, podIPs: [{{ip: {v4}}}, {{ip: "{v6}"}}]}}
"""
BULK = ("10.96.1.20", "fd96::120")
ANY = ("198.51.100.20", "2001:db8:9::20")  # of Service "same"


class Dsr(test_outside.Outside):
    config = CONFIG + "services: {forwarding: dsr}\n"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.nodes["node2"].serve_load("a2", 7000)

    @classmethod
    def objects(cls):
        pods = (("a1", "node1"), ("a2", "node2"), ("c1", "node1"), ("c2", "node2"))
        documents = [POD.format(name=name, node=node, v4=cls.addrs[name][0], v6=cls.addrs[name][1])
                     for name, node in pods]
        documents.append(super().objects())
        bulk = SERVICE.format(name="bulk", v4=BULK[0], v6=BULK[1], more="type: NodePort", np=", nodePort: 30091", npu="",
                              status="").replace("targetPort: 8080", "targetPort: 7000")
        same = SERVICE.format(name="same", v4="10.96.1.21", v6="fd96::121", np="", npu="", status="",
                              more=f'externalIPs: ["{ANY[0]}", "{ANY[1]}"]')
        same = same.replace("{name: same}", '{name: same, annotations: {service.beeline.io/algorithm: maglev}}')
        documents += [bulk, same]
        for f, family in enumerate(("IPv4", "IPv6")):
            documents.append(SLICE.format(name="bulk", n=f, family=family, endpoints=endpoints(["a2"], cls.addrs, f))
                             .replace("port: 8080", "port: 7000"))
            documents.append(SLICE.format(name="same", n=f, family=family,
                                          endpoints=endpoints(["a1", "a2"], cls.addrs, f)))
        return "\n---\n".join(documents)

    def check(self, case, family, proto):
        if case.who == "world" and case.sees:
            case = case._replace(sees="world")
        super().check(case, family, proto)

    def forwarded(self, node):
        return sum(c["packets"] for c in self.nodes[node].json("counter", "list")
                   if c["hook"] in ("from_netdev", "xdp") and c["reason"] == "forwarded")

    def test_answers_do_not_pass_the_node_that_was_asked(self):
        for family in (0, 1):
            before = self.forwarded("node3")
            got = self.ask("world", "udp", (ADDRS["node3"][family], 30053), count=40)
            self.assertEqual((got["ok"], got["sees"]), (40, ADDRS["world"][family]), got)
            self.assertEqual(self.forwarded("node3") - before, 40)

    def test_bulk_both_ways(self):
        for family in (0, 1):
            got = self.nodes["node1"].load("world", "bulk", ADDRS["node3"][family], 30091, 10_000_000)
            self.assertEqual(got["errors"], [])

    def test_the_first_node_goes_and_connections_stay(self):
        """By Maglev the next one sends them to the backends they have, although it has never heard of them."""
        first = self.nodes["node1"]
        for family in (0, 1):
            cut = {0: "198.51.100.20/32", 1: "2001:db8:9::20/128"}[family]
            first.sh("world", f"ip route replace {cut} via {ADDRS['node3'][family]}")
            held = first.question(HOLD, "world", ["many", ANY[family], 80, 30])
            self.assertEqual(set(held["answers"]), {"a1", "a2"}, held)
            first.sh("world", f"ip route replace {cut} via {ADDRS['node2'][family]}")
            again = first.question(HOLD, "world", ["each", ANY[family], 80])
            self.assertEqual(again["answers"], held["answers"], again["error"])
            self.assertEqual(len(again["answers"]), 30)
            first.sh("world", f"ip route del {cut}")

    def test_one_service_may_have_it_otherwise(self):
        node = self.nodes["node3"]
        mode = "annotations: {service.beeline.io/forwarding-mode: snat}"
        text = self.objects().replace("{name: web}", f"{{name: web, {mode}}}")
        at = ADDRS["node3"][0], 30053
        node.apply("objects.yaml", text)
        node.settled()
        wait_for(lambda: self.ask("world", "udp", at)["sees"] == ADDRS["node3"][0], 5, "snat")
        node.apply("objects.yaml", self.objects())
        node.settled()
        wait_for(lambda: self.ask("world", "udp", at)["sees"] == ADDRS["world"][0], 5, "dsr again")


class DsrXdp(Dsr, test_outside.Xdp):
    """The same with XDP on the nodes' devices."""
    config = Dsr.config + "xdp: native\n"


if __name__ == "__main__":
    unittest.main()
