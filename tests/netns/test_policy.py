"""NetworkPolicy on real sockets, and what the agent tells of it."""
import socket
import subprocess
import time
import unittest

from node import Node, wait_for

DENY = """
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: deny-all}
spec: {podSelector: {matchLabels: {app: web}}, policyTypes: [Ingress]}
"""
ALLOW = """
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: allow-clients}
spec:
  podSelector: {matchLabels: {app: web}}
  ingress:
  - from: [{podSelector: {matchExpressions: [{key: role, operator: In, values: [client, admin]}]}}]
    ports: [{port: 8080}]
"""
EGRESS = """
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: stay-inside}
spec:
  podSelector: {matchLabels: {role: client}}
  policyTypes: [Egress]
  egress:
  - to: [{podSelector: {matchLabels: {app: web}}}]
    ports: [{port: 8080}]
"""


class Policy(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.node = Node("policy").__enter__()
        cls.addClassCleanup(cls.node.close)
        cls.web = cls.node.container("web", {"app": "web"})
        cls.client = cls.node.container("client", {"role": "client"})
        cls.other = cls.node.container("other", {"role": "other"})
        cls.node.serve("web", "tcp:8080", "tcp:9090", "udp:5353")
        cls.node.serve("other", "tcp:8080")
        cls.node.serve("world", "tcp:8082")

    def tearDown(self):
        for file in self.node.manifests.iterdir():
            file.unlink()
        self.node.settled()
        time.sleep(0.1)

    def reaches(self, where, addr, port, proto="tcp"):
        return self.node.ask(where, proto, addr, port, timeout=0.4)["ok"] == 1

    def expect(self, rows):
        self.node.settled()
        for where, addr, port, wanted in rows:
            with self.subTest(where=where, addr=addr, port=port):
                self.assertEqual(self.reaches(where, addr, port), wanted)

    def test_everything_is_allowed_without_a_policy(self):
        self.expect([(w, a, p, True) for w in ("client", "other", "node", "world") for a in self.web
                     for p in (8080, 9090)])

    def test_default_deny_stops_containers_and_the_world_but_not_the_host(self):
        self.node.apply("deny.yaml", DENY)
        self.expect([(w, a, 8080, w == "node") for w in ("client", "other", "world", "node") for a in self.web])

    def test_selector_and_port_are_both_needed(self):
        self.node.apply("allow.yaml", ALLOW)
        rows = []
        for a in self.web:
            rows += [("client", a, 8080, True), ("client", a, 9090, False), ("other", a, 8080, False),
                     ("world", a, 8080, False), ("node", a, 9090, True)]
        self.expect(rows)

    def test_egress_is_checked_and_replies_pass(self):
        self.node.apply("egress.yaml", EGRESS)
        rows = []
        for i in (0, 1):
            rows += [("client", self.web[i], 8080, True), ("client", self.web[i], 9090, False),
                     ("client", self.other[i], 8080, False)]
        rows += [("client", "10.99.0.100", 8082, False), ("other", "10.99.0.100", 8082, True)]
        self.expect(rows)

    def test_observe_says_which_rule_decided(self):
        self.node.apply("allow.yaml", ALLOW)
        self.node.settled()
        self.assertTrue(self.reaches("client", self.web[0], 8080))
        self.assertFalse(self.reaches("other", self.web[0], 8080))

        def line(*args):
            return self.node.beeline("observe", "--last", "1", *args).stdout
        allowed = wait_for(lambda: line("--pod", "default/client", "--port", "8080", "--verdict", "forwarded"), 5)
        self.assertIn("default/client", allowed)
        self.assertIn("default/web", allowed)
        self.assertIn("default/allow-clients", allowed)
        denied = wait_for(lambda: line("--pod", "default/other", "--verdict", "dropped"), 5)
        self.assertIn("policy_denied_ingress", denied)
        self.assertIn("default/allow-clients", denied)  # the policy that isolates

    def talker(self):
        """A connection on which only the server talks; returns the process, whose lines are what arrives."""
        code = ("import socket,sys\n"
                f"s=socket.create_connection(('{self.web[0]}',8080))\n"
                "s.sendall(b'push\\n')\n"
                "for line in s.makefile(): print(line, end='', flush=True)\n")
        log = open(self.node.dir / "talker.log", "wb")
        child = subprocess.Popen([str(self.node_lab()), "exec", "client", "python3", "-c", code],
                                 env=self.node.env(), stdout=log, stderr=log)
        self.node.children.append(child)
        return child

    @staticmethod
    def node_lab():
        from node import LAB
        return LAB

    def test_a_change_of_policy_reaches_a_live_connection(self):
        child = self.talker()
        log = self.node.dir / "talker.log"
        wait_for(lambda: log.read_text().count("\n") > 5, 5, "the server talks")
        self.node.apply("deny.yaml", DENY)
        self.node.settled()
        time.sleep(0.2)
        before = log.read_text()
        time.sleep(0.6)
        self.assertEqual(log.read_text(), before, "denied, although only the server talks")
        (self.node.manifests / "deny.yaml").unlink()
        wait_for(lambda: log.read_text() != before, 5, "allowed again, the connection goes on")
        child.kill()

    def test_policy_is_in_force_before_the_first_packet(self):
        self.node.apply("deny.yaml", DENY)
        self.node.settled()
        self.node.lab_sh("container", "late")
        # something floods from the moment the namespace exists
        self.node.spawn("other", "python3", "-c",
                        "import socket,time\ns=socket.socket(socket.AF_INET,socket.SOCK_DGRAM)\n"
                        "end=time.time()+4\nwhile time.time()<end:\n"
                        " [s.sendto(b'x',(f'10.244.1.{i}',7777)) for i in range(2,30)]\n time.sleep(0.002)\n")
        sink = self.node.dir / "sink.log"
        self.node.spawn("late", "sh", "-c", f"timeout 3 socat -u UDP-RECV:7777 CREATE:{sink}")
        time.sleep(0.3)
        self.node.beeline("endpoint", "add", "--netns", "late", "--pod", "default/late", "--label", "app=web")
        time.sleep(1.0)
        self.assertTrue(not sink.exists() or sink.stat().st_size == 0, "a packet got in before the policy")


if __name__ == "__main__":
    unittest.main()
