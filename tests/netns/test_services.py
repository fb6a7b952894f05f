"""ClusterIP services, translated per packet and at the socket."""
import json
import time
import unittest

from node import Node, wait_for

SERVICE = """
apiVersion: v1
kind: Service
metadata: {name: web}
spec:
  clusterIP: 10.96.0.10
  clusterIPs: ["10.96.0.10", "fd96::10"]
  ipFamilyPolicy: RequireDualStack
  selector: {app: web}
  ports:
  - {name: http, port: 80, targetPort: 8080}
  - {name: dns, port: 53, targetPort: 5353, protocol: UDP}
---
apiVersion: v1
kind: Service
metadata: {name: empty}
spec:
  clusterIP: 10.96.0.20
  clusterIPs: ["10.96.0.20", "fd96::20"]
  ipFamilyPolicy: RequireDualStack
  selector: {app: nobody}
  ports:
  - {name: http, port: 80}
  - {name: dns, port: 53, protocol: UDP}
---
apiVersion: v1
kind: Service
metadata: {name: given}
spec:
  clusterIP: 10.96.0.30
  ports:
  - {port: 80, targetPort: 8080}
"""
VIPS = ("10.96.0.10", "fd96::10")


class Common:
    """The same expectations for both places of translation; `where` asks."""
    cgroup = None
    where = "client"

    @classmethod
    def setUpClass(cls):
        cls.node = Node(cls.__name__.lower(), cgroup=cls.cgroup).__enter__()
        cls.addClassCleanup(cls.node.close)
        cls.node.apply("services.yaml", SERVICE)
        cls.addrs = {}
        for name in ("web-1", "web-2"):
            cls.addrs[name] = cls.node.container(name, {"app": "web"})
            cls.node.serve(name, "tcp:8080", "udp:5353")
        cls.node.container("client", {"role": "client"})
        cls.node.settled()
        wait_for(lambda: cls.node.ask("client", "tcp", VIPS[0], 80)["ok"], 10, "the service answers")

    def test_both_backends_answer_both_families(self):
        for vip in VIPS:
            for proto, port in (("tcp", 80), ("udp", 53)):
                with self.subTest(vip=vip, proto=proto):
                    got = self.node.ask(self.where, proto, vip, port, count=40)
                    self.assertEqual(got["ok"], 40, got)
                    self.assertEqual(sorted(got["answers"]), ["web-1", "web-2"], got)

    def test_choice_is_even(self):
        got = self.node.ask(self.where, "tcp", VIPS[0], 80, count=300)["answers"]
        # 300 throws of a fair coin: six standard deviations are 52
        self.assertLess(abs(got["web-1"] - 150), 52, got)

    def test_no_backend_is_refused_at_once(self):
        for vip in ("10.96.0.20", "fd96::20"):
            for proto, port in (("tcp", 80), ("udp", 53)):
                with self.subTest(vip=vip, proto=proto):
                    got = self.node.ask(self.where, proto, vip, port, connected=1)
                    self.assertEqual(got["error"], "refused", got)
                    self.assertLess(got["seconds"], 1.0)

    def test_backend_reaches_itself_through_the_service(self):
        for vip in VIPS:
            for proto, port in (("tcp", 80), ("udp", 53)):
                with self.subTest(vip=vip, proto=proto):
                    got = self.node.ask("web-1", proto, vip, port, count=20)
                    self.assertEqual(got["ok"], 20, got)
                    self.assertEqual(sorted(got["answers"]), ["web-1", "web-2"], got)

    def test_peer_is_the_service_address(self):
        for vip in VIPS:
            with self.subTest(vip=vip):
                self.assertEqual(self.node.ask(self.where, "tcp", vip, 80)["peer"], [vip, 80])
                self.assertEqual(self.node.ask(self.where, "udp", vip, 53)["from"][:2], [vip, 53])

    def test_given_slices_are_used_and_followed(self):
        slice_of = """
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: given-1, labels: {kubernetes.io/service-name: given}}
addressType: IPv4
ports: [{port: 8080, protocol: TCP, name: ""}]
endpoints: [{addresses: ["%s"]}]
"""
        for name in ("web-1", "web-2"):
            self.node.apply("slice.yaml", slice_of % self.addrs[name][0])
            wait_for(lambda: self.node.ask(self.where, "tcp", "10.96.0.30", 80)["answers"] == {name: 1}, 5, name)
            got = self.node.ask(self.where, "tcp", "10.96.0.30", 80, count=10)
            self.assertEqual(got["answers"], {name: 10})

    def test_allocated_address_serves(self):
        self.node.apply("late.yaml", """
apiVersion: v1
kind: Service
metadata: {name: late}
spec: {selector: {app: web}, ports: [{port: 81, targetPort: 8080}]}
""")
        self.node.settled()
        vip = self.node.json("service", "get", "default/late")["cluster_ips"][0]
        self.assertTrue(vip.startswith("10.96."), vip)
        self.assertEqual(self.node.ask(self.where, "tcp", vip, 81, count=5)["ok"], 5)
        (self.node.manifests / "late.yaml").unlink()
        wait_for(lambda: self.node.ask(self.where, "tcp", vip, 81, timeout=0.5)["ok"] == 0, 5, "gone")

    def test_nginx_through_the_service(self):
        conf = self.node.dir / "nginx"
        conf.mkdir(exist_ok=True)
        text = (self.node_root() / "examples/quickstart/nginx.conf").read_text()
        (conf / "nginx.conf").write_text(text.replace("NAME", "real").replace("DIR", str(conf)).replace("8080", "8090"))
        self.node.spawn("web-1", "nginx", "-c", conf / "nginx.conf", "-e", "stderr")
        self.node.apply("nginx.yaml", """
apiVersion: v1
kind: Service
metadata: {name: nginx}
spec: {clusterIP: 10.96.0.40, ports: [{port: 80}]}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: nginx-1, labels: {kubernetes.io/service-name: nginx}}
addressType: IPv4
ports: [{port: 8090}]
endpoints: [{addresses: ["%s"]}]
""" % self.addrs["web-1"][0])
        curl = ("curl", "-s", "--max-time", "1", "http://10.96.0.40/")
        wait_for(lambda: "hello from real" in self.node.run(self.where, *curl, check=False).stdout, 10, "nginx answers")

    @staticmethod
    def node_root():
        from node import ROOT
        return ROOT


