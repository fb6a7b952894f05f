"""What load balancers ask of a node: /healthz, /livez, and the healthCheckNodePorts of Services."""
import json
import unittest

from node import Node, wait_for

SERVICE = """
apiVersion: v1
kind: Service
metadata: {name: web}
spec:
  type: LoadBalancer
  externalTrafficPolicy: Local
  healthCheckNodePort: 32100
  clusterIP: 10.96.0.10
  clusterIPs: ["10.96.0.10", "fd96::10"]
  ipFamilyPolicy: RequireDualStack
  selector: {app: web}
  ports: [{port: 80, targetPort: 8080}]
"""
NODE = """
apiVersion: v1
kind: Node
metadata: {name: node1, deletionTimestamp: "2026-01-01T00:00:00Z"}
"""
ASK = """
import http.client, json, sys
host, port, path = sys.argv[1:]
connection = http.client.HTTPConnection(host, int(port), timeout=3)
try:
    connection.request("GET", path)
    answer = connection.getresponse()
    print(json.dumps([answer.status, dict(answer.getheaders()), answer.read().decode()]))
except OSError as error:
    print(json.dumps([type(error).__name__, {}, ""]))
"""
ROUTERS = ("10.244.1.1", "fd44:1::1")  # addresses of the node that a container can ask


class Health(unittest.TestCase):
    config = ""

    def setUp(self):
        self.node = Node("health", config=self.config).__enter__()
        self.addCleanup(self.node.close)
        self.node.container("client")

    def ask(self, port, path="/", host=ROUTERS[0]):
        status, headers, body = json.loads(self.node.run("client", "python3", "-c", ASK, host, port, path).stdout)
        return status, headers, json.loads(body) if body else None

    def status_of(self, port, path="/", host=ROUTERS[0]):
        return self.ask(port, path, host)[0]

    def test_the_node_is_well_until_it_leaves(self):
        for host in ROUTERS:
            with self.subTest(host=host):
                status, headers, body = self.ask(10256, "/healthz", host)
                self.assertEqual((status, headers["Content-Type"]), (200, "application/json"))
                self.assertEqual(sorted(body), ["currentTime", "lastUpdated", "nodeEligible"])
                self.assertTrue(body["nodeEligible"])
        self.node.apply("node.yaml", NODE)
        self.node.settled()
        self.assertEqual(self.status_of(10256, "/healthz"), 503)
        self.assertEqual(self.status_of(10256, "/livez"), 200)
        (self.node.manifests / "node.yaml").unlink()
        self.node.settled()
        self.assertEqual(self.status_of(10256, "/healthz"), 200)

    def test_a_service_is_well_where_it_has_a_backend(self):
        self.assertEqual(self.status_of(32100), "ConnectionRefusedError")
        self.node.apply("web.yaml", SERVICE)
        self.node.settled()
        self.assertEqual(self.status_of(32100), 503)
        self.node.container("web-1", {"app": "web"})
        self.node.settled()
        for host in ROUTERS:
            with self.subTest(host=host):
                status, headers, body = self.ask(32100, "/healthz", host)
                self.assertEqual(status, 200)
                self.assertEqual(body, {"service": {"namespace": "default", "name": "web"}, "localEndpoints": 1,
                                        "serviceProxyHealthy": True})
                self.assertEqual(headers["X-Content-Type-Options"], "nosniff")
        self.node.beeline("endpoint", "delete", "default/web-1")
        self.node.settled()
        self.assertEqual(self.status_of(32100), 503)
        (self.node.manifests / "web.yaml").unlink()
        self.node.settled()
        wait_for(lambda: self.status_of(32100) == "ConnectionRefusedError", 5, "the port is closed")

    def test_a_port_that_is_taken_is_told_and_opened_when_it_is_free(self):
        listener = self.node.spawn("node", "python3", "-c", "import socket, time\ns = socket.create_server(('', 32100))\n"
                                                            "time.sleep(60)")
        wait_for(lambda: ":32100 " in self.node.run("node", "ss", "-Htln").stdout, 10, "somebody else listens")
        self.node.apply("web.yaml", SERVICE)
        self.node.container("web-1", {"app": "web"})

        def errors():
            return [e for e in self.node.json("status")["errors"] if "healthCheckNodePort" in e]
        wait_for(errors, 10, "the status tells")
        self.assertIn("healthCheckNodePort of Service default/web: :::32100: cannot bind: Address already in use",
                      errors()[0])
        self.node.run("node", "pkill", "-f", "create_server")
        listener.wait(10)
        wait_for(lambda: self.status_of(32100) == 200, 20, "it is opened later")
        self.assertEqual(errors(), [])


class NobodyAsks(unittest.TestCase):
    def test_none_is_no_port(self):
        with Node("unasked", config="health: none\n") as node:
            self.assertNotIn(":10256", node.run("node", "ss", "-Htln").stdout)


if __name__ == "__main__":
    unittest.main()
