"""readinessProbes where no kubelet asks: services.probes."""
import time
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
POD = """
---
apiVersion: v1
kind: Pod
metadata: {name: NAME, labels: {app: web}}
spec:
  containers:
  - name: web
    ports: [{name: web, containerPort: 8080}, {name: health, containerPort: 9090}]
    readinessProbe: {PROBE, periodSeconds: 1, failureThreshold: 2}
"""
TCP = "tcpSocket: {port: web}"
HTTP = "httpGet: {port: health, path: /ready, httpHeaders: [{name: X-Asked-By, value: beeline}]}"
# Answers 200 to the probe as long as the file is there, else 500.
HEALTH = """
import http.server, os, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        asked = self.path == "/ready" and self.headers["X-Asked-By"] == "beeline"
        self.send_response(200 if asked and os.path.exists(sys.argv[1]) else 500)
        self.end_headers()
    def log_message(self, *_):
        pass
http.server.ThreadingHTTPServer(("", 9090), Handler).serve_forever()
"""
NAMES = ("web-1", "web-2", "web-3")
FOUND = 10  # seconds: two periods, and a busy machine


class Probes(unittest.TestCase):
    config = "services: {probes: true}\n"

    def start(self, probe):
        self.node = Node("probes", config=self.config).__enter__()
        self.addCleanup(self.node.close)
        self.node.container("client")
        self.node.apply("web.yaml", SERVICE + "".join(POD.replace("NAME", n).replace("PROBE", probe) for n in NAMES))
        self.addrs = {name: self.node.container(name)[0] for name in NAMES}
        self.node.settled()

    def serve(self, name):
        self.node.serve(name, "tcp:8080")

    def end(self, name):
        self.node.run(name, "pkill", "-f", f"serve.py {name} ")

    def reached(self, count=30):
        """Who answers new connections, and how others fail."""
        answer = self.node.ask("client", "tcp", "10.96.0.10", 80, count=count, timeout=1)
        return set(answer["answers"]) | ({answer["error"]} if answer["error"] else set())

    def wait_until_reached(self, *names):
        wait_for(lambda: self.reached() == set(names), FOUND, f"{names} are reached")

    def wait_for_log(self, text):
        wait_for(lambda: text in self.node.log(), FOUND, text)

    def test_a_server_that_ends_gets_no_connection_until_it_is_back(self):
        self.start(TCP)
        self.assertEqual(self.reached(1), {"refused"}, "nobody is ready yet")
        for name in ("web-1", "web-2"):  # that of web-3 never runs
            self.serve(name)
        self.wait_until_reached("web-1", "web-2")
        for _ in range(3):
            self.assertEqual(self.reached(), {"web-1", "web-2"})
        self.end("web-1")
        self.wait_until_reached("web-2")
        self.wait_for_log(f"Pod default/web-1 is not ready: probe tcp {self.addrs['web-1']}:8080: Connection refused")
        self.assertEqual(self.reached(100), {"web-2"})
        self.serve("web-1")
        self.wait_until_reached("web-1", "web-2")
        self.wait_for_log("Pod default/web-1 is ready: its probes succeed")
        self.end("web-1")
        self.end("web-2")
        self.wait_until_reached("refused")

    def test_a_server_that_says_it_is_not_ready_gets_no_connection(self):
        self.start(HTTP)
        marks = {name: self.node.dir / f"ready-{name}" for name in NAMES}
        for name, mark in marks.items():
            self.serve(name)
            self.node.spawn(name, "python3", "-c", HEALTH, mark)
        for name in ("web-1", "web-2"):
            marks[name].touch()
        self.wait_until_reached("web-1", "web-2")
        marks["web-3"].touch()
        self.wait_until_reached(*NAMES)
        marks["web-2"].unlink()
        self.wait_until_reached("web-1", "web-3")
        self.wait_for_log(f"Pod default/web-2 is not ready: probe http {self.addrs['web-2']}:9090/ready: status 500")

    def test_who_was_ready_stays_so_when_the_agent_is_replaced(self):
        self.start(TCP)
        for name in ("web-1", "web-2"):
            self.serve(name)
        self.wait_until_reached("web-1", "web-2")
        self.node.stop_agent()
        self.node.start_agent()
        end = time.monotonic() + 4
        while time.monotonic() < end:
            self.assertEqual(self.reached(), {"web-1", "web-2"})

    def test_a_pod_that_asks_nothing_is_ready_and_one_that_begins_to_is_not(self):
        self.start("exec: {command: ['true']}")
        self.serve("web-1")
        wait_for(lambda: "web-1" in self.reached() and "refused" in self.reached(), FOUND, "all are tried")
        self.node.apply("web.yaml", SERVICE + "".join(POD.replace("NAME", n).replace("PROBE", TCP) for n in NAMES))
        self.wait_until_reached("web-1")

    def test_where_nobody_probes_all_are_tried(self):
        self.config = ""
        self.start(TCP)
        for name in ("web-1", "web-2"):
            self.serve(name)
        self.assertEqual(self.reached(100), {"web-1", "web-2", "refused"})


if __name__ == "__main__":
    unittest.main()
