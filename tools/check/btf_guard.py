"""The kernel will accept the BTF of every linked BPF object (<build>/bpf/*.bpf.o, or the objects named).

Where it refuses, libbpf loads the programs without BTF and says nothing: no typed globals, no map definitions in
bpftool, no line numbers in verifier logs. The rules of docs/datapath/dialect.md, seen from the other end.
"""

import json
import re
import shutil
import subprocess
from pathlib import Path

import elf
from tree import Problem, arguments, report

IDENTIFIER = re.compile(r"[A-Za-z_]\w*$")
NAMED = {"STRUCT", "UNION", "ENUM", "ENUM64", "FWD", "TYPEDEF", "FUNC", "VAR"}
ANONYMOUS = "(anon)"
LICENSE = b"Dual BSD/GPL\0"
BPFTOOL = shutil.which("bpftool") or "/usr/sbin/bpftool"


def type_problems(types):
    """Texts of what the kernel's BTF checks refuse."""
    by_id = {t["id"]: t for t in types}
    for t in types:
        name = t["name"]
        if t["kind"] in NAMED and name != ANONYMOUS and not IDENTIFIER.match(name):
            yield f"BTF {t['kind']} '{name}' is no C identifier (a template's name? -gsimple-template-names)"
        for member in t.get("members", []):
            if member["name"] != ANONYMOUS and not IDENTIFIER.match(member["name"]):
                yield f"member '{member['name']}' of '{name}' is no C identifier"
        if t["kind"] == "FUNC" and t.get("linkage") != "extern":  # libbpf names the parameters of kfuncs itself
            params = by_id[t["type_id"]].get("params", [])
            if any(p["name"] == ANONYMOUS and p["type_id"] for p in params):
                yield f"function '{name}' has an unnamed parameter"


def object_problems(path):
    """Texts of all that is wrong with one object."""
    sections = elf.sections(path.read_bytes())
    named = {s.name: s.data for s in sections}
    if ".BTF" not in named:
        yield "has no BTF (compile with -g)"
        return
    dump = subprocess.run([BPFTOOL, "-j", "btf", "dump", "file", str(path)], capture_output=True, text=True)
    if dump.returncode:
        yield f"bpftool cannot read its BTF: {dump.stderr.strip() or dump.stdout.strip()}"
        return
    yield from type_problems(json.loads(dump.stdout)["types"])
    known = elf.func_info(sections)
    for name, section, offset in elf.functions(sections):
        if (section, offset) not in known:
            yield f"function '{name}' in section '{section}' has no BTF"
    if named.get("license", b"").rstrip(b"\0") + b"\0" != LICENSE:
        yield f"its license is not \"{LICENSE[:-1].decode()}\""


def check(tree, objects=()):
    """The objects given; without any, every linked object of the build, of which there must be one."""
    paths = list(objects) or sorted(p for p in (tree.build / "bpf").glob("*.bpf.o"))
    if not paths:
        return [Problem(str(tree.build / "bpf"), 0, "holds no *.bpf.o; build the datapath first")]
    problems = []
    for path in paths:
        try:
            problems += [Problem(str(path), 0, text) for text in object_problems(path)]
        except (OSError, ValueError) as error:
            problems.append(Problem(str(path), 0, str(error)))
    return problems


def run():
    args = arguments(__doc__, lambda p: p.add_argument("objects", nargs="*", type=Path))
    return report(check(args.tree, args.objects))


if __name__ == "__main__":
    raise SystemExit(run())
