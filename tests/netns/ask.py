"""ask.py tcp|udp ADDR PORT [--count=N] [--timeout=S] [--source-port=P] [--gap=S] [--connected=1] [--size=N] [--source=ADDR]
ask.py -                            reads such arguments, a line each, and answers with a line each

Asks a server N times and prints one JSON object: answers by server name, the first error ("refused", "timeout",
"reset", …), the peer as the socket tells it, and seconds to the first answer or error.
"""
import argparse
import collections
import json
import socket
import sys
import time

parser = argparse.ArgumentParser()
parser.add_argument("proto")
parser.add_argument("addr")
parser.add_argument("port", type=int)
parser.add_argument("--count", type=int, default=1)
parser.add_argument("--timeout", type=float, default=2.0)
parser.add_argument("--source-port", type=int, default=0)
parser.add_argument("--source", default="")
parser.add_argument("--gap", type=float, default=0.0)
parser.add_argument("--connected", type=int, default=0)
parser.add_argument("--size", type=int, default=1)
parser.add_argument("--one-socket", type=int, default=0)


def make(o, result):
    kind = socket.SOCK_STREAM if o.proto == "tcp" else socket.SOCK_DGRAM
    sock = socket.socket(socket.AF_INET6 if ":" in o.addr else socket.AF_INET, kind)
    sock.settimeout(o.timeout)
    if o.source_port or o.source:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((o.source, o.source_port))
    if o.proto == "tcp" or o.connected:
        sock.connect((o.addr, o.port))
        result["peer"] = sock.getpeername()[:2]
    return sock


def ask(o, sock, result):
    if o.proto == "tcp" or o.connected:
        sock.sendall(b"x" * o.size)
        data = sock.recv(65536)
    else:
        sock.sendto(b"x" * o.size, (o.addr, o.port))
        data, result["from"] = sock.recvfrom(65536)
    return data.decode().split()


def run(args):
    o = parser.parse_args(args)
    result = {"ok": 0, "answers": {}, "error": None, "peer": None, "from": None, "sees": None, "seconds": None}
    answers = collections.Counter()
    begin = time.monotonic()
    sock = None
    for _ in range(o.count):
        try:
            if sock is None or not o.one_socket:
                if sock is not None:
                    sock.close()
                sock = None
                sock = make(o, result)
            words = ask(o, sock, result)
            if not words:
                raise ConnectionResetError("closed")
            answers[words[0]] += 1
            result["sees"] = words[1]
            result["ok"] += 1
        except TimeoutError:
            result["error"] = result["error"] or "timeout"
        except ConnectionRefusedError:
            result["error"] = result["error"] or "refused"
        except ConnectionResetError:
            result["error"] = result["error"] or "reset"
        except OSError as e:
            result["error"] = result["error"] or str(e)
        if result["seconds"] is None:
            result["seconds"] = round(time.monotonic() - begin, 4)
        time.sleep(o.gap)
    if sock is not None:
        sock.close()
    result["answers"] = dict(answers)
    return result


if sys.argv[1] == "-":
    for line in sys.stdin:
        print(json.dumps(run(line.split())), flush=True)
else:
    print(json.dumps(run(sys.argv[1:])))
