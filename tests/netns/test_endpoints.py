"""Adding and removing containers: what users get wrong, and that nothing is left behind."""
import unittest

from node import Node, wait_for


class Endpoints(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.node = Node("ep").__enter__()
        cls.addClassCleanup(cls.node.close)

    def add(self, *args, check=False):
        return self.node.beeline("endpoint", "add", *args, check=check)

    def test_adding_twice_is_one_endpoint(self):
        self.node.container("twice")
        first = self.node.json("endpoint", "get", "default/twice")
        self.add("--netns", "twice", "--pod", "default/twice", check=True)
        self.assertEqual(self.node.json("endpoint", "get", "default/twice")["id"], first["id"])

    def test_addresses_asked_for(self):
        addrs = self.node.container("asked", ips=("10.244.1.77", "fd44:1::77"))
        self.assertEqual(addrs, ("10.244.1.77", "fd44:1::77"))
        self.node.lab_sh("container", "thief")
        done = self.add("--netns", "thief", "--pod", "default/thief", "--ip", "10.244.1.77")
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("10.244.1.77", done.stderr)
        outside = self.add("--netns", "thief", "--pod", "default/thief", "--ip", "192.0.2.1")
        self.assertNotEqual(outside.returncode, 0)
        self.assertIn("192.0.2.1", outside.stderr)

    def test_namespace_by_path_and_by_pid(self):
        self.node.lab_sh("container", "bypath")
        self.add("--netns", "/run/netns/bypath", "--pod", "default/bypath", check=True)
        self.node.lab_sh("container", "bypid")
        child = self.node.spawn("bypid", "sleep", "60")
        pids = wait_for(lambda: self.node.run("node", "ip", "netns", "pids", "bypid").stdout.split(), 10, "a process")
        self.add("--netns", pids[0], "--pod", "default/bypid", check=True)
        self.node.run("bypid", "ping", "-c", "1", "-W", "2", "10.244.1.1")
        child.kill()

    def test_a_namespace_that_does_not_exist(self):
        done = self.add("--netns", "nowhere", "--pod", "default/nowhere")
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("nowhere", done.stderr)
        self.assertNotEqual(self.node.beeline("endpoint", "get", "default/nowhere", check=False).returncode, 0)

    def test_removed_and_nothing_left(self):
        before = self.node.run("node", "ip", "-o", "link").stdout.count("\n")
        self.node.container("gone")
        self.node.beeline("endpoint", "delete", "default/gone")
        self.assertEqual(self.node.run("node", "ip", "-o", "link").stdout.count("\n"), before)
        self.assertNotIn("eth0", self.node.run("gone", "ip", "-o", "link").stdout)
        self.assertNotIn("default/gone", self.node.beeline("endpoint", "list").stdout)

    def test_container_sees_what_a_pod_expects(self):
        self.node.container("pod")
        addresses = self.node.run("pod", "ip", "-o", "addr", "show", "eth0").stdout
        self.assertRegex(addresses, r"inet 10\.244\.1\.\d+/32")
        self.assertRegex(addresses, r"inet6 fd44:1::[0-9a-f]+/128")
        self.assertIn("default via 10.244.1.1", self.node.run("pod", "ip", "route").stdout)
        self.assertIn("default via fd44:1::1", self.node.run("pod", "ip", "-6", "route").stdout)


class SmallRange(unittest.TestCase):
    def test_no_address_left_is_a_clear_error_and_leaks_nothing(self):
        with Node("small", pod_cidrs=("10.244.9.0/29", "fd44:9::/64")) as node:
            for i in range(5):  # eight, less network, gateway and broadcast
                node.container(f"c{i}")
            node.lab_sh("container", "late")
            links = node.run("node", "ip", "-o", "link").stdout
            done = node.beeline("endpoint", "add", "--netns", "late", "--pod", "default/late", check=False)
            self.assertNotEqual(done.returncode, 0)
            self.assertIn("10.244.9.0/29", done.stderr)
            self.assertEqual(node.run("node", "ip", "-o", "link").stdout, links)
            self.assertEqual(len(node.json("endpoint", "list")), 5)
            node.beeline("endpoint", "delete", "default/c0")
            node.beeline("endpoint", "add", "--netns", "late", "--pod", "default/late")


if __name__ == "__main__":
    unittest.main()
