"""hold.py -: keeps connected UDP sockets, one for each address and port. Reads commands, a line each, and answers with
a line of JSON each: {"answer": server or null, "peer": address or null, "error": name of the errno or null}

new ADDR PORT    makes a socket instead of the one that is there, connects it and asks
ask ADDR PORT    asks
wait ADDR PORT   waits for what comes by itself: an answer or the socket's end
again ADDR PORT  connects the same socket again, then asks
many ADDR PORT COUNT   makes TCP connections, and asks over each of them: {"answers": [server, ...], "error"}
each ADDR PORT         asks over each of these again
"""
import errno
import json
import socket
import sys

sockets = {}
connections = {}


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


def ask_each(verb, addr, port, count):
    if verb == "many":
        connections[addr, port] = [socket.create_connection((addr, port), 5) for _ in range(count)]
    answers = []
    for sock in connections[addr, port]:
        sock.sendall(b"x")
        answers.append(sock.recv(65536).decode().split()[0])
    return answers


def do_each(*args):
    try:
        return {"answers": ask_each(*args), "error": None}
    except OSError as e:
        return {"answers": [], "error": "timeout" if isinstance(e, TimeoutError) else errno.errorcode.get(e.errno, str(e))}


for line in sys.stdin:
    verb, addr, port, *count = line.split()
    many = verb in ("many", "each")
    done = do_each(verb, addr, int(port), int(*count)) if many else do(verb, addr, int(port))
    print(json.dumps(done), flush=True)
