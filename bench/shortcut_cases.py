"""What programs see of TCP connections between two containers: run on the node.

    shortcut_cases.py CLIENT SERVER ADDR OUTSIDE OUTSIDE_ADDR

CLIENT and SERVER are containers, ADDR is the server's; OUTSIDE is a container that the shortcut never sees. Writes
{case: what was seen} as JSON. Cases of single calls are in shortcut_calls.py; here are those of who is in the map when, and
of what others see.
"""
import contextlib
import errno
import json
import os
import signal
import socket
import struct
import subprocess
import sys
import time

import shortcut_calls
from shortcut_calls import PAUSE, attempt, interrupted, other_direction, queued, sent, spliced, words
from shortcut_ends import Pair, enter, exactly

PATIENCE = 3  # seconds for a case


class Hangs(Exception):
    pass


# --- what is in the map when ----------------------------------------------------------------------------------------
def deferred(pair):
    """TCP_DEFER_ACCEPT on the listener, as web servers use it; first, then second is sent"""
    listener = pair.listening(socket.TCP_DEFER_ACCEPT, 5)
    client = pair.calling()
    client.connect(listener.getsockname())
    sent(client, b"first ", b"second ")
    server, _ = listener.accept()
    return words(exactly(server, 13)).strip()


def fast_open(pair):
    """TCP Fast Open: first goes with the SYN, second after"""
    pair.allow_fast_open()
    listener = pair.listening(socket.TCP_FASTOPEN, 8)
    client = pair.calling()
    client.sendto(b"first ", socket.MSG_FASTOPEN, listener.getsockname())
    time.sleep(PAUSE)
    sent(client, b"second ")
    server, _ = listener.accept()
    return words(exactly(server, 13)).strip()


def outside_queued(pair):
    """ioctl(FIONREAD), 1,000 bytes unread, from a peer that is not in the map"""
    ours, theirs = pair.to_outside.connected()
    sent(theirs, bytes(1000))
    return str(queued(ours))


def outside_splice(pair):
    """splice() to a pipe, 1,000 bytes, from a peer that is not in the map"""
    ours, theirs = pair.to_outside.connected()
    sent(theirs, bytes(1000))
    return spliced(ours)


def outside_drained(pair):
    """a blocking recv() while what the same socket sent is read by a peer that is not in the map"""
    return other_direction(pair.to_outside)


def outside_interrupted(pair):
    """a signal (SA_RESTART) while recv() waits for a peer that is not in the map"""
    return interrupted(pair.to_outside)


# --- what others see ------------------------------------------------------------------------------------------------
def tcp_info(pair):
    """TCP_INFO after 100,000 bytes (what ss shows)"""
    client, server = pair.connected()
    client.sendall(bytes(100000))
    exactly(server, 100000)
    time.sleep(PAUSE)
    (acked,) = struct.unpack_from("Q", client.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 232), 120)
    (received,) = struct.unpack_from("Q", server.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 232), 128)
    return f"{acked // 1000}k acked, {received // 1000}k received"


def capture(pair):
    """packets with the data that a packet socket sees, as tcpdump has it"""
    client, server = pair.connected()
    enter(pair.server)
    with socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(3)) as tap:
        sent(client, b"a telling text")
        exactly(server, 14)
        tap.setblocking(False)
        seen = 0
        with contextlib.suppress(BlockingIOError):
            while packet := tap.recv(4096):
                seen += b"a telling text" in packet
    return str(seen)


def device(pair):
    """bytes that the container's device counts of 100,000"""
    def counted():
        line = next(line for line in open("/proc/thread-self/net/dev") if "eth0:" in line)
        return int(line.split(":")[1].split()[0])
    client, server = pair.connected()
    enter(pair.server)
    before = counted()
    client.sendall(bytes(100000))
    exactly(server, 100000)
    return "all" if counted() - before >= 100000 else "none"


def firewall(pair):
    """a rule that drops the connection's packets, made while it lives; then send()"""
    client, server = pair.connected()
    enter(pair.server)
    subprocess.run(["nft", f"""add table ip shortcut; add chain ip shortcut in {{ type filter hook input priority 0; }};
        add rule ip shortcut in tcp dport {server.getsockname()[1]} drop"""], check=True)
    sent(client, b"data")
    server.setblocking(False)
    seen = words(attempt(lambda: server.recv(10)))
    subprocess.run(["nft", "delete table ip shortcut"], check=True)
    return "arrives" if seen == "data" else "does not arrive"


CASES = (*shortcut_calls.CASES, deferred, fast_open, outside_queued, outside_splice, outside_interrupted, outside_drained,
         tcp_info, capture, device, firewall)


def give_up(*_):
    raise Hangs


def outcome(case, pair):
    signal.signal(signal.SIGALRM, give_up)
    signal.alarm(PATIENCE)
    try:
        return case(pair)
    except Hangs:
        return "hangs"
    except OSError as error:
        return words(errno.errorcode.get(error.errno, error))
    finally:
        signal.alarm(0)


def main(client, server, addr, *outside):
    pair = Pair(client, server, addr)
    pair.to_outside = Pair(client, *outside)
    seen = {}
    for case in CASES:
        seen[case.__doc__] = outcome(case, pair)
    print(json.dumps(seen), flush=True)
    os._exit(0)  # whatever thread still waits


if __name__ == "__main__":
    main(*sys.argv[1:])
