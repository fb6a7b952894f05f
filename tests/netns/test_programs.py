"""Real programs through Services whose backends come and go: nginx, dnsmasq, iperf3, a WebSocket stream."""
import json
import os
import random
import time
import unittest

from node import Node, wait_for

SECONDS = int(os.environ.get("BEELINE_CHURN_SECONDS", "15"))  # hours by hand
PODS = ("one", "two", "three")
SERVICE = """
---
apiVersion: v1
kind: Service
metadata: {name: NAME}
spec:
  clusterIP: 10.96.0.NUMBER
  clusterIPs: ["10.96.0.NUMBER", "fd96::NUMBER"]
  ipFamilyPolicy: RequireDualStack
  sessionAffinity: AFFINITY
  ports: [PORTS]
"""
SLICE = """
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: NAME-LOWER, labels: {kubernetes.io/service-name: NAME}}
addressType: FAMILY
ports: [PORTS]
endpoints: [LIST]
"""
# name: number, ports of the Service, ports of the backends
SERVICES = {"nginx": (10, "{port: 80, targetPort: 8080}", "{port: 8080}"),
            "dns": (20, "{name: u, port: 53, protocol: UDP, targetPort: 5353}, {name: t, port: 53, targetPort: 5353}",
                    "{name: u, port: 5353, protocol: UDP}, {name: t, port: 5353}"),
            "stream": (30, "{port: 80, targetPort: 8765}", "{port: 8765}"),
            "iperf": (40, "{port: 5201}", "{port: 5201}")}
NGINX = """
worker_processes 1;
daemon off;
error_log stderr;
pid DIR/pid;
events {}
http {
  access_log off;
  client_body_temp_path DIR; proxy_temp_path DIR; fastcgi_temp_path DIR; uwsgi_temp_path DIR; scgi_temp_path DIR;
  server { listen 8080; listen [::]:8080; location / { return 200 "hello\\n"; } }
}
"""
STREAM_SERVER = """
import asyncio, websockets
async def echo(socket):
    async for message in socket:
        await socket.send(message)
async def main():
    async with websockets.serve(echo, "", 8765):
        await asyncio.Future()
asyncio.run(main())
"""
STREAM_CLIENT = """
import asyncio, sys, time, websockets
async def main():
    end, count = time.monotonic() + float(sys.argv[2]), 0
    async with websockets.connect(sys.argv[1]) as socket:
        while time.monotonic() < end:
            count += 1
            await socket.send(str(count))
            assert await asyncio.wait_for(socket.recv(), 5) == str(count)
            await asyncio.sleep(0.002)
    print(count)
asyncio.run(main())
"""
PYTHON = "/usr/bin/python3"  # the distribution's, which has its modules
# Each prints what went wrong, and at last how often it was right. ADDRESS, SECONDS.
CURL = """
end=$(($(date +%s) + $2)); n=0
while [ $(date +%s) -lt $end ]; do
  for i in 1 2 3 4; do urls="$urls http://$1/$i"; done
  out=$(curl -sS -g --max-time 5 $urls 2>&1) && [ "$(echo "$out" | grep -c '^hello$')" = 4 ] && n=$((n + 1)) || echo "curl: $out"
  urls=""
done
echo $n
"""
DIG = """
end=$(($(date +%s) + $2)); n=0
while [ $(date +%s) -lt $end ]; do
  for proto in notcp tcp; do
    out=$(dig +short +tries=1 +time=3 +$proto @$1 name.test 2>&1) && [ "$out" = 192.0.2.77 ] && n=$((n + 1)) || echo "$proto: $out"
  done
done
echo $n
"""