class PerPacket(Common, unittest.TestCase):
    def test_udp_sent_before_the_service_exists_reaches_it_afterwards(self):
        self.node.run("node", "ip", "route", "add", "blackhole", "10.97.0.0/16")
        first = self.node.ask("client", "udp", "10.96.0.50", 53, timeout=0.2, source_port=12345)
        self.assertEqual(first["ok"], 0)
        self.node.apply("dns.yaml", """
apiVersion: v1
kind: Service
metadata: {name: dns}
spec: {clusterIP: 10.96.0.50, selector: {app: web}, ports: [{port: 53, targetPort: 5353, protocol: UDP}]}
""")
        wait_for(lambda: self.node.ask("client", "udp", "10.96.0.50", 53, timeout=0.3, source_port=12345)["ok"], 5,
                 "the same tuple reaches the service")

    def test_one_client_port_to_two_services_with_one_backend(self):
        for name, vip in (("twin-a", "10.96.0.60"), ("twin-b", "10.96.0.61")):
            self.node.apply(f"{name}.yaml", f"""
apiVersion: v1
kind: Service
metadata: {{name: {name}}}
spec: {{clusterIP: {vip}, ports: [{{port: 53, protocol: UDP}}]}}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {{name: {name}-1, labels: {{kubernetes.io/service-name: {name}}}}}
addressType: IPv4
ports: [{{port: 5353, protocol: UDP}}]
endpoints: [{{addresses: ["{self.addrs["web-1"][0]}"]}}]
""")
        self.node.settled()
        time.sleep(0.2)
        for vip in ("10.96.0.60", "10.96.0.61", "10.96.0.60"):
            got = self.node.ask("client", "udp", vip, 53, source_port=23456)
            self.assertEqual((got["ok"], got["from"]), (1, [vip, 53]), got)


class AtTheSocket(Common, unittest.TestCase):
    cgroup = "/sys/fs/cgroup"

    def test_connect_reaches_the_backend_without_translated_packets(self):
        self.node.ask("client", "tcp", VIPS[0], 80, count=5)
        flows = self.node.json("flow", "list", "--addr", VIPS[0])["flows"]
        self.assertEqual(flows, [])

    def test_host_process_reaches_the_service(self):
        for vip in VIPS:
            for proto, port in (("tcp", 80), ("udp", 53)):
                with self.subTest(vip=vip, proto=proto):
                    got = self.node.ask("node", proto, vip, port, count=20)
                    self.assertEqual(got["ok"], 20, got)

    def test_a_port_that_a_masqueraded_flow_has_is_refused_to_a_socket_of_the_node(self):
        self.node.serve("world", "tcp:8080", "udp:5353")
        for world in ("10.99.0.100", "fd99::100"):
            for proto, port in (("tcp", 8080), ("udp", 5353)):
                with self.subTest(world=world, proto=proto):
                    free = self.node.ask("node", proto, world, port, source_port=20011, one_socket=1)
                    self.assertEqual(free["ok"], 1, free)
                    got = self.node.ask("client", proto, world, port, source_port=20010, count=3, one_socket=1)
                    self.assertEqual(got["ok"], 3, got)
                    taken = self.node.ask("node", proto, world, port, source_port=20010, one_socket=1)
                    self.assertEqual(taken["ok"], 0, taken)
                    self.assertIn("assign requested address", json.dumps(taken))
                    other = self.node.ask("web-1", proto, world, port, source_port=20010, one_socket=1)
                    self.assertEqual(other["ok"], 1, "a container's own port is no port of the node")

    def test_v4_mapped_address(self):
        got = self.node.ask("client", "tcp", "::ffff:10.96.0.10", 80, count=10)
        self.assertEqual(got["ok"], 10, got)


if __name__ == "__main__":
    unittest.main()
