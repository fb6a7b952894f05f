"""A node for tests: namespaces by tools/lab.sh, the agent in it, containers with real servers and clients.

Every Node has its own lab, so that test files can run side by side; leaving it as a context manager, or losing the test
process, takes everything away.
"""
import collections
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
LAB = ROOT / "tools" / "lab.sh"
BUILD = pathlib.Path(os.environ.get("BEELINE_BUILD", ROOT / "build" / "dev"))
AGENT = BUILD / "bin" / "beelined"
CLI = BUILD / "bin" / "beeline"
SERVE = pathlib.Path(__file__).with_name("serve.py")
LOAD = pathlib.Path(__file__).with_name("load.py")
HOLD = pathlib.Path(__file__).with_name("hold.py")
FOREIGN = pathlib.Path(__file__).with_name("foreign.py")
WIRE = pathlib.Path(__file__).with_name("wire.py")
ASK = pathlib.Path(__file__).with_name("ask.py")
# In front of serve_load() in a container with the label app: b.
LOAD_SERVICE = """
apiVersion: v1
kind: Service
metadata: {name: b}
spec:
  clusterIP: 10.96.0.60
  clusterIPs: ["10.96.0.60", "fd96::60"]
  ipFamilyPolicy: RequireDualStack
  selector: {app: b}
  ports: [{port: 80, targetPort: 7000}]
"""


class Failed(Exception):
    """A command that should have worked; the text has all it said."""


def wait_for(what, seconds=10.0, text="condition"):
    """Calls `what` until it returns something true, and returns that."""
    end = time.monotonic() + seconds
    while True:
        value = what()
        if value:
            return value
        if time.monotonic() > end:
            raise Failed(f"{text}: not within {seconds} s (last: {value!r})")
        time.sleep(0.02)


