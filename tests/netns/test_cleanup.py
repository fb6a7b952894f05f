"""`beelined --cleanup` leaves the node as it was before Beeline came."""
import json
import signal
import unittest

from node import AGENT, Node

POLICY = """apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: deny-all}
spec: {podSelector: {}, policyTypes: [Ingress]}
"""


class Cleanup(unittest.TestCase):
    def state(self):
        """What an agent may leave on a node, each as text."""
        def node(*cmd):
            return self.node.run("node", *cmd, check=False).stdout

        return {
            "devices": sorted(link["ifname"] for link in json.loads(node("ip", "-j", "link"))),
            "routes": node("ip", "route") + node("ip", "-6", "route"),
            "rules": node("ip", "rule") + node("ip", "-6", "rule"),
            "neighbours": node("ip", "neigh", "show", "proxy"),
            "qdiscs": node("tc", "qdisc"),
            "pins": node("find", "/sys/fs/bpf", "-mindepth", "1"),
            "programs in the cgroup": node("bpftool", "cgroup", "tree", "/sys/fs/cgroup"),
            "settings": node("sh", "-c", "sysctl -a 2> /dev/null | grep -E 'forward|rp_filter' | sort"),
        }

    def cleanup(self):
        return self.node.run("node", AGENT, "--run-dir", self.node.run_dir, "--socket", self.node.socket, "--cleanup",
                             check=False, timeout=60)

    def check(self, how):
        self.node = Node("cleanup", cgroup="/sys/fs/cgroup")
        self.addCleanup(self.node.close)
        self.node.lab_sh("up")
        before = self.state()
        self.node.start_agent()
        self.node.container("web", {"app": "web"})
        self.node.apply("policy.yaml", POLICY)
        self.node.settled()
        self.assertNotEqual(self.state()["pins"], "")
        running = self.cleanup()
        self.assertNotEqual(running.returncode, 0, "not under a running agent")
        self.assertIn("another agent uses this run directory", running.stdout + running.stderr)
        self.node.stop_agent(how)
        for again in (False, True):
            done = self.cleanup()
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            self.maxDiff = None
            self.assertEqual(self.state(), before)
            self.assertEqual([p.name for p in self.node.run_dir.iterdir()], ["beelined.lock"], "but for its lock")
            self.assertFalse(self.node.socket.exists())
        links = self.node.run("node", "ip", "-n", "web", "-j", "link").stdout
        self.assertEqual([link["ifname"] for link in json.loads(links)], ["lo"], "nothing in the container")

    def test_an_agent_is_safe_from_others_with_another_run_directory(self):
        with Node("twoagents") as node:
            before = node.run("node", "find", "/sys/fs/bpf", "-mindepth", "1").stdout
            other = [AGENT, "--run-dir", node.dir / "other", "--socket", node.dir / "other.sock", "--node", "node1",
                     "--manifests", node.manifests, "--pod-cidr", "10.244.9.0/24"]
            for more in ([], ["--cleanup"]):
                done = node.run("node", *other, *more, check=False, timeout=20)
                self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
                self.assertIn(f"another agent uses these pins (pid {node.agent_pid()})", done.stdout + done.stderr)
            self.assertEqual(node.run("node", "find", "/sys/fs/bpf", "-mindepth", "1").stdout, before)
            node.stop_agent(signal.SIGKILL)
            done = node.run("node", *other, "--cleanup", check=False, timeout=60)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_after_it_was_stopped(self):
        self.check(signal.SIGTERM)

    def test_after_it_was_killed(self):
        self.check(signal.SIGKILL)


if __name__ == "__main__":
    unittest.main()
