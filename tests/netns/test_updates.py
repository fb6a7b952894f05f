"""Services whose backends change all the time, under full load: nobody is sent to the wrong one, nobody is lost."""
import contextlib
import http.client
import json
import os
import random
import socket
import time
import unittest

from node import Node

UPDATES = int(os.environ.get("BEELINE_UPDATES", "1000"))  # by hand 10,000, which is minutes
SERVICE = """
---
apiVersion: v1
kind: Service
metadata: {name: NAME}
spec:
  clusterIP: V4
  clusterIPs: ["V4", "V6"]
  ipFamilyPolicy: RequireDualStack
  type: NodePort
  ports: [{port: 80, targetPort: 8080, nodePort: NODEPORT}]
"""
SLICE = """
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: NAME-FAMILY, labels: {kubernetes.io/service-name: NAME}}
addressType: FAMILY
ports: [{port: 8080}]
endpoints: [LIST]
"""
# Connects, asks, closes, until the file is there. Argument: FILE, then "PREFIX ADDRESS PORT" each.
CLIENT = """
import json, os, socket, sys
stop, places = sys.argv[1], [place.split() for place in sys.argv[2:]]
asked, errors = 0, []
while not os.path.exists(stop):
    for prefix, addr, port in places:
        for _ in range(50):
            try:
                with socket.create_connection((addr, int(port)), timeout=10) as sock:
                    sock.sendall(b"x")
                    name = sock.recv(100).decode().split()
            except OSError as error:
                name = [repr(error)]
            asked += 1
            if not name or not name[0].startswith(prefix):
                errors.append(f"{addr} {port}: {name}")
print(json.dumps({"asked": asked, "errors": errors[:20], "failed": len(errors)}))
"""
VIPS = {"red": ("10.96.0.10", "fd96::10", 30010), "blue": ("10.96.0.20", "fd96::20", 30020)}


class Agent:
    """Asks over one connection, as often as there are updates."""
    def __init__(self, path):
        self.path, self.connection = str(path), http.client.HTTPConnection("localhost")
        self.connection.sock = socket.socket(socket.AF_UNIX)
        self.connection.sock.connect(self.path)

    def close(self):
        self.connection.close()

    def generation(self):
        self.connection.request("GET", "/v1/status")
        return json.loads(self.connection.getresponse().read())["generation"]


class Updates(unittest.TestCase):
    cgroup = None

    def test_updates_mislead_and_lose_nobody(self):
        with Node("updates", cgroup=self.cgroup) as node:
            self.start(node)
            stop = node.dir / "stop"
            clients = [self.client(node, stop, colour) for colour in VIPS]
            with contextlib.closing(Agent(node.socket)) as agent:
                took = self.update(agent, UPDATES // (2 if self.cgroup else 1))
            stop.touch()
            for client, out in clients:
                client.wait(60)
                got = json.loads(out.read_text())
                self.assertEqual(got["errors"], [], got)
                self.assertGreater(got["asked"], UPDATES // 10)
            took.sort()
            print(f"\n{len(took)} updates, median {1000 * took[len(took) // 2]:.1f} ms", end=" ")
            self.assertEqual(node.beeline("dump", "diff").stdout, "")

    def start(self, node):
        self.node, self.pods = node, {}
        for colour in VIPS:
            for i in range(4):
                name = f"{colour}-{i}"
                self.pods[name] = node.container(name)
                node.serve(name, "tcp:8080")
        node.container("client")
        text = "".join(SERVICE.replace("NAME", colour).replace("V4", v4).replace("V6", v6).replace("NODEPORT", str(port))
                       for colour, (v4, v6, port) in VIPS.items())
        node.apply("services.yaml", text)
        for colour in VIPS:
            self.write(colour, range(4))
        node.settled()

    def client(self, node, stop, colour):
        v4, v6, port = VIPS[colour]
        script = node.dir / "client.py"
        script.write_text(CLIENT)
        out = node.dir / f"{colour}.json"
        places = " ".join(f"'{colour} {addr} {p}'" for addr, p in ((v4, 80), (v6, 80), ("10.244.1.1", port)))
        return node.spawn("client", "sh", "-c", f"python3 {script} {stop} {places} > {out}"), out

    def write(self, colour, chosen):
        text = ""
        for index, family in enumerate(("IPv4", "IPv6")):
            listed = ", ".join(f'{{addresses: ["{self.pods[f"{colour}-{i}"][index]}"]}}' for i in chosen)
            text += SLICE.replace("FAMILY", family, 2).replace("LIST", listed)
        self.node.apply(f"{colour}.yaml", text.replace("NAME", colour).replace("-IPv4", "-4").replace("-IPv6", "-6"))

    def update(self, agent, count):
        """One Service after the other gets other backends, one to four of its own; the next when that is in force."""
        seed = random.randrange(1 << 32)
        chance, took, before = random.Random(seed), [], agent.generation()["wanted"]
        last = {colour: list(range(4)) for colour in VIPS}  # the same again is no update
        for i in range(count):
            colour = chance.choice(list(VIPS))
            chosen = sorted(chance.sample(range(4), chance.randint(1, 4)))
            if last.get(colour) == chosen:
                chosen = [(chosen[0] + 1) % 4]
            last[colour] = chosen
            begin = time.monotonic()
            self.write(colour, chosen)
            while (now := agent.generation())["in_force"] == before or now["wanted"] != now["in_force"]:
                self.assertLess(time.monotonic() - begin, 20, f"seed {seed}, update {i}: {now}")
            before = now["in_force"]
            took.append(time.monotonic() - begin)
        return took


class UpdatesAtSockets(Updates):
    cgroup = "/sys/fs/cgroup"


if __name__ == "__main__":
    unittest.main()
