"""joined.py CLIENT SERVER ADDR CASE: both ends of a TCP connection between two containers, in one process that takes the
place of each; run on the node. Writes what the server read, as JSON.

unread     the client sends until it is told to wait, while the server reads nothing: {"sent": bytes, "whole": bool}
late       a listener that is told of a connection once it has data (TCP_DEFER_ACCEPT): {"read": text}
early      data that come with the SYN (TCP Fast Open): {"read": text}
half       the client ends its side; the server answers after that: {"read": text}
"""
import json
import os
import socket
import sys
import time

from ends import Pair, exactly

PAUSE = 0.2  # for what is under way to arrive
MOST = 64 << 20  # nobody accepts more


def connected(pair):
    one, two = pair.connected()
    two.settimeout(5)
    return one, two


def unread(pair):
    one, two = connected(pair)
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


def late(pair):
    listener = pair.listening(socket.TCP_DEFER_ACCEPT, 5)
    one = pair.calling()
    one.connect(listener.getsockname())
    return two_words(one, lambda: one.send(b"first "), listener)


def early(pair):
    pair.allow_fast_open()
    listener = pair.listening(socket.TCP_FASTOPEN, 8)
    one = pair.calling()
    return two_words(one, lambda: one.sendto(b"first ", socket.MSG_FASTOPEN, listener.getsockname()), listener)


def half(pair):
    one, two = connected(pair)
    one.send(b"question")
    one.shutdown(socket.SHUT_WR)
    asked = exactly(two, 100)
    two.send(b"answer to " + asked)
    two.close()
    time.sleep(PAUSE)  # a blocking recv() may be told EAGAIN (docs/datapath/shortcut.md)
    return {"read": exactly(one, 100).decode()}


if __name__ == "__main__":
    *ends, case = sys.argv[1:]
    print(json.dumps({"unread": unread, "late": late, "early": early, "half": half}[case](Pair(*ends))))
    os._exit(0)
