"""Somebody else's programs on the node's devices: they count packets and say what is to become of them.

foreign.py load PIN RETURN               a program that counts and returns a number, pinned
foreign.py tcx PIN DEV WHERE ORDER       attaches it; WHERE: ingress, egress; ORDER: before, after all that are there
foreign.py filter PIN DEV WHERE PRIORITY the same as a clsact filter
foreign.py xdp PIN DEV                   one that lets every frame pass, in the driver of a device
foreign.py count PIN

Plain bpf(2): the node needs no compiler, and many kernels have no other filter that counts.
"""
import ctypes
import os
import platform
import socket
import struct
import subprocess
import sys

libc = ctypes.CDLL(None, use_errno=True)
NUMBER = {"x86_64": 321, "aarch64": 280}[platform.machine()]
MAP_CREATE, MAP_LOOKUP, PROG_LOAD, OBJ_PIN, OBJ_GET, LINK_CREATE = 0, 1, 5, 6, 7, 28
ARRAY, SCHED_CLS, XDP = 2, 3, 6


def bpf(command, form, *values):
    attr = struct.pack(form, *values).ljust(144, b"\0")
    got = libc.syscall(NUMBER, command, attr, len(attr))
    if got < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), f"bpf command {command}")
    return got


def at(data):
    return ctypes.cast(ctypes.c_char_p(data), ctypes.c_void_p).value


def pin(fd, path):
    name = path.encode()
    bpf(OBJ_PIN, "QI", at(name), fd)


def get(path):
    name = path.encode()
    return bpf(OBJ_GET, "Q", at(name))


def load(path, result, kind=SCHED_CLS):
    count = bpf(MAP_CREATE, "IIII", ARRAY, 4, 8, 1)
    program = b"".join(struct.pack("<BBhi", code, registers, offset, number) for code, registers, offset, number in (
        (0x62, 10, -4, 0),        # *(u32*)(r10 - 4) = 0
        (0xbf, 2 | 10 << 4, 0, 0), (0x07, 2, 0, -4),    # r2 = r10 - 4
        (0x18, 1 | 1 << 4, 0, count), (0, 0, 0, 0),     # r1 = map
        (0x85, 0, 0, 1),          # bpf_map_lookup_elem
        (0x15, 0, 2, 0),          # if not r0 goto + 2
        (0xb7, 1, 0, 1), (0xdb, 0 | 1 << 4, 0, 0),      # lock *(u64*)r0 += 1
        (0xb7, 0, 0, int(result)), (0x95, 0, 0, 0)))
    license_of = b"GPL"
    pin(bpf(PROG_LOAD, "IIQQ", kind, len(program) // 8, at(program), at(license_of)), path)
    pin(count, path + "_count")


def tcx(path, device, where, order):
    link = bpf(LINK_CREATE, "IIII", get(path), socket.if_nametoindex(device), {"ingress": 46, "egress": 47}[where],
               {"before": 8, "after": 16}[order])
    pin(link, path + "_link")


def xdp(path, device):
    load(path, 2, XDP)
    pin(bpf(LINK_CREATE, "IIII", get(path), socket.if_nametoindex(device), 37, 4), path + "_link")  # BPF_XDP, DRV_MODE


def filter(path, device, where, priority):
    if "clsact" not in subprocess.run(["tc", "qdisc", "show", "dev", device], capture_output=True, text=True).stdout:
        subprocess.run(["tc", "qdisc", "add", "dev", device, "clsact"], check=True)
    subprocess.run(["tc", "filter", "add", "dev", device, where, "pref", priority, "bpf", "da", "object-pinned", path],
                   check=True)


def count(path):
    key, value = b"\0" * 4, ctypes.create_string_buffer(8)
    bpf(MAP_LOOKUP, "IIQQ", get(path + "_count"), 0, at(key), ctypes.addressof(value))
    print(struct.unpack("Q", value.raw)[0])


globals()[sys.argv[1]](*sys.argv[2:])
