"""serve.py NAME tcp:PORT udp:PORT ... : answers every question with its name and who asked, over v4 and v6."""
import socket
import sys
import threading

IP_PKTINFO = 8  # Python has no name for it


def tcp(name, port):
    listener = socket.socket(socket.AF_INET6, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("::", port))
    listener.listen(1024)
    while True:
        conn, peer = listener.accept()
        threading.Thread(target=talk, args=(name, conn, peer), daemon=True).start()


def talk(name, conn, peer):
    with conn:
        while data := conn.recv(65536):
            if data == b"push\n":  # from now on only the server talks
                push(name, conn)
                return
            conn.sendall(f"{name} {peer[0].removeprefix('::ffff:')} {len(data)}\n".encode())


def push(name, conn):
    import time
    count = 0
    while True:
        count += 1
        conn.sendall(f"{name} {count}\n".encode())
        time.sleep(0.05)


def udp(name, family, port):
    sock = socket.socket(family, socket.SOCK_DGRAM)
    if family == socket.AF_INET6:
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVPKTINFO, 1)
    else:
        sock.setsockopt(socket.IPPROTO_IP, IP_PKTINFO, 1)
    sock.bind(("", port))
    while True:
        data, asked, _, peer = sock.recvmsg(65536, 256)
        # The answer comes from the address that was asked, also where the host has several; by any device.
        kept = [(level, kind, b"\0" * 4 + what[4:] if kind == IP_PKTINFO else what[:16] + b"\0" * 4)
                for level, kind, what in asked if kind in (IP_PKTINFO, socket.IPV6_PKTINFO)]
        sock.sendmsg([f"{name} {peer[0]} {len(data)}\n".encode()], kept, 0, peer)


name = sys.argv[1]
threads = []
for arg in sys.argv[2:]:
    proto, port = arg.split(":")
    if proto == "tcp":
        threads.append(threading.Thread(target=tcp, args=(name, int(port))))
    else:
        threads += [threading.Thread(target=udp, args=(name, f, int(port))) for f in (socket.AF_INET, socket.AF_INET6)]
for t in threads:
    t.start()