class Node:
    def __init__(self, name="t", cgroup=None, pod_cidrs=("10.244.1.0/24", "fd44:1::/64"), config="", beside=None,
                 quick=False):
        """beside: another Node in whose lab this one is a further host, called as it is; quick: one process a
        place asks all questions, and stays in its namespace as long as the Node."""
        self.beside = beside
        self.host = name if beside else "node"
        self.lab = beside.lab if beside else f"test-{name}-{os.getpid()}"
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix=f"beeline-{name}-"))
        self.manifests = self.dir / "manifests"
        self.manifests.mkdir()
        self.run_dir = self.dir / "run"
        self.socket = self.dir / "beeline.sock"
        self.cgroup = cgroup  # path as the node sees it; None: socket hooks off
        self.pod_cidrs = pod_cidrs
        self.config = config  # text of the configuration file
        self.agent = None
        self.children = []
        self.quick, self.askers = quick, {}

    # --- life ---------------------------------------------------------------------------------------------------
    def __enter__(self):
        try:
            self.lab_sh(*(("host", self.host) if self.beside else ("up",)))
        except BaseException:
            shutil.rmtree(self.dir)  # and not a lab of this name that is somebody else's
            raise
        try:
            self.start_agent()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        for asker in self.askers.values():
            asker.stdin.close()
            asker.stdout.close()
            self.children.append(asker)
        for child in self.children:
            child.kill()
        if not self.beside:
            subprocess.run([LAB, "down"], env=self.env(), capture_output=True)
        if self.agent:
            self.agent.kill()
            self.agent.wait()
        for child in self.children:
            child.wait()
        shutil.rmtree(self.dir, ignore_errors=True)

    def env(self):
        return {**os.environ, "LAB": self.lab}

    def lab_sh(self, *args):
        done = subprocess.run([LAB, *args], env=self.env(), capture_output=True, text=True)
        if done.returncode:
            raise Failed(f"lab.sh {' '.join(args)}: {done.stdout}{done.stderr}")

    def start_agent(self, *more, wait=True):
        (self.dir / "beeline.yaml").write_text(self.config)
        args = [AGENT, "--config", self.dir / "beeline.yaml", "--node", "node1" if self.host == "node" else self.host,
                "--manifests", self.manifests, "--run-dir", self.run_dir, "--socket", self.socket,
                "--service-cidr", "10.96.0.0/16", "--service-cidr", "fd96::/112", *more]
        for cidr in self.pod_cidrs:
            args += ["--pod-cidr", cidr]
        if self.cgroup:
            args += ["--cgroup", self.cgroup]
        with open(self.dir / "agent.log", "ab") as log:
            self.agent = subprocess.Popen([LAB, "exec", self.host, *map(str, args)], env=self.env(), stdout=log,
                                          stderr=log)
        if wait:
            wait_for(self.ready, 60, "agent is ready")

    def start_agent_quietly(self):
        """Without asking whether it is ready."""
        self.start_agent(wait=False)

    def ready(self):
        if self.agent.poll() is not None:
            raise Failed(f"the agent ended with {self.agent.returncode}: {self.log()}")
        return self.beeline("status", check=False).returncode == 0

    def agent_pid(self):
        """Pid inside the node."""
        return int((self.run_dir / "beelined.pid").read_text())

    def stop_agent(self, how=signal.SIGTERM):
        self.run("node", "kill", f"-{int(how)}", str(self.agent_pid()))
        self.agent.wait(20)

    def log(self):
        return (self.dir / "agent.log").read_text(errors="replace")

    def reload(self, config):
        """A new configuration and SIGHUP; returns when the agent has said that it has read it."""
        (self.dir / "beeline.yaml").write_text(config)
        self.run("node", "kill", "-HUP", str(self.agent_pid()))
        self.settled()

    def cleanup(self):
        return self.run("node", AGENT, "--run-dir", self.run_dir, "--socket", self.socket, "--cleanup", check=False,
                        timeout=60)

    # --- commands -----------------------------------------------------------------------------------------------
    def place(self, where):
        """As lab.sh calls it; containers and "node" are this node's."""
        if not self.beside or where == "world" or "/" in where:
            return where
        return self.host if where == "node" else f"{self.host}/{where}"

    def run(self, where, *cmd, check=True, timeout=30):
        done = subprocess.run([LAB, "exec", self.place(where), *map(str, cmd)], env=self.env(),
                              capture_output=True, text=True, timeout=timeout)
        if check and done.returncode:
            raise Failed(f"{where}: {' '.join(map(str, cmd))}: exit {done.returncode}\n{done.stdout}{done.stderr}\n"
                         f"--- agent\n{self.log()[-3000:]}")
        return done

    def spawn(self, where, *cmd):
        with open(self.dir / f"{where.replace('/', '-')}-{len(self.children)}.log", "ab") as log:
            child = subprocess.Popen([LAB, "exec", self.place(where), *map(str, cmd)], env=self.env(), stdout=log,
                                     stderr=log)
        self.children.append(child)
        return child

    def beeline(self, *args, check=True, timeout=30):
        return self.run("node", CLI, "--socket", self.socket, *args, check=check, timeout=timeout)

    def json(self, *args):
        return json.loads(self.beeline(*args, "-o", "json").stdout)

    # --- containers, servers, manifests -------------------------------------------------------------------------
    def container(self, name, labels=None, ns="default", ips=()):
        """A container of its own, added to Beeline. Returns its addresses (v4, v6), None for a family without."""
        self.lab_sh("container", self.place(name))
        args = ["endpoint", "add", "--netns", name, "--pod", f"{ns}/{name}"]
        for key, value in (labels or {}).items():
            args += ["--label", f"{key}={value}"]
        for ip in ips:
            args += ["--ip", ip]
        self.beeline(*args)
        got = self.json("endpoint", "get", f"{ns}/{name}")
        return got.get("addr4"), got.get("addr6")

    def serve(self, where, *ports):
        """A server that tells its name on tcp:8080, udp:5353 … Waits until it listens."""
        self.spawn(where, "python3", SERVE, where, *ports)
        tcp = [p.split(":")[1] for p in ports if p.startswith("tcp")]
        udp = [p.split(":")[1] for p in ports if p.startswith("udp")]

        def listening():
            text = self.run(where, "ss", "-Htuln").stdout
            return all(re.search(rf"tcp.*:{p}\b", text) for p in tcp) and all(
                re.search(rf"udp.*:{p}\b", text) for p in udp)
        wait_for(listening, 10, f"server in {where}")

    def ask(self, where, proto, addr, port, **more):
        """One question and its answer: {"ok", "answer", "error", "peer", "local", "seconds"}."""
        args = [proto, addr, port, *(f"--{k.replace('_', '-')}={v}" for k, v in more.items())]
        return self.question(ASK, where, args)

    def question(self, script, where, args, timeout=60):
        """What a client script says, by a process of its own or the one that is there."""
        if not self.quick:
            return json.loads(self.run(where, "python3", script, *args, timeout=timeout).stdout)
        if (script, where) not in self.askers:
            self.askers[script, where] = subprocess.Popen(
                [LAB, "exec", self.place(where), "python3", str(script), "-"], env=self.env(), stdin=subprocess.PIPE,
                stdout=subprocess.PIPE, text=True)
        asker = self.askers[script, where]
        asker.stdin.write(" ".join(map(str, args)) + "\n")
        asker.stdin.flush()
        return json.loads(asker.stdout.readline())

    def foreign(self, verb, name, *args):
        """A program of somebody else on this node, see foreign.py; one of that name each."""
        return self.run("node", "python3", FOREIGN, verb, f"/sys/fs/bpf/foreign_{name}", *args).stdout

    def serve_load(self, where, port=7000):
        self.spawn(where, "python3", LOAD, "serve", port)
        wait_for(lambda: f":{port} " in self.run(where, "ss", "-Htln").stdout, 10, f"load server in {where}")

    def load(self, where, *args, timeout=120):
        """What load.py's client tells: {"errors": [...], ...}."""
        return self.question(LOAD, where, args, timeout)

    def apply(self, name, text):
        """Writes a manifest by rename, as careful tools do."""
        temporary = self.manifests / f".{name}.tmp"
        temporary.write_text(text)
        temporary.rename(self.manifests / name)

    def generation(self):
        return self.json("status")["generation"]

    def settled(self):
        """Waits until all that was written is in force."""
        def done():
            g = self.generation()
            return g["wanted"] == g["in_force"]
        time.sleep(0.1)
        wait_for(done, 10, "in force")

    def sh(self, where, script, **more):
        return self.run(where, "sh", "-ec", script, **more).stdout

    def counters(self, drops_only=False):
        """Packets by reason, over all hooks."""
        packets = collections.Counter()
        for c in self.json("counter", "list"):
            if c["drop"] or not drops_only:
                packets[c["reason"]] += c["packets"]
        return packets

    def drops(self):
        """Counters of drops by reason."""
        return +self.counters(drops_only=True)
