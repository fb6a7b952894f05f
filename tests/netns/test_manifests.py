"""The directory of manifests: every way of writing files, and what happens to bad ones."""
import signal
import time
import unittest

from node import Failed, Node, wait_for


def service(name, vip, port=80):
    return (f"apiVersion: v1\nkind: Service\nmetadata:\n  name: {name}\nspec:\n  clusterIP: {vip}\n"
            f"  ports:\n  - port: {port}\n")


POLICY = """apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: deny-all}
spec: {podSelector: {matchLabels: {app: web}}, policyTypes: [Ingress]}
"""
ALLOW = POLICY.replace("policyTypes: [Ingress]", "ingress: [{}]")


class Manifests(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.node = Node("files").__enter__()
        cls.addClassCleanup(cls.node.close)

    def tearDown(self):
        for file in self.node.manifests.iterdir():
            file.unlink()
        wait_for(lambda: not self.names(), 10, "all gone")

    def names(self):
        return sorted(s["name"] for s in self.node.json("service", "list"))

    def problems(self):
        return self.node.json("status")["problems"]

    def test_written_renamed_changed_and_deleted(self):
        path = self.node.manifests / "a.yaml"
        path.write_text(service("a", "10.96.1.1"))
        wait_for(lambda: self.names() == ["a"], 5)
        path.write_text(service("b", "10.96.1.1"))
        wait_for(lambda: self.names() == ["b"], 5)
        path.rename(self.node.manifests / "c.yml")
        time.sleep(0.2)
        self.assertEqual(self.names(), ["b"])
        (self.node.manifests / "c.yml").rename(self.node.dir / "elsewhere")
        wait_for(lambda: self.names() == [], 5)

    def test_a_half_written_file_waits_for_its_end(self):
        with open(self.node.manifests / "slow.yaml", "w") as f:
            f.write("apiVersion: v1\nkind: Service\nmetadata:\n  name: slow\nspec:\n  clust")
            f.flush()
            time.sleep(0.3)
            self.assertEqual(self.problems(), [])
            f.write("erIP: 10.96.1.2\n  ports:\n  - port: 80\n")
        wait_for(lambda: self.names() == ["slow"], 5)

    def test_a_bad_document_is_refused_alone_and_its_last_good_version_stays(self):
        good = service("good", "10.96.1.3") + "---\n"
        self.node.apply("x.yaml", good + service("other", "10.96.1.4"))
        wait_for(lambda: self.names() == ["good", "other"], 5)
        self.node.apply("x.yaml", good + service("other", "10.96.1.4", "8x"))
        problem = wait_for(self.problems, 5)[0]
        self.assertEqual((problem["file"], problem["line"], problem["field"]), ("x.yaml", 17, "spec.ports[0].port"))
        self.assertIn("8x", problem["value"])
        self.assertEqual(self.names(), ["good", "other"])
        self.assertEqual(self.node.json("service", "get", "default/other")["ports"][0]["port"], 80)
        self.assertIn("x.yaml:17", self.node.beeline("status").stdout)
        wait_for(lambda: "x.yaml:17" in self.node.log(), 5)
        self.node.apply("x.yaml", good)
        wait_for(lambda: self.problems() == [] and self.names() == ["good"], 5)

    def test_dry_run_says_the_same_and_changes_nothing(self):
        bad = self.node.dir / "bad.yaml"
        bad.write_text(service("bad", "10.96.1.5", 70000))
        done = self.node.beeline("apply", "--dry-run", "-f", bad, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("bad.yaml:8: spec.ports[0].port", done.stdout + done.stderr)
        good = self.node.dir / "good.yaml"
        good.write_text(service("fine", "10.96.1.5"))
        self.assertEqual(self.node.beeline("apply", "--dry-run", "-f", good).returncode, 0)
        self.assertEqual(self.names(), [])

    def test_dry_run_sees_collisions_among_the_files_given_and_with_what_is_loaded(self):
        self.node.apply("loaded.yaml", service("loaded", "10.96.1.7"))
        wait_for(lambda: self.names() == ["loaded"], 5)
        folder = self.node.dir / "given"
        folder.mkdir()
        for file, text in (("a.yaml", service("one", "10.96.1.8")), ("b.yaml", service("one", "10.96.1.9")),
                           ("c.yaml", service("two", "10.96.1.8")), ("d.yaml", service("three", "10.96.1.7"))):
            (folder / file).write_text(text)
        done = self.node.beeline("apply", "--dry-run", "-f", folder, check=False)
        self.assertEqual(done.returncode, 1)
        for text in ("b.yaml:1: metadata.name: 'one' is defined already in a.yaml:1",
                     "c.yaml:1: spec.clusterIP: '10.96.1.8' is the address of Service default/one",
                     "d.yaml:1: spec.clusterIP: '10.96.1.7' is the address of Service default/loaded",
                     "1 object in 4 files, 3 problems"):
            self.assertIn(text, done.stdout)
        self.assertEqual(self.names(), ["loaded"])

    def test_a_service_that_cannot_be_served_says_so(self):
        sctp = service("sctp", "10.96.1.10").replace("port: 80", "port: 5000\n    targetPort: 5001\n    protocol: SCTP")
        self.node.apply("sctp.yaml", sctp + "  selector: {app: sctp}\n")
        wait_for(lambda: self.names() == ["sctp"], 5)
        self.node.settled()
        self.assertIn("Service default/sctp (sctp.yaml:1): spec.ports[0].targetPort: the backends have port 5001",
                      self.node.beeline("status").stdout)
        self.assertFalse(self.node.json("service", "get", "default/sctp")["in_force"])

    def test_two_services_with_one_address(self):
        self.node.apply("a.yaml", service("first", "10.96.1.6"))
        wait_for(lambda: self.names() == ["first"], 5)
        self.node.apply("b.yaml", service("second", "10.96.1.6"))
        problem = wait_for(self.problems, 5)[0]
        self.assertIn("first", problem["reason"])
        (self.node.manifests / "a.yaml").unlink()
        wait_for(lambda: self.names() == ["second"] and self.problems() == [], 5)

    def test_a_new_container_waits_for_a_pod_manifest_that_cannot_be_read(self):
        pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: late, labels: {app: %s}}\n"
        self.node.apply("pod.yaml", pod % "7")
        wait_for(lambda: self.node.json("status")["problems"], 5)
        with self.assertRaisesRegex(Failed, r"pod default/late: .* pod.yaml:3: metadata.labels.app: '7' is a number"):
            self.node.container("late")
        self.node.apply("pod.yaml", pod % "web")
        wait_for(lambda: not self.node.json("status")["problems"], 5)
        self.node.beeline("endpoint", "add", "--netns", "late", "--pod", "default/late")
        self.assertEqual(self.node.json("endpoint", "get", "default/late")["labels"], {"app": "web"})

    def test_a_burst_of_a_thousand_files(self):
        for i in range(1000):
            (self.node.manifests / f"s{i}.yaml").write_text(service(f"s{i}", f"10.96.{2 + i // 250}.{1 + i % 250}"))
        wait_for(lambda: len(self.names()) == 1000, 20)
        for i in range(1000):
            (self.node.manifests / f"s{i}.yaml").unlink()
        wait_for(lambda: self.names() == [], 20)


class BrokenWhileTheAgentIsAway(unittest.TestCase):
    def setUp(self):
        self.node = Node("away").__enter__()
        self.addCleanup(self.node.close)
        self.web = self.node.container("web", {"app": "web"})
        self.node.container("client")
        self.node.serve("web", "tcp:8080")

    def reaches(self):
        return [self.node.ask("client", "tcp", addr, 8080, timeout=0.4)["ok"] for addr in self.web]

    def restarted_with(self, policy, how):
        self.node.apply("policy.yaml", POLICY)
        self.node.settled()
        self.assertEqual(self.reaches(), [0, 0])
        self.node.stop_agent(how)
        self.node.apply("policy.yaml", policy)
        self.node.start_agent()
        return self.node.json("status")

    def check_last_good_in_force(self, status):
        self.assertEqual(self.reaches(), [0, 0])
        self.assertEqual(status["policies"], 1)
        self.assertEqual(self.node.json("policy", "get", "default/deny-all")["file"], "policy.yaml")

    def test_a_policy_stays_in_force_and_the_status_names_the_mistake(self):
        bad_field = POLICY.replace("[Ingress]", "[Ingres]")
        for how in (signal.SIGTERM, signal.SIGKILL):
            with self.subTest(how=how):
                status = self.restarted_with(bad_field, how)
                self.check_last_good_in_force(status)
                problem = status["problems"][0]
                self.assertEqual((problem["file"], problem["line"], problem["field"]),
                                 ("policy.yaml", 4, "spec.policyTypes[0]"))
                policy = next(o for o in status["objects"] if o["name"] == "deny-all")
                self.assertIn("policy.yaml:4", policy["error"])
                self.assertIn("policy.yaml:4", self.node.beeline("status").stdout)

    def test_a_policy_whose_yaml_is_broken_too_and_over_two_restarts(self):
        self.check_last_good_in_force(self.restarted_with("kind: [\n", signal.SIGKILL))
        self.node.stop_agent(signal.SIGKILL)
        self.node.start_agent()
        status = self.node.json("status")
        self.check_last_good_in_force(status)
        self.assertEqual([(p["file"], p["line"]) for p in status["problems"]], [("policy.yaml", 1)])

    def test_mended_it_is_what_the_file_says(self):
        self.restarted_with(POLICY.replace("[Ingress]", "[Ingres]"), signal.SIGKILL)
        self.node.apply("policy.yaml", ALLOW)
        wait_for(lambda: self.reaches() == [1, 1], 5, "the new policy is in force")
        self.assertEqual(self.node.json("status")["problems"], [])

    def test_a_file_deleted_meanwhile_is_gone(self):
        self.node.apply("policy.yaml", POLICY)
        self.node.settled()
        self.node.stop_agent(signal.SIGKILL)
        (self.node.manifests / "policy.yaml").unlink()
        self.node.start_agent()
        wait_for(lambda: self.reaches() == [1, 1], 5, "the policy is gone")


if __name__ == "__main__":
    unittest.main()
