"""The agent goes, traffic and policy stay; it comes back and disturbs nothing."""
import json
import signal
import time
import unittest

from node import Node, wait_for

OBJECTS = """
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {clusterIP: 10.96.0.10, selector: {app: web}, ports: [{port: 80, targetPort: 8080}]}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: allow-clients}
spec:
  podSelector: {matchLabels: {app: web}}
  ingress: [{from: [{podSelector: {matchLabels: {role: client}}}], ports: [{port: 8080}, {port: 5201}]}]
"""


class Restart(unittest.TestCase):
    def setUp(self):
        self.node = Node("restart").__enter__()
        self.addCleanup(self.node.close)
        self.node.apply("objects.yaml", OBJECTS)
        self.web = self.node.container("web", {"app": "web"})
        self.node.container("client", {"role": "client"})
        self.node.container("other", {"role": "other"})
        self.node.serve("web", "tcp:8080")
        self.node.settled()

    def check_traffic(self):
        self.assertEqual(self.node.ask("client", "tcp", "10.96.0.10", 80, count=20)["ok"], 20)
        self.assertEqual(self.node.ask("other", "tcp", self.web[0], 8080, timeout=0.4)["ok"], 0)

    def map_ids(self):
        """All but the constants and the slots for another flow table, which are made anew with each load."""
        anew = ("bl_config", "bl_other4", "bl_other6")
        return {m["name"]: m["id"] for m in self.node.json("map", "list") if m["name"] not in anew}

    def identities(self):
        return {json.dumps(i["labels"], sort_keys=True): i["id"] for i in self.node.json("identity", "list")}

    def test_traffic_and_policy_go_on_without_the_agent_and_it_adopts_what_it_finds(self):
        for how in (signal.SIGTERM, signal.SIGKILL):
            with self.subTest(how=how):
                maps, identities = self.map_ids(), self.identities()
                self.node.stop_agent(how)
                self.check_traffic()
                self.node.start_agent()
                self.assertEqual(self.map_ids(), maps)
                self.assertEqual(self.identities(), identities)
                self.assertEqual(len(self.node.json("endpoint", "list")), 3)
                self.check_traffic()

    def unneeded_retransmits(self):
        """Segments sent again that had arrived, as the receiver reported (DSACK): a busy machine's late timers."""
        out = self.node.run("client", "nstat", "-asz", "TcpExtTCPDSACKRecv").stdout
        return int(next(line.split()[1] for line in out.splitlines() if "DSACKRecv" in line))

    def test_a_running_transfer_loses_nothing(self):
        self.node.spawn("web", "iperf3", "-s", "-p", "5201")
        wait_for(lambda: ":5201" in self.node.run("web", "ss", "-Htln").stdout, 10, "iperf3")
        out = self.node.dir / "iperf.json"
        client = self.node.spawn("client", "sh", "-c",
                                 f"iperf3 -c {self.web[0]} -p 5201 -t 6 -J --bitrate 20M > {out}")
        time.sleep(1)
        for how in (signal.SIGKILL, signal.SIGTERM):
            self.node.stop_agent(how)
            time.sleep(0.3)
            self.node.start_agent()
        client.wait(20)
        report = json.loads(out.read_text())
        self.assertEqual(report["end"]["sum_sent"]["retransmits"] - self.unneeded_retransmits(), 0)
        self.assertGreater(report["end"]["sum_received"]["bytes"], 10e6)

    def test_what_changed_while_it_was_away_is_reconciled(self):
        self.node.stop_agent(signal.SIGKILL)
        (self.node.manifests / "objects.yaml").unlink()
        self.node.start_agent()
        self.node.settled()
        wait_for(lambda: self.node.ask("other", "tcp", self.web[0], 8080, timeout=0.4)["ok"], 5, "the policy is gone")

    def test_a_namespace_that_vanishes_is_cleaned_up(self):
        self.node.run("node", "ip", "netns", "del", "other")
        wait_for(lambda: len(self.node.json("endpoint", "list")) == 2, 10, "endpoint removed")
        links = self.node.run("node", "ip", "-o", "link").stdout
        self.assertEqual(sum(1 for x in links.splitlines() if ": bl" in x), 2, links)

    def test_a_namespace_that_vanished_while_the_agent_was_away(self):
        self.node.stop_agent(signal.SIGKILL)
        self.node.run("node", "ip", "netns", "del", "other")
        self.node.start_agent()
        wait_for(lambda: len(self.node.json("endpoint", "list")) == 2, 10, "endpoint removed")
        self.check_traffic_of_client()

    def check_traffic_of_client(self):
        self.assertEqual(self.node.ask("client", "tcp", "10.96.0.10", 80, count=5)["ok"], 5)


class OneFamily(unittest.TestCase):
    def check(self, pod_cidr, family):
        with Node("onefamily", pod_cidrs=(pod_cidr,)) as node:
            for _ in range(4):
                node.stop_agent()
                # As the kernel may give one to the device, or an earlier agent have left it without a will of its own.
                node.sh("node", "ip addr add fe80::7/64 dev beeline_host nodad 2> /dev/null || true")
                node.start_agent()
            a, b = node.container("a"), node.container("b")
            self.assertEqual([addr is not None for addr in b], [family == 4, family == 6])
            node.serve("b", "tcp:8080")
            self.assertTrue(node.ask("a", "tcp", b[0] or b[1], 8080)["ok"], a)

    def test_a_node_with_ipv4_alone_starts_again_and_again(self):
        self.check("10.244.1.0/24", 4)

    def test_a_node_with_ipv6_alone_starts_again_and_again(self):
        self.check("fd44:1::/64", 6)


if __name__ == "__main__":
    unittest.main()
