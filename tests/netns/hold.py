"""hold.py -: keeps connected UDP sockets, one for each address and port. Reads commands, a line each, and answers with
a line of JSON each: {"answer": server or null, "peer": address or null, "error": name of the errno or null}

new ADDR PORT    makes a socket instead of the one that is there, connects it and asks
ask ADDR PORT    asks
wait ADDR PORT   waits for what comes by itself: an answer or the socket's end
again ADDR PORT  connects the same socket again, then asks
"""
import errno
import json
import socket
import sys

sockets = {}


def do(verb, addr, port):
    if verb == "new":
        if (addr, port) in sockets:
            sockets[addr, port].close()
        sockets[addr, port] = socket.socket(socket.AF_INET6 if ":" in addr else socket.AF_INET, socket.SOCK_DGRAM)
        sockets[addr, port].settimeout(5)
    sock = sockets[addr, port]
    result = {"answer": None, "peer": None, "error": None}
    try:
        if verb in ("new", "again"):
            sock.connect((addr, port))
        if verb != "wait":
            sock.sendall(b"x")
        result["answer"] = sock.recv(65536).decode().split()[0]
        result["peer"] = sock.getpeername()[0]
    except TimeoutError:
        result["error"] = "timeout"
    except OSError as e:
        result["error"] = errno.errorcode.get(e.errno, str(e))
    return result


for line in sys.stdin:
    verb, addr, port = line.split()
    print(json.dumps(do(verb, addr, int(port))), flush=True)
