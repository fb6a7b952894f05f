"""wire.py DEV: checks every frame that comes by a device as it lies on the wire. One JSON object at the end of stdin.

{"frames": {"tcp": 12, ...}, "unfinished": 3, "super": 2, "wrong": [...]}: a frame is unfinished if its checksum was left
to the device that sent it (CHECKSUM_PARTIAL, told by PACKET_VNET_HDR); it is finished here as that device would have
done it, then checked: it counts as wrong if the part the stack had prepared was. Super-packets are checked whole.
"""
import collections
import json
import select
import socket
import struct
import sys

SOL_PACKET, PACKET_VNET_HDR, NEEDS_CSUM, SO_RCVBUFFORCE = 263, 15, 1, 33
PROTOCOLS = {1: "icmp", 6: "tcp", 17: "udp", 58: "icmp6"}


def total(data):
    """One's complement sum, in 0 … 65534."""
    return int.from_bytes(data + b"\0" * (len(data) % 2), "big") % 65535


class Fragments:
    """Sums of the parts of packets; the whole is checked when all are there."""
    def __init__(self):
        self.parts = collections.defaultdict(dict)

    def add(self, key, offset, data, more):
        self.parts[key][offset] = (data, more)
        whole = b""
        while len(whole) in self.parts[key]:
            data, more = self.parts[key][len(whole)]
            whole += data
            if not more:
                del self.parts[key]
                return whole
        return None


fragments = Fragments()


def finish(frame, start, offset):
    value = 0xffff - total(frame[start:])
    return frame[:start + offset] + struct.pack("!H", value) + frame[start + offset + 2:]


def check(frame):
    """Name of the protocol, and what is wrong."""
    kind = struct.unpack("!H", frame[12:14])[0]
    packet = frame[14:]
    if kind == 0x800:
        size = (packet[0] & 15) * 4
        length, ident, flags = struct.unpack("!HHH", packet[2:8])
        proto, src, dst = packet[9], packet[12:16], packet[16:20]
        if total(packet[:size]):
            return "ip", "header"
        body, more, offset = packet[size:length], bool(flags & 0x2000), (flags & 0x1fff) * 8
    elif kind == 0x86dd:
        length, proto, src, dst = struct.unpack("!H", packet[4:6])[0], packet[6], packet[8:24], packet[24:40]
        body, more, offset, ident = packet[40:40 + length], False, 0, 0
        if proto == 44:
            proto, flags, ident = body[0], *struct.unpack("!HI", body[2:8])
            body, more, offset = body[8:], bool(flags & 1), flags & 0xfff8
    else:
        return None, None
    name = PROTOCOLS.get(proto)
    if name is None:
        return None, None
    if more or offset:
        frames["fragment"] += 1
        body = fragments.add((src, dst, ident, proto), offset, body, more)
        if body is None:
            return None, None
    pseudo = b"" if proto == 1 else src + dst + struct.pack("!II", len(body), proto)
    if proto == 17 and body[6:8] == b"\0\0":
        return name, "no checksum"  # our senders always send one
    if total(pseudo + body):
        return name, "checksum"
    if proto in (1, 58) and body[0] in ((3, 11, 12) if proto == 1 else (1, 2, 3, 4)):  # quotes a packet
        frames["error"] += 1
        quoted = body[8:]
        if quoted[0] >> 4 == 4 and total(quoted[:(quoted[0] & 15) * 4]):
            return name, "header of the quoted packet"
    return name, None


sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
sock.setsockopt(SOL_PACKET, PACKET_VNET_HDR, 1)
sock.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 1 << 26)
sock.bind((sys.argv[1], 3))
frames, wrong, unfinished, supers = collections.Counter(), [], 0, 0
print("ready", flush=True)


def take():
    global unfinished, supers
    data, (_, _, direction, *_) = sock.recvfrom(1 << 17)
    if direction == socket.PACKET_OUTGOING:
        return
    flags, gso, _, _, start, offset = struct.unpack("=BBHHHH", data[:10])
    frame = data[10:]
    supers += gso != 0
    if flags & NEEDS_CSUM:
        unfinished += 1
        frame = finish(frame, start, offset)
    name, why = check(frame)
    if name:
        frames[name] += 1
    if why:
        wrong.append(f"{name} {why}, {len(frame)} bytes, {'finished by us ' if flags & 1 else ''}{frame[:80].hex()}")


poll = select.poll()
poll.register(sock, select.POLLIN)
poll.register(sys.stdin, select.POLLIN | select.POLLHUP)
over = False
while True:
    ready = [fd for fd, _ in poll.poll(100 if over else None)]
    if sock.fileno() in ready:
        take()
    elif over:
        break
    over = over or sys.stdin.fileno() in ready
    if over and sys.stdin.fileno() in ready:
        poll.unregister(sys.stdin)
print(json.dumps({"frames": dict(frames), "unfinished": unfinished, "super": supers, "wrong": wrong[:5],
                  "wrong_count": len(wrong)}))
