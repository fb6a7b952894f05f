"""Control-plane figures on a node of its own: start to ready, memory, files to kernel.

Floors stand beside the figures, from the same run: the time of a system call round trip through the API, and of reading
the same files. Then clusters that are large in one way each: many Services, many endpoints. Writes
bench/results/control.json: rows {name, min, median, p99, unit}; p99 is of the changes only.

control.py [small] [large]: only these parts.
"""
import http.client
import json
import os
import pathlib
import shutil
import signal
import socket
import statistics
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
os.environ.setdefault("BEELINE_BUILD", str(HERE.parent / "build" / "release"))
sys.path.insert(0, str(HERE.parent / "tests" / "netns"))
from node import Node, wait_for  # noqa: E402

SERVICES = 1000
ROWS = []


class Api(http.client.HTTPConnection):
    """HTTP over the agent's Unix socket."""

    def __init__(self, path):
        super().__init__("localhost")
        self.path = str(path)

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.connect(self.path)

    def get(self, url):
        self.request("GET", url)
        return json.loads(self.getresponse().read())


def service(i, port=8080):
    vip = f"10.96.{16 + i // 250}.{1 + i % 250}"
    return f"""apiVersion: v1
kind: Service
metadata: {{name: s{i}, namespace: bench}}
spec: {{clusterIP: {vip}, ports: [{{port: 80}}]}}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {{name: s{i}-1, namespace: bench, labels: {{kubernetes.io/service-name: s{i}}}}}
addressType: IPv4
ports: [{{port: {port}}}]
endpoints: [{{addresses: [10.245.{i // 250}.{1 + i % 250}]}}, {{addresses: [10.246.{i // 250}.{1 + i % 250}]}}]
"""


