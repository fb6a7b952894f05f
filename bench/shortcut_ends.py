"""Both ends of TCP connections between two containers, in one process that takes the place of each: run on the node.

    shortcut_ends.py CLIENT SERVER ADDR WHAT HOW_MUCH

CLIENT and SERVER are containers, ADDR is the server's. WHAT: round_trips or connections for HOW_MUCH seconds, or bulk, of
HOW_MUCH bytes. Writes JSON. The server is a child, so that both ends are processes
of their own; they share the core that this program was put on.
"""
import json
import os
import pathlib
import signal
import socket
import statistics
import struct
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "tests" / "netns"))
from ends import BLOCK, Pair, enter, exactly  # noqa: E402

REQUEST = 64


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
