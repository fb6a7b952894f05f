"""joined.py CLIENT SERVER ADDR CASE: both ends of a TCP connection between two containers, in one process that takes the
place of each; run on the node. Writes what the server read, as JSON.

unread     the client sends until it is told to wait, while the server reads nothing: {"sent": bytes, "whole": bool}
late       a listener that is told of a connection once it has data (TCP_DEFER_ACCEPT): {"read": text}
early      data that come with the SYN (TCP Fast Open): {"read": text}
half       the client ends its side; the server answers after that: {"read": text}
"""
import ctypes
import json
import os
import socket
import sys
import time

CLONE_NEWNET = 0x40000000
PAUSE = 0.2  # for what is under way to arrive
MOST = 64 << 20  # nobody accepts more
libc = ctypes.CDLL(None, use_errno=True)


def enter(container):
    """Sockets made from now on are the container's: its cgroup, and its network."""
    with open(f"/sys/fs/cgroup/containers/{container}/cgroup.procs", "w") as procs:
        procs.write("0")
    with open(f"/run/netns/{container}") as netns:
        if libc.setns(netns.fileno(), CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), f"setns {container}")


def family(addr):
    return socket.AF_INET6 if ":" in addr else socket.AF_INET


def listening(where, addr, *option):
    enter(where)
    listener = socket.socket(family(addr))
    if option:
        listener.setsockopt(socket.IPPROTO_TCP, *option)
    listener.bind((addr, 0))
    listener.listen(8)
    return listener


def exactly(sock, size):
    parts = []
    while size and (part := sock.recv(min(size, 1 << 16))):
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def connected(client, server, addr):
    with listening(server, addr) as listener:
        enter(client)
        one = socket.create_connection(listener.getsockname()[:2], 5)
        two, _ = listener.accept()
    two.settimeout(5)
    return one, two


def unread(client, server, addr):
    one, two = connected(client, server, addr)
    block = b"".join(n.to_bytes(4, "big") for n in range(4096))
    one.setblocking(False)
    sent, waits = bytearray(), 0
    while len(sent) < MOST and waits < 5:
        rest = memoryview(block)[len(sent) % len(block):]
        try:
            done = one.send(rest)
            sent += rest[:done]
            waits = 0
        except BlockingIOError:
            waits += 1
            time.sleep(PAUSE)
    return {"sent": len(sent), "whole": exactly(two, len(sent)) == sent}


def two_words(one, first, listener):
    first()
    time.sleep(PAUSE)
    one.send(b"second")
    two, _ = listener.accept()
    two.settimeout(5)
    return {"read": exactly(two, 12).decode()}


def late(client, server, addr):
    listener = listening(server, addr, socket.TCP_DEFER_ACCEPT, 5)
    enter(client)
    one = socket.create_connection(listener.getsockname()[:2], 5)
    return two_words(one, lambda: one.send(b"first "), listener)


def early(client, server, addr):
    for where in (client, server):
        enter(where)
        with open("/proc/sys/net/ipv4/tcp_fastopen", "w") as sysctl:
            sysctl.write("1539")  # client, server, both without cookies
    listener = listening(server, addr, socket.TCP_FASTOPEN, 8)
    enter(client)
    one = socket.socket(family(addr))
    return two_words(one, lambda: one.sendto(b"first ", socket.MSG_FASTOPEN, listener.getsockname()), listener)


def half(client, server, addr):
    one, two = connected(client, server, addr)
    one.send(b"question")
    one.shutdown(socket.SHUT_WR)
    asked = exactly(two, 100)
    two.send(b"answer to " + asked)
    two.close()
    time.sleep(PAUSE)  # a blocking recv() may be told EAGAIN (docs/datapath/shortcut.md)
    return {"read": exactly(one, 100).decode()}


if __name__ == "__main__":
    client, server, addr, case = sys.argv[1:]
    print(json.dumps({"unread": unread, "late": late, "early": early, "half": half}[case](client, server, addr)))
    os._exit(0)
