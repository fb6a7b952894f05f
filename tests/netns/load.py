"""Traffic of all kinds between two places; every client prints one JSON object with "errors", a list of what went wrong.

load.py serve PORT                     tcp and udp, v4 and v6; the first line of a connection says what it wants:
                                       echo, hash (its answer is the sum of what came), source BYTES SEED, late LINES
load.py bulk ADDR PORT BYTES           there and back, sums compared
load.py udp ADDR PORT SIZE [COUNT] [df]   datagrams come back as they went; df: don't fragment
load.py halfclosed ADDR PORT LINES     says it is done, and goes on reading
load.py many ADDR PORT COUNT           connections all open at once, a byte both ways on each
load.py churn ADDR PORT SECONDS        connect, ask, close, as fast as it goes; either side closes first
load.py each CLIENT ARG... , CLIENT ARG...   several clients one after the other, their errors together
load.py -                              reads such arguments, a line each, and answers with a line each
load.py calm ADDR PORT FILE            one echo after the other on one connection until FILE exists
"""
import asyncio
import hashlib
import json
import os
import random
import resource
import select
import socket
import struct
import sys
import time

BACKLOG = 4096


async def serve(port):
    async def talk(reader, writer):
        try:
            words = (await reader.readline()).split()
            if words and words[0] == b"echo":
                while data := await reader.read(1 << 16):
                    writer.write(data)
                    await writer.drain()
            elif words and words[0] == b"hash":
                done = hashlib.sha256()
                while data := await reader.read(1 << 18):
                    done.update(data)
                writer.write(done.hexdigest().encode())
            elif words and words[0] == b"source":
                writer.write(random.Random(int(words[2])).randbytes(int(words[1])))
            elif words and words[0] == b"late":
                assert await reader.read() == b""
                for i in range(int(words[1])):
                    writer.write(f"{i}\n".encode())
                    await writer.drain()
                    await asyncio.sleep(0.01)
            elif words and words[0] == b"once":  # the server closes first
                writer.write(b"y")
            await writer.drain()
            writer.close()
        except OSError:
            writer.transport.abort()

    def reply(sock):
        data, peer = sock.recvfrom(1 << 16)
        sock.sendto(data, peer)

    for family in (socket.AF_INET, socket.AF_INET6):
        sock = socket.socket(family, socket.SOCK_DGRAM)
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
        sock.bind(("", port))
        asyncio.get_running_loop().add_reader(sock, reply, sock)
    server = await asyncio.start_server(talk, "", port, backlog=BACKLOG)
    await server.serve_forever()


def connect(addr, port, greeting=b""):
    sock = socket.create_connection((addr, port), timeout=20)
    sock.sendall(greeting)
    return sock


def rest_of(sock):
    data = b""
    while more := sock.recv(1 << 18):
        data += more
    return data


def bulk(addr, port, size):
    size = int(size)
    data, errors = random.Random(size).randbytes(size), []
    with connect(addr, port, b"hash\n") as sock:
        sock.sendall(data)
        sock.shutdown(socket.SHUT_WR)
        if rest_of(sock).decode() != hashlib.sha256(data).hexdigest():
            errors.append("what was sent is not what arrived")
    with connect(addr, port, b"source %d %d\n" % (size, size)) as sock:
        if rest_of(sock) != data:
            errors.append("what came back is not what was sent")
    return {"errors": errors}


def udp(addr, port, size, count=1, df=""):
    size, errors, lost = int(size), [], 0
    v6 = ":" in addr
    sock = socket.socket(socket.AF_INET6 if v6 else socket.AF_INET, socket.SOCK_DGRAM)
    sock.settimeout(0.5)
    if df:  # IP_MTU_DISCOVER / IPV6_MTU_DISCOVER = DO
        sock.setsockopt(*((socket.IPPROTO_IPV6, 23, 2) if v6 else (socket.IPPROTO_IP, 10, 2)))
    sock.connect((addr, port))
    for i in range(int(count)):
        data = random.Random(i).randbytes(size)
        for _ in range(6):  # the first one may be lost to a fragment cache or a path MTU, the same one never six times
            try:
                sock.send(data)
                if sock.recv(1 << 16) != data:
                    errors.append(f"{i}: another datagram came back")
                break
            except TimeoutError:
                lost += 1
            except OSError as e:
                errors.append(e.strerror)
                break
        else:
            errors.append(f"{i}: nothing came back")
    mtu = sock.getsockopt(*((socket.IPPROTO_IPV6, 24) if v6 else (socket.IPPROTO_IP, 14)))
    return {"errors": errors, "lost": lost, "mtu": mtu}


