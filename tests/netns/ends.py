"""Both ends of a TCP connection between two containers of a node, for one process that takes the place of each: run on
the node."""
import ctypes
import os
import socket

CLONE_NEWNET = 0x40000000
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
        self.family = socket.AF_INET6 if ":" in addr else socket.AF_INET

    def listening(self, *option):
        """With an option of TCP and its value, if any."""
        enter(self.server)
        listener = socket.socket(self.family)
        if option:
            listener.setsockopt(socket.IPPROTO_TCP, *option)
        listener.bind((self.addr, 0))
        listener.listen(8)
        return listener

    def calling(self):
        enter(self.client)
        return socket.socket(self.family)

    def connected(self):
        """(client, server)"""
        with self.listening() as listener:
            client = self.calling()
            client.connect(listener.getsockname())
            server, _ = listener.accept()
        return client, server

    def allow_fast_open(self):
        """At both ends, without cookies."""
        for name in (self.client, self.server):
            enter(name)
            with open("/proc/sys/net/ipv4/tcp_fastopen", "w") as sysctl:
                sysctl.write("1539")


def exactly(sock, size):
    """So many bytes in as many recv() as it takes, or fewer and the end."""
    parts = []
    while size and (part := sock.recv(min(size, BLOCK))):
        parts.append(part)
        size -= len(part)
    return b"".join(parts)
