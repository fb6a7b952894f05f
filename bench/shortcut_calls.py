"""Calls of programs on a TCP connection between two containers, and what comes of them: cases for shortcut_cases.py.

A case is a function of a Pair that returns a few words; its docstring is what stands in the table. What comes out must not
depend on time or chance, as it is compared.
"""
import array
import contextlib
import errno
import fcntl
import os
import select
import signal
import socket
import struct
import tempfile
import termios
import threading
import time

from shortcut_ends import exactly

PAUSE = 0.05  # for what was sent to arrive, which takes microseconds
LOT = 16 << 20
SO_ZEROCOPY, MSG_ZEROCOPY, SO_MEMINFO = 60, 0x4000000, 55  # Python has no names for them
SPLICE_NONBLOCK = 2


def attempt(call):
    """What call() returns, or the name of its error."""
    try:
        return call()
    except OSError as error:
        return errno.errorcode.get(error.errno, str(error))


def words(value):
    return value.decode(errors="replace") or "end" if isinstance(value, bytes) else str(value)


def sent(client, *parts):
    """Each part by a call of its own; returns when they have arrived."""
    for part in parts:
        client.sendall(part)
        time.sleep(PAUSE)


def later(job, seconds=0.2):
    timer = threading.Timer(seconds, job)
    timer.daemon = True
    timer.start()
    return timer


def queued(sock):
    room = array.array("i", [0])
    fcntl.ioctl(sock, termios.FIONREAD, room)
    return room[0]


def filled(client, most=4 * LOT):
    """Sends without waiting until no more is taken; how much was."""
    client.setblocking(False)
    total = 0
    with contextlib.suppress(BlockingIOError):
        while total < most:
            total += client.send(bytes(1 << 16))
    return total


def spliced(sock):
    end, pipe = os.pipe()
    got = attempt(lambda: os.splice(sock.fileno(), pipe, 1000, flags=SPLICE_NONBLOCK))
    os.close(end)
    os.close(pipe)
    return f"{got} bytes" if isinstance(got, int) else got


# --- the end of a connection ----------------------------------------------------------------------------------------
def half_close(pair):
    """shutdown(SHUT_WR) after a request; the server reads to the end and answers, 0.2 s later"""
    client, server = pair.connected()
    client.sendall(bytes(100000))
    client.shutdown(socket.SHUT_WR)
    size = len(exactly(server, 100001))
    later(lambda: (server.sendall(b"answer"), server.close()))
    return f"{size} bytes and the end; {words(attempt(lambda: exactly(client, 7)))}"


def half_close_waiting(pair):
    """shutdown(SHUT_WR) while the server waits in recv(), 100 times: what the server gets"""
    outcomes = set()
    for _ in range(100):
        client, server = pair.connected()
        got = []
        reader = threading.Thread(target=lambda: got.append(attempt(lambda: exactly(server, 2000))))
        reader.start()
        client.sendall(bytes(1000))
        client.shutdown(socket.SHUT_WR)
        reader.join()
        outcomes.add(f"{len(got[0])} bytes and the end" if isinstance(got[0], bytes) else got[0])
        client.close()
        server.close()
    return ", or ".join(sorted(outcomes))


def end_before_reader(pair):
    """a sender that closes at once, a reader that comes later"""
    client, server = pair.connected()
    data = os.urandom(100000)
    client.sendall(data)
    client.close()
    time.sleep(PAUSE)
    got = exactly(server, len(data) + 1)
    return "all of it" if got == data else f"{len(got)} bytes, or others"


def close_unread(pair):
    """the reader closes with data unread; the sender asks what has become of it"""
    client, server = pair.connected()
    sent(client, b"unread")
    server.close()
    time.sleep(PAUSE)
    return words(attempt(lambda: client.recv(1)))


def send_to_closed(pair):
    """the second send() to a reader that has closed"""
    client, server = pair.connected()
    server.close()
    time.sleep(PAUSE)
    seen = []
    for _ in range(2):
        seen.append(words(attempt(lambda: client.send(b"x"))))
        time.sleep(PAUSE)
    return seen[1]


def rdhup(pair):
    """epoll after data and shutdown(SHUT_WR)"""
    client, server = pair.connected()
    sent(client, b"data")
    client.shutdown(socket.SHUT_WR)
    time.sleep(PAUSE)
    with select.epoll() as poll:
        poll.register(server, select.EPOLLIN | select.EPOLLRDHUP)
        events = dict(poll.poll(0.5)).get(server.fileno(), 0)
    return " ".join(name for name in ("EPOLLIN", "EPOLLRDHUP") if events & getattr(select, name)) or "nothing"


# --- recv() ---------------------------------------------------------------------------------------------------------
def wait_all(pair):
    """recv(20, MSG_WAITALL), 10 bytes now and 10 in 0.2 s"""
    client, server = pair.connected()
    client.sendall(b"0123456789")
    later(lambda: client.sendall(b"0123456789"))
    return f"{len(server.recv(20, socket.MSG_WAITALL))} bytes"


def low_water(pair):
    """poll() of a reader with SO_RCVLOWAT of 20 when 10 bytes are there, and when 20 are"""
    client, server = pair.connected()
    server.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, 20)
    seen = []
    for _ in range(2):
        sent(client, b"0123456789")
        seen.append("readable" if select.select([server], [], [], 0.1)[0] else "not readable")
    return ", ".join(seen)


