"""TCP between containers whose cgroups have asked for it passes by both stacks; and when it must not."""
import json
import pathlib
import unittest

from node import HOLD, Node, wait_for

CONTAINERS = "/sys/fs/cgroup/containers"
JOINED = pathlib.Path(__file__).with_name("joined.py")
DENY = """
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: deny}
spec: {podSelector: {matchLabels: {app: two}}, policyTypes: [Ingress]}
"""
SERVICE = """
apiVersion: v1
kind: Service
metadata: {name: two}
spec:
  clusterIP: 10.96.0.10
  selector: {app: two}
  ports: [{port: 80, targetPort: 8080}]
"""
ROUNDS = 40


class Shortcut(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        config = f"resync: 1\ncgroup: {{shortcut: [{CONTAINERS}/one, {CONTAINERS}/two]}}\n"
        cls.node = Node("shortcut", config=config, quick=True).__enter__()
        cls.addClassCleanup(cls.node.close)
        for name in ("one", "two", "out"):
            cls.node.container(name, {"app": name})
        cls.addrs = cls.node.json("endpoint", "get", "default/two")
        cls.addrs = (cls.addrs["addr4"], cls.addrs["addr6"])
        wait_for(lambda: cls.node.json("status")["errors"] == [], 10, "both cgroups have joined")
        cls.node.serve("two", "tcp:8080")

    def setUp(self):
        self.addCleanup(self.node.beeline, "flow", "flush", "--all", check=False)

    def packets(self, where):
        lines = self.node.run(where, "cat", "/proc/net/dev").stdout.splitlines()
        return next(int(line.split()[10]) for line in lines if line.strip().startswith("eth0:"))

    def talk(self, where, addr, port=8080):
        """Packets that leave for so many questions over one connection, each answered."""
        first = self.node.question(HOLD, where, ("many", addr, port, 1))
        self.assertEqual((first["answers"], first["error"]), (["two"], None))
        before = self.packets(where)
        for _ in range(ROUNDS):
            got = self.node.question(HOLD, where, ("each", addr, port))
            self.assertEqual((got["answers"], got["error"]), (["two"], None))
        return self.packets(where) - before

    def case(self, name, addr):
        return json.loads(self.node.run("node", "python3", JOINED, "one", "two", addr, name, timeout=60).stdout)

    def test_messages_pass_by_the_devices(self):
        for addr in self.addrs:
            self.assertLess(self.talk("one", addr), ROUNDS // 2, addr)

    def test_and_are_counted_by_the_flow(self):
        self.talk("one", self.addrs[0])
        packets = [f["packets"] for f in self.node.json("flow", "list")["flows"]]
        self.assertEqual(len([p for p in packets if p >= ROUNDS]), 2, f"questions, and answers: {packets}")

    def test_who_has_not_asked_for_it_goes_by_the_stack(self):
        for addr in self.addrs:
            self.assertGreaterEqual(self.talk("out", addr), ROUNDS, addr)

    def test_what_is_translated_in_packets_does_too(self):
        self.node.apply("two.yaml", SERVICE)
        self.node.settled()
        self.assertGreaterEqual(self.talk("one", "10.96.0.10", 80), ROUNDS)

    def test_policy_holds_from_the_next_message_on(self):
        addr = self.addrs[0]
        self.assertLess(self.talk("one", addr), ROUNDS // 2)
        self.node.apply("deny.yaml", DENY)
        self.node.settled()
        try:
            before = self.node.drops().get("policy_denied_ingress", 0)
            got = self.node.question(HOLD, "one", ("each", addr, 8080))
            self.assertNotEqual(got["error"], None, got)
            self.assertGreater(self.node.drops().get("policy_denied_ingress", 0), before)
        finally:
            (self.node.manifests / "deny.yaml").unlink()
            self.node.settled()

    def test_what_is_not_read_stays_bounded_and_in_its_order(self):
        for addr in self.addrs:
            got = self.case("unread", addr)
            self.assertTrue(got["whole"], got)
            self.assertLess(got["sent"], 32 << 20, "what the stack itself accepts, and 256 KiB")

    def test_data_that_were_there_first_are_read_first(self):
        for case in ("late", "early"):
            for addr in self.addrs:
                self.assertEqual(self.case(case, addr), {"read": "first second"}, (case, addr))

    def test_an_answer_after_a_half_close(self):
        for addr in self.addrs:
            self.assertEqual(self.case("half", addr), {"read": "answer to question"}, addr)

    def test_without_an_agent_and_with_a_new_one(self):
        addr = self.addrs[0]
        self.assertLess(self.talk("one", addr), ROUNDS // 2)
        self.node.stop_agent()
        for step in (lambda: None, self.node.start_agent):
            step()
            got = self.node.question(HOLD, "one", ("each", addr, 8080))
            self.assertEqual((got["answers"], got["error"]), (["two"], None))
        self.assertLess(self.talk("one", addr), ROUNDS // 2)

    def test_when_it_is_taken_back_who_has_it_keeps_it(self):
        addr, config = self.addrs[0], self.node.config
        self.assertLess(self.talk("one", addr), ROUNDS // 2)
        for asked in ("resync: 1\n", config):
            self.node.stop_agent()
            self.node.config = asked
            self.node.start_agent()
            before = self.packets("one")
            for _ in range(ROUNDS):
                self.assertEqual(self.node.question(HOLD, "one", ("each", addr, 8080))["answers"], ["two"])
            self.assertLess(self.packets("one") - before, ROUNDS // 2)
            if asked != config:
                self.assertGreaterEqual(self.talk("one", self.addrs[1]), ROUNDS, "one that is new")
        self.assertLess(self.talk("one", self.addrs[1]), ROUNDS // 2)


if __name__ == "__main__":
    unittest.main()