def row(name, values, unit, aim=""):
    p99 = sorted(values)[len(values) * 99 // 100] if len(values) >= 100 else None
    figures = {"min": min(values), "median": statistics.median(values), "p99": p99}
    ROWS.append({"name": name, **{k: round(v, 3) for k, v in figures.items() if v is not None}, "unit": unit})
    print(f"{name:<58}", *(f"{'' if v is None else f'{v:.2f}':>9}" for v in figures.values()), f"{unit:<4} {aim}",
          flush=True)


def generation(api):
    return api.get("/v1/status")["generation"]["in_force"]


def start_times(node, runs):
    """Milliseconds from exec to the first answer of the API; the agent's own figure stands in its log."""
    times = []
    for _ in range(runs):
        node.stop_agent(signal.SIGTERM)
        begin = time.monotonic()
        node.start_agent_quietly()
        api = Api(node.socket)

        def answers():
            try:
                return api.get("/v1/status")["generation"]["in_force"] > 0
            except (OSError, http.client.HTTPException, ValueError):
                api.close()
                return False
        while not answers():
            time.sleep(0.001)
        times.append((time.monotonic() - begin) * 1000)
    return times


def own_start_times(node):
    """What the agent says of itself: "ready: …, N ms"."""
    return [float(line.rsplit(",", 1)[1].split()[0]) for line in node.log().splitlines() if " ready:" in line]


def unix_ms():
    return time.time() * 1000


def settled(api, before, services):
    """The status once `services` are in force by a generation after `before`. The agent says itself since when: asking
    it all the time would take the time of what is measured."""
    while True:
        time.sleep(0.1)
        status = api.get("/v1/status")
        g = status["generation"]
        if status["services"] == services and g["in_force"] == g["wanted"] and g["in_force"] > before:
            return status


def bulk(node, api, staging):
    """1,000 services appear at once; milliseconds until all of them are in force in the kernel."""
    before = generation(api)
    begin = unix_ms()
    for file in staging.iterdir():
        os.rename(file, node.manifests / file.name)
    renamed = unix_ms()
    return settled(api, before, SERVICES)["since_ms"] - begin, renamed - begin


def one_change(node, api, i):
    """One service's port changes; milliseconds until packets go by it, and until no packet can go by what was before."""
    before = generation(api)
    temporary = node.manifests / ".change"
    temporary.write_text(service(0, 9000 + i))
    begin = unix_ms()
    temporary.rename(node.manifests / "s0.yaml")
    confirmed = settled(api, before, SERVICES)["since_ms"] - begin
    frontend = api.get("/v1/services/bench/s0")["frontends"][0]
    assert frontend["backends"][0]["port"] == 9000 + i
    return frontend["since_ms"] - begin, confirmed


def memory(node):
    text = pathlib.Path(f"/proc/{host_pid(node)}/status").read_text()
    return int(next(x for x in text.splitlines() if x.startswith("VmRSS")).split()[1]) / 1024


def host_pid(node):
    """The agent's pid as this process sees it: the child of the lab's nsenter that is beelined."""
    for entry in pathlib.Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                args = (entry / "cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            if args[0].endswith(b"beelined") and str(node.run_dir).encode() in args:
                return int(entry.name)
    raise SystemExit("the agent is not running")


def clear(node, api):
    for file in node.manifests.iterdir():
        file.unlink()
    wait_for(lambda: api.get("/v1/status")["services"] == 0, 20)


class Cluster:
    """Services with cluster addresses whose endpoints stand in EndpointSlices, a file each."""
    SLICE = 100  # endpoints at most, as a cluster's controller makes them
    FILE = 500   # Services a file

    def __init__(self, services, endpoints):
        self.services, self.endpoints = services, endpoints
        self.title = f"{services:,} x {endpoints}"

    def service(self, i):
        return f"""apiVersion: v1
kind: Service
metadata: {{name: s{i}, namespace: bench}}
spec: {{clusterIP: 10.96.{i // 250}.{1 + i % 250}, ports: [{{port: 80}}]}}
---
"""

    def slice(self, i, n, other=None):
        """The n-th of a Service; `other`: last byte of its last endpoint's address."""
        count = min(self.SLICE, self.endpoints - n * self.SLICE)
        first = i * self.endpoints + n * self.SLICE
        numbers = range(first, first + count)
        addresses = [f"10.{128 + k // 62500}.{k // 250 % 250}.{1 + k % 250}" for k in numbers]
        if other is not None:
            addresses[-1] = f"10.{127 - n}.{i % 250}.{other}"
        endpoints = "".join(f"- {{addresses: [{a}], conditions: {{ready: true}}, nodeName: node7}}\n" for a in addresses)
        return f"""apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {{name: s{i}-{n}, namespace: bench, labels: {{kubernetes.io/service-name: s{i}}}}}
addressType: IPv4
ports: [{{port: 8080}}]
endpoints:
{endpoints}"""

    def write(self, folder):
        for begin in range(0, self.services, self.FILE):
            part = range(begin, min(begin + self.FILE, self.services))
            (folder / f"services{begin}.yaml").write_text("".join(map(self.service, part)))
        for i in range(self.services):
            for n in range(-(-self.endpoints // self.SLICE)):
                (folder / f"s{i}-{n}.yaml").write_text(self.slice(i, n))


def forget_all(node):
    """As before the first start on this node."""
    if node.agent.poll() is None:
        node.stop_agent(signal.SIGTERM)
    node.cleanup()
    shutil.rmtree(node.run_dir / "state", ignore_errors=True)


def cold_start(node, services):
    """An agent that has never run here reads all files: milliseconds from exec until all is in force."""
    forget_all(node)
    begin = unix_ms()
    node.start_agent_quietly()
    wait_for(node.socket.exists, 120, "the agent answers")
    api = Api(node.socket)

    def in_force():
        try:
            status = api.get("/v1/status")
            return status if status["services"] == services and status["generation"]["in_force"] else None
        except (OSError, http.client.HTTPException, ValueError):
            api.close()
    status = wait_for(in_force, 120, "all Services are in force")
    assert not status["errors"], status["errors"]
    return status["since_ms"] - begin, api


def one_endpoint(node, api, cluster, i):
    """One EndpointSlice changes by an endpoint: milliseconds until packets go by its row."""
    number = (i * 7919) % cluster.services
    temporary = node.manifests / ".change"
    temporary.write_text(cluster.slice(number, 0, 1 + i % 250))
    before = generation(api)
    begin = unix_ms()
    temporary.rename(node.manifests / f"s{number}-0.yaml")
    settled(api, before, cluster.services)
    frontend = api.get(f"/v1/services/bench/s{number}")["frontends"][0]
    assert f"10.127.{number % 250}.{1 + i % 250}" in {b["addr"] for b in frontend["backends"]}, frontend["backends"][-1]
    return frontend["since_ms"] - begin


def map_memory(node):
    return sum(m["memlock"] for m in node.json("map", "list")) / (1 << 20)


def large(cluster, starts=3, changes=100):
    with Node("large") as node:
        row(f"{cluster.title}: memory of the maps before", [map_memory(node)], "MB")
        node.stop_agent(signal.SIGTERM)
        cluster.write(node.manifests)
        times = []
        for _ in range(starts):
            total, api = cold_start(node, cluster.services)
            times.append(total)
        row(f"{cluster.title}: first start to all in force", times, "ms", "aim <= 2000")
        row(f"{cluster.title}: resident memory", [memory(node)], "MB", "aim <= 200")
        row(f"{cluster.title}: memory of the maps", [map_memory(node)], "MB")
        row(f"{cluster.title}: one endpoint, file to kernel",
            [one_endpoint(node, api, cluster, i) for i in range(changes)], "ms", "aim p99 <= 20")
        row(f"{cluster.title}: resident memory after {changes} changes", [memory(node)], "MB")
        grown = [line.split("info", 1)[1].strip() for line in node.log().splitlines() if " grows to " in line]
        print(*sorted(set(grown)), sep="\n")


def small():
    with Node("bench") as node:
        start_times(node, 7)
        row("start to ready, by the agent's own clock", own_start_times(node)[1:], "ms", "aim <= 300")
        api = Api(node.socket)
        for name in ("a", "b", "c"):
            node.container(name)
        time.sleep(1)
        row("resident memory, idle, three containers", [memory(node)], "MB", "aim <= 20")
        floor = []
        for _ in range(50):
            begin = time.monotonic()
            generation(api)
            floor.append((time.monotonic() - begin) * 1000)
        row("floor: one question to the API", floor, "ms")
        times, renames = [], []
        for _ in range(5):
            staging = node.dir / "staging"
            shutil.rmtree(staging, ignore_errors=True)
            staging.mkdir()
            for i in range(SERVICES):
                (staging / f"s{i}.yaml").write_text(service(i))
            clear(node, api)
            total, rename = bulk(node, api, staging)
            times.append(total)
            renames.append(rename)
        row("floor: renaming 1,000 files into the directory", renames, "ms")
        row("1,000 services from files to kernel", times, "ms", "aim <= 300")
        kernel, confirmed = zip(*(one_change(node, api, i) for i in range(21)))
        row("one changed service of 1,000, file to kernel", kernel, "ms", "aim <= 20")
        row("one changed service of 1,000, file to confirmed", confirmed, "ms")
        row("resident memory, 1,000 services", [memory(node)], "MB")
        start_times(node, 5)
        row("start to ready with 1,000 services", own_start_times(node)[-5:], "ms")


def main():
    parts = sys.argv[1:] or ["small", "large"]
    print(f"{'':<58} {'min':>9} {'median':>9} {'p99':>9}")
    if "small" in parts:
        small()
    if "large" in parts:
        large(Cluster(10_000, 10))
        large(Cluster(1_000, 500))
    if parts != ["small", "large"]:
        return
    results = HERE / "results"
    results.mkdir(exist_ok=True)
    (results / "control.json").write_text(json.dumps(ROWS, indent=1) + "\n")


if __name__ == "__main__":
    main()