class Programs(unittest.TestCase):
    cgroup = None

    def setUp(self):
        self.node = Node("programs", cgroup=self.cgroup).__enter__()
        self.addCleanup(self.node.close)
        for name, text in (("stream_server.py", STREAM_SERVER), ("stream_client.py", STREAM_CLIENT),
                           ("curl.sh", CURL), ("dig.sh", DIG)):
            (self.node.dir / name).write_text(text)
        self.pods = {pod: self.pod(pod) for pod in PODS}
        self.node.container("client")
        self.node.apply("services.yaml", "".join(
            SERVICE.replace("NAME", name).replace("NUMBER", str(number)).replace("PORTS", ports)
            .replace("AFFINITY", "ClientIP" if name == "iperf" else "None")  # its two connections are one session
            for name, (number, ports, _) in SERVICES.items()))
        self.serve_by(PODS)
        for pod in PODS:
            listening = lambda: self.node.run(pod, "ss", "-Htuln").stdout
            for port in (8080, 5353, 8765, 5201):
                wait_for(lambda: f":{port} " in listening(), 20, f"{pod} listens on {port}")

    def pod(self, name):
        addrs = self.node.container(name)
        folder = self.node.dir / name
        folder.mkdir()
        (folder / "nginx.conf").write_text(NGINX.replace("DIR", str(folder)))
        self.node.spawn(name, "nginx", "-c", folder / "nginx.conf", "-e", "stderr")
        self.node.spawn(name, "dnsmasq", "-k", "-p", "5353", "-C", "/dev/null", "-R", "-h", "--user=root", "--pid-file",
                        "--address=/name.test/192.0.2.77")
        self.node.spawn(name, PYTHON, self.node.dir / "stream_server.py")
        self.node.spawn(name, "iperf3", "-s")
        return addrs

    def serve_by(self, pods):
        text = ""
        for name, (_, _, ports) in SERVICES.items():
            for index, family in enumerate(("IPv4", "IPv6")):
                listed = ", ".join(f'{{addresses: ["{self.pods[pod][index]}"]}}' for pod in pods)
                text += (SLICE.replace("NAME", name).replace("LOWER", family.lower()).replace("FAMILY", family)
                         .replace("PORTS", ports).replace("LIST", listed))
        self.node.apply("slices.yaml", text)

    def client(self, name, *cmd):
        out = self.node.dir / f"{name}.out"
        words = " ".join(str(word) for word in cmd)
        return self.node.spawn("client", "sh", "-c", f"{words} > {out} 2>&1"), out

    def clients(self):
        running = {}
        for family, addr in (("4", "10.96.0.{}"), ("6", "fd96::{}")):
            at = lambda number: addr.format(number)
            url = lambda number: f"[{at(number)}]" if family == "6" else at(number)
            running["curl" + family] = self.client("curl" + family, "sh", self.node.dir / "curl.sh", f"'{url(10)}'", SECONDS)
            running["dig" + family] = self.client("dig" + family, "sh", self.node.dir / "dig.sh", at(20), SECONDS)
            running["stream" + family] = self.client("stream" + family, PYTHON, self.node.dir / "stream_client.py",
                                                     f"'ws://{url(30)}:80/'", SECONDS)
        running["iperf"] = self.client("iperf", "iperf3", "-c", "10.96.0.40", "-t", SECONDS, "-b", "50M", "-J")
        return running

    def test_nobody_notices_that_backends_come_and_go(self):
        running = self.clients()
        streams = lambda: self.node.run("client", "ss", "-Htn", "state", "established", "dport", "=", ":5201").stdout
        wait_for(lambda: len(streams().splitlines()) == 2, 10, "iperf3 has both")
        chance, updates = random.Random(1), 0
        end = time.monotonic() + SECONDS
        while time.monotonic() < end:
            self.serve_by(sorted(chance.sample(PODS, chance.randint(1, 3))))
            updates += 1
            time.sleep(0.1)
        for name, (client, out) in running.items():
            with self.subTest(program=name):
                self.assertEqual(client.wait(30), 0, out.read_text()[-2000:])
                if name == "iperf":
                    got = json.loads(out.read_text())
                    self.assertGreater(got["end"]["sum_received"]["bits_per_second"], 20e6)
                else:
                    self.assertRegex(out.read_text(), r"^[1-9]\d+\n$", f"after {updates} updates")


class ProgramsAtSockets(Programs):
    cgroup = "/sys/fs/cgroup"


if __name__ == "__main__":
    unittest.main()
