#!/usr/bin/env python3
"""Records the captures beside it: real programs in network namespaces with the addresses and MACs of
tests/packet/world.h, seen on the client's wire by tcpdump. Run as root; afterwards `BLESS=1` writes the .expect files.

  unshare -n -m python3 tests/packet/captures/record.py
"""
import pathlib
import socket
import subprocess
import time

HERE = pathlib.Path(__file__).parent
CLIENT = dict(mac="02:00:00:00:00:12", v4="10.0.0.2", v6="fd00::2")
HOST_MAC = "02:00:00:00:00:a2"


def sh(text):
    subprocess.run(text, shell=True, check=True)


def inside(text):
    return subprocess.run(["ip", "netns", "exec", "client", "sh", "-c", text], stdout=subprocess.DEVNULL,
                          stderr=subprocess.DEVNULL)


def build():
    """One veth pair; the outer end answers for the router, for the web container and for the world."""
    sh("mount -t tmpfs none /run && mkdir /run/netns && ip link set lo up")
    sh("ip netns add client && ip link add outer type veth peer name eth0 netns client")
    sh(f"ip link set outer address {HOST_MAC} up")
    sh(f"ip -n client link set eth0 address {CLIENT['mac']} up; ip -n client link set lo up")
    sh("ip addr add 10.0.0.1/32 dev outer; ip -6 addr add fd00::1/128 dev outer nodad; ip route add 10.0.0.2 dev outer; "
       "ip -6 route add fd00::2 dev outer")
    for v4, v6 in (("10.0.0.3", "fd00::3"), ("198.18.0.7", "2001:db8:18::7")):
        sh(f"ip addr add {v4}/32 dev lo; ip -6 addr add {v6}/128 dev lo")
    sh("ip -n client addr add 10.0.0.2/32 dev eth0; ip -n client -6 addr add fd00::2/128 dev eth0 nodad; "
       "ip -n client route add 10.0.0.1 dev eth0; ip -n client route add default via 10.0.0.1; "
       "ip -n client -6 route add fd00::1 dev eth0; ip -n client -6 route add default via fd00::1")
    sh("ethtool -K outer tx off >/dev/null; ip netns exec client ethtool -K eth0 tx off >/dev/null")
    time.sleep(2)


def serve():
    """Echoes of TCP and UDP in both families, for as long as this process lives."""
    for family in (socket.AF_INET, socket.AF_INET6):
        tcp = socket.create_server(("", 80), family=family, reuse_port=False)
        udp = socket.socket(family, socket.SOCK_DGRAM)
        if family == socket.AF_INET6:
            udp.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        udp.bind(("", 53))
        yield tcp, udp


def record(name, what):
    tcpdump = subprocess.Popen(["ip", "netns", "exec", "client", "tcpdump", "-i", "eth0", "-Q", "out", "-U", "-w",
                                str(HERE / f"{name}.pcap"), "-s", "0"], stderr=subprocess.DEVNULL)
    time.sleep(0.7)
    what()
    time.sleep(0.7)
    tcpdump.terminate()
    tcpdump.wait()


PYTHON = """python3 - <<'X'
import socket
for a in ("%s", "%s"):
    f = socket.AF_INET6 if ":" in a else socket.AF_INET
    s = socket.socket(f, socket.SOCK_STREAM); s.connect((a, 80)); s.sendall(b"x" * 3000); s.close()
    u = socket.socket(f, socket.SOCK_DGRAM); u.sendto(b"q" * 20, (a, 53)); u.sendto(b"Q" * 4000, (a, 53)); u.close()
X"""


def main():
    build()
    held = list(serve())
    record("from_container-connections",
           lambda: [inside(PYTHON % pair) for pair in (("10.0.0.3", "fd00::3"), ("198.18.0.7", "2001:db8:18::7"))])
    record("from_container-diagnostics",
           lambda: [inside(f"ping -c 2 -i 0.2 -s {size} {to}; traceroute -n -q 1 -m 3 -w 0.3 {to}")
                    for to in ("10.0.0.3", "fd00::3", "198.18.0.7") for size in (56, 3000)])
    record("from_container-start",
           lambda: inside("ip neigh flush all; ping -c 1 10.0.0.1; ping -c 1 fd00::1; "
                          "python3 -c 'import socket; s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); "
                          "s.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1); s.bind((\"\", 68)); "
                          "s.sendto(b\"x\" * 244, (\"255.255.255.255\", 67)); s.sendto(b\"m\", (\"224.0.0.251\", 5353))'"))
    del held


main()