def halfclosed(addr, port, lines):
    with connect(addr, port, b"late %d\n" % int(lines)) as sock:
        sock.shutdown(socket.SHUT_WR)
        got = rest_of(sock).decode().split()
    return {"errors": [] if got == [str(i) for i in range(int(lines))] else [f"{len(got)} lines of {lines}"]}


def wait_all(socks, event, what, errors):
    """Waits until every socket is ready for `event`, calls what(sock)."""
    poll = select.epoll()
    by_fd = {s.fileno(): s for s in socks}
    for fd in by_fd:
        poll.register(fd, event)
    end = time.monotonic() + 60
    while by_fd and time.monotonic() < end:
        for fd, _ in poll.poll(1):
            try:
                what(by_fd[fd])
            except OSError as e:
                errors.append(str(e))
            poll.unregister(fd)
            del by_fd[fd]
    if by_fd:
        errors.append(f"{len(by_fd)} connections wait for ever")


def many(addr, port, count, until=None):
    """So many connections at once; with a file's name they speak and fall silent by turns until it exists."""
    errors, socks = [], []
    family = socket.AF_INET6 if ":" in addr else socket.AF_INET

    def established(sock):
        if code := sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
            errors.append(os.strerror(code))
        else:
            sock.send(b"echo\n")

    def answered(sock):
        if sock.recv(10) != b"z":
            errors.append("not what was sent")

    while len(socks) < int(count):  # in groups below the listener's backlog
        group = [socket.socket(family, socket.SOCK_STREAM) for _ in range(min(1000, int(count) - len(socks)))]
        for sock in group:
            sock.setblocking(False)
            sock.connect_ex((addr, port))
        wait_all(group, select.EPOLLOUT, established, errors)
        socks += group
    rounds = 0
    while rounds < 2 or (until and not errors and not os.path.exists(until)):
        for sock in socks:
            sock.send(b"z")
        wait_all(socks, select.EPOLLIN, answered, errors)
        rounds += 1
        time.sleep(0.5 if until else 0)
    return {"errors": errors[:5], "open": len(socks)}


def churn(addr, port, seconds):
    end, done, errors = time.monotonic() + float(seconds), 0, []
    while time.monotonic() < end and len(errors) < 5:
        try:
            with connect(addr, port, b"once\n" if done % 2 else b"echo\nx") as sock:
                if len(sock.recv(10)) != 1:
                    errors.append("closed without an answer")
                if done % 2 and sock.recv(10) != b"":
                    errors.append("more than was asked for")
            done += 1
        except OSError as e:
            errors.append(f"after {done}: {e}")
    return {"errors": errors, "done": done}


def calm(addr, port, until):
    done, errors = 0, []
    with connect(addr, port, b"echo\n") as sock:
        sock.settimeout(10)
        while not os.path.exists(until) and not errors:
            data = struct.pack("!Q", done) * 200
            try:
                sock.sendall(data)
                got = b""
                while len(got) < len(data):
                    more = sock.recv(1 << 16)
                    if not more:
                        raise ConnectionResetError("closed")
                    got += more
                if got != data:
                    errors.append("not what was sent")
                done += 1
                time.sleep(0.002)  # many of these leave the machine to others
            except OSError as e:
                errors.append(str(e))
    return {"errors": errors, "done": done}


def client(verb, *args):
    return globals()[verb](*(int(a) if i == 1 and a.isdigit() else a for i, a in enumerate(args)))


def answer(*words):
    try:
        return client(*words)
    except OSError as e:
        return {"errors": [str(e)]}


def each(*words):
    errors = []
    for call in " ".join(map(str, words)).split(" , "):
        errors += [f"{call}: {e}" for e in client(*call.split())["errors"]]
    return {"errors": errors}


if __name__ == "__main__":
    hard = 16000
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, max(hard, resource.getrlimit(resource.RLIMIT_NOFILE)[1])))
    except (OSError, ValueError):
        pass
    verb, *args = sys.argv[1:]
    if verb == "serve":
        asyncio.run(serve(int(args[0])))
    elif verb == "-":
        for line in sys.stdin:
            print(json.dumps(answer(*line.split())), flush=True)
    else:
        print(json.dumps(answer(verb, *args)))
