"""Both ends of TCP connections between two containers, in one process that takes the place of each: run on the node.

    shortcut_ends.py CLIENT SERVER ADDR WHAT HOW_MUCH

CLIENT and SERVER are containers, ADDR is the server's. WHAT: round_trips or connections for HOW_MUCH seconds, or bulk, of
HOW_MUCH bytes. Writes JSON. The server is a child, so that both ends are processes
of their own; they share the core that this program was put on.
"""
import ctypes
import json
import os
import signal
import socket
import statistics
import struct
import sys
import time

CLONE_NEWNET = 0x40000000
REQUEST = 64
BLOCK = 1 << 16
libc = ctypes.CDLL(None, use_errno=True)


def enter(container):
    """Sockets that are made from now on are the container's: its cgroup, whose hooks see them, and its network."""
    with open(f"/sys/fs/cgroup/containers/{container}/cgroup.procs", "w") as procs:
        procs.write("0")
    with open(f"/run/netns/{container}") as netns:
        if libc.setns(netns.fileno(), CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), f"setns {container}")


class Pair:
    """Listens in `server`, whose address is `addr`, and connects from `client`."""

    def __init__(self, client, server, addr):
        self.client, self.server, self.addr = client, server, addr

    def listening(self):
        enter(self.server)
        listener = socket.socket()
        listener.bind((self.addr, 0))
        listener.listen(8)
        return listener

    def calling(self):
        enter(self.client)
        return socket.socket()

    def connected(self):
        """(client, server)"""
        with self.listening() as listener:
            client = self.calling()
            client.connect(listener.getsockname())
            server, _ = listener.accept()
        return client, server


def exactly(sock, size):
    """So many bytes in as many recv() as it takes, or fewer and the end."""
    parts = []
    while size and (part := sock.recv(min(size, BLOCK))):
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def child(job):
    """Runs job() in a process of its own."""
    pid = os.fork()
    if pid:
        return pid
    try:
        job()
    finally:
        os._exit(0)


def answer(server):
    while request := exactly(server, REQUEST):
        server.sendall(request)


def round_trips(client, seconds):
    request = bytes(REQUEST)
    begin = before = time.perf_counter_ns()
    taken = []
    while before - begin < seconds * 1e9:
        client.sendall(request)
        if len(exactly(client, REQUEST)) < REQUEST:
            raise SystemExit("the server closed")
        now = time.perf_counter_ns()
        taken.append(now - before)
        before = now
    return {"rate": len(taken) / (before - begin) * 1e9, "p50": statistics.median(taken) / 1e3}


def swallow(server, size):
    """One byte back when all has come."""
    room = bytearray(1 << 18)
    while size > 0 and (got := server.recv_into(room)):
        size -= got
    server.sendall(b"." if size == 0 else b"?")


def bulk(client, size):
    block = bytes(BLOCK)
    begin = time.perf_counter()
    for _ in range(size // BLOCK):
        client.sendall(block)
    if client.recv(1) != b".":
        raise SystemExit("not all has come")
    return {"rate": size * 8 / (time.perf_counter() - begin) / 1e9}


def close_each(listener):
    while True:
        listener.accept()[0].close()


def connections(pair, seconds):
    """Handshake, the server's end, a reset: nothing stays behind that would use up the ports."""
    listener = pair.listening()
    pid = child(lambda: close_each(listener))
    enter(pair.client)
    count, begin = 0, time.perf_counter()
    while (passed := time.perf_counter() - begin) < seconds:
        with socket.socket() as client:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            client.connect(listener.getsockname())
            client.recv(1)
        count += 1
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    return {"rate": count / passed}


def one_connection(pair, job, served):
    """job(client) while served(server) runs in a child."""
    client, server = pair.connected()
    pid = child(lambda: (client.close(), served(server)))
    server.close()
    result = job(client)
    client.close()
    os.waitpid(pid, 0)
    return result


def measured(pair, what, how_much):
    if what == "connections":
        return connections(pair, float(how_much))
    if what == "round_trips":
        return one_connection(pair, lambda client: round_trips(client, float(how_much)), answer)
    size = int(how_much) // BLOCK * BLOCK
    return one_connection(pair, lambda client: bulk(client, size), lambda server: swallow(server, size))


if __name__ == "__main__":
    print(json.dumps(measured(Pair(*sys.argv[1:4]), *sys.argv[4:])))
