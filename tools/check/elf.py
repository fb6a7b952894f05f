"""What the BTF guard reads of a BPF object (ELF64, little endian): sections, functions, func_info."""

import struct
from dataclasses import dataclass

STT_FUNC = 2
SHT_NOBITS = 8


@dataclass
class Section:
    name: str
    data: bytes
    link: int


def cstring(data, offset):
    return data[offset:data.index(b"\0", offset)].decode()


def sections(image):
    """[Section] in file order."""
    if image[:6] != b"\x7fELF\x02\x01":
        raise ValueError("is no little-endian ELF64 object")
    offset, = struct.unpack_from("<Q", image, 0x28)
    size, count, names_index = struct.unpack_from("<HHH", image, 0x3A)
    heads = [struct.unpack_from("<IIQQQQIIQQ", image, offset + i * size) for i in range(count)]
    names = image[heads[names_index][4]:][: heads[names_index][5]]
    return [Section(cstring(names, h[0]), b"" if h[1] == SHT_NOBITS else image[h[4]:h[4] + h[5]], h[6]) for h in heads]


def functions(all_sections):
    """[(name, section name, offset in bytes)] of every function symbol."""
    table = next(s for s in all_sections if s.name == ".symtab")
    names = all_sections[table.link].data
    found = []
    for name, info, _, index, value, _ in struct.iter_unpack("<IBBHQQ", table.data):
        if info & 15 == STT_FUNC and 0 < index < len(all_sections):
            found.append((cstring(names, name), all_sections[index].name, value))
    return found


def func_info(all_sections):
    """{(section name, offset in bytes)} that .BTF.ext knows a function's type of."""
    by_name = {s.name: s.data for s in all_sections}
    if ".BTF" not in by_name or ".BTF.ext" not in by_name:
        return set()
    btf, ext = by_name[".BTF"], by_name[".BTF.ext"]
    btf_header, _, _, strings, _ = struct.unpack_from("<IIIII", btf, 4)
    strings += btf_header
    header, start, length = struct.unpack_from("<III", ext, 4)
    at, end, found = header + start, header + start + length, set()
    record, = struct.unpack_from("<I", ext, at)
    at += 4
    while at < end:
        name, count = struct.unpack_from("<II", ext, at)
        at += 8
        for i in range(count):
            found.add((cstring(btf, strings + name), struct.unpack_from("<I", ext, at + i * record)[0]))
        at += count * record
    return found