def peek(pair):
    """MSG_PEEK, then recv()"""
    client, server = pair.connected()
    sent(client, b"peek", b"ed")
    return f"{words(server.recv(4, socket.MSG_PEEK))}, {words(server.recv(10))}"


def truncated(pair):
    """recv(4, MSG_TRUNC), which discards, then recv()"""
    client, server = pair.connected()
    sent(client, b"gonekept")
    return f"{len(server.recv(4, socket.MSG_TRUNC))} bytes gone, {words(server.recv(10))} left"


def timeout(pair):
    """SO_RCVTIMEO of 0.2 s, and nothing comes"""
    _client, server = pair.connected()
    server.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("ll", 0, 200000))
    begin = time.monotonic()
    return f"{words(attempt(lambda: server.recv(1)))} after {time.monotonic() - begin:.1f} s"


def interrupted(pair):
    """a signal (SA_RESTART) while a blocking recv() waits; data come after it"""
    server, client = pair.connected()
    signal.signal(signal.SIGUSR1, lambda *_: None)
    signal.siginterrupt(signal.SIGUSR1, False)
    main = threading.main_thread().ident
    later(lambda: signal.pthread_kill(main, signal.SIGUSR1))
    later(lambda: client.sendall(b"data"), 0.4)
    return words(attempt(lambda: server.recv(10)))


def other_direction(pair):
    """a blocking recv() while what its own side sent before is read"""
    client, server = pair.connected()
    filled(client)
    client.setblocking(True)
    server.setblocking(False)
    later(lambda: attempt(lambda: exactly(server, 4 * LOT)))
    later(lambda: server.sendall(b"answer"), 0.6)
    return words(attempt(lambda: client.recv(6)))


def urgent(pair):
    """MSG_OOB between ordinary data: recv(MSG_OOB), then the ordinary data"""
    client, server = pair.connected()
    sent(client, b"ab")
    seen = [words(attempt(lambda: client.send(b"!", socket.MSG_OOB)))]
    sent(client, b"cd")
    server.setblocking(False)
    seen.append(words(attempt(lambda: server.recv(1, socket.MSG_OOB))))
    ordinary = [attempt(lambda: server.recv(10)) for _ in range(2)]
    return f"urgent: {seen[1]}; ordinary: {''.join(words(o) for o in ordinary if isinstance(o, bytes))}"


def splice_in(pair):
    """splice() from the socket to a pipe"""
    client, server = pair.connected()
    sent(client, bytes(1000))
    return spliced(server)


def sendfile(pair):
    """sendfile() of 100,000 bytes"""
    client, server = pair.connected()
    data = os.urandom(100000)
    with tempfile.TemporaryFile() as file:
        file.write(data)
        file.flush()
        size = os.sendfile(client.fileno(), file.fileno(), 0, len(data))
    return "all of it" if exactly(server, size) == data[:size] and size == len(data) else f"{size} bytes, or others"


def zero_copy(pair):
    """MSG_ZEROCOPY: the notice that the buffer is free again"""
    client, server = pair.connected()
    client.setsockopt(socket.SOL_SOCKET, SO_ZEROCOPY, 1)
    client.send(bytes(100000), MSG_ZEROCOPY)
    exactly(server, 100000)
    time.sleep(PAUSE)
    notice = attempt(lambda: client.recvmsg(1, 100, socket.MSG_ERRQUEUE))
    return notice if isinstance(notice, str) else "comes"


# --- readiness and queues -------------------------------------------------------------------------------------------
def bytes_queued(pair):
    """ioctl(FIONREAD), 1,000 bytes unread"""
    client, server = pair.connected()
    sent(client, bytes(1000))
    return str(queued(server))


def edge(pair):
    """epoll, edge-triggered: events of three sends, none read"""
    client, server = pair.connected()
    with select.epoll() as poll:
        poll.register(server, select.EPOLLIN | select.EPOLLET)
        events = 0
        for _ in range(3):
            sent(client, b"data")
            events += len(poll.poll(0.2))
    return f"{events} events"


def no_reader(pair):
    """a reader with SO_RCVBUF of 64 KiB that does not read: when send() takes no more"""
    client, server = pair.connected()
    server.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 16)
    total = filled(client)
    return "before 64 MiB" if total < 4 * LOT else "64 MiB taken and no end"


def memory_counted(pair):
    """where unread data is counted (SO_MEMINFO)"""
    client, server = pair.connected()
    sent(client, bytes(50000))
    took = {name: struct.unpack_from("9I", sock.getsockopt(socket.SOL_SOCKET, SO_MEMINFO, 36))
            for name, sock in (("reader", server), ("sender", client))}
    seen = [name for name, index in (("reader", 0), ("sender", 2)) if took[name][index] >= 50000]
    return " and ".join(seen) or "nowhere"


def slow_reader(pair):
    """16 MiB by a blocking sender to a reader that begins later"""
    client, server = pair.connected()
    data = os.urandom(LOT)
    writer = threading.Thread(target=client.sendall, args=(data,), daemon=True)
    writer.start()
    time.sleep(0.2)
    return "all, in order" if exactly(server, LOT) == data else "not all, or not in order"


CASES = (half_close, half_close_waiting, end_before_reader, close_unread, send_to_closed, rdhup, wait_all, low_water, peek,
         truncated, timeout, interrupted, other_direction, urgent, splice_in, sendfile, zero_copy, bytes_queued, edge,
         no_reader, memory_counted, slow_reader)
