"""The tree as the checks see it, and how they report.

Every check is a program: `check.py [--root DIR] [--build DIR]`. It prints one line a problem
("path:line: what is wrong, and what to do"), nothing when all is well, and ends with 1 or 0.
"""

import argparse
import hashlib
import json
import os
import re
import shlex
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

CPP = (".h", ".cpp", ".c")
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"]+)[>"]', re.M)


@dataclass
class Problem:
    path: str
    line: int
    text: str

    def __str__(self):
        return f"{self.path}:{self.line}: {self.text}" if self.line else f"{self.path}: {self.text}"


@dataclass
class Tree:
    """Files under root that git tracks or would track."""

    root: Path
    build: Path = field(default=None)
    texts: dict = field(default_factory=dict)

    @cached_property
    def files(self):
        args = ["git", "-C", str(self.root), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
        out = subprocess.run(args, check=True, capture_output=True).stdout.decode()
        return sorted({name for name in out.split("\0") if name and (self.root / name).is_file()})

    def changed(self):
        """To call after files were written: what was read is read again."""
        self.texts.clear()
        for name in ("files", "_known"):
            self.__dict__.pop(name, None)

    def matching(self, suffixes, under=()):
        return [f for f in self.files if f.endswith(suffixes) and (not under or f.startswith(tuple(under)))]

    def text(self, path):
        if path not in self.texts:
            self.texts[path] = (self.root / path).read_text(encoding="utf-8", errors="replace")
        return self.texts[path]

    def includes(self, path):
        """[(line, quoted, name)] of a file's #include lines."""
        text = self.text(path)
        return [(text.count("\n", 0, m.start()) + 1, m[1] == '"', m[2]) for m in INCLUDE.finditer(text)]

    def resolve(self, name):
        """The tree's file that a quoted include means; None if it is generated, a library's or missing."""
        for candidate in (name, "src/" + name):
            if candidate in self._known:
                return candidate
        return None

    @cached_property
    def _known(self):
        return set(self.files)

    def reach(self, path):
        """The file and every file of the tree it includes, near and far."""
        seen, todo = {path}, [path]
        while todo:
            for _, _, name in self.includes(todo.pop()):
                target = self.resolve(name)
                if target and target not in seen:
                    seen.add(target)
                    todo.append(target)
        return sorted(seen)

    def fingerprint(self, path, *more):
        """Changes when the file, a file it includes, or anything in `more` changes."""
        return digest([name + "\0" + self.text(name) for name in self.reach(path)], more)

    def fingerprint_alone(self, path, *more):
        """Changes when the file or anything in `more` changes."""
        return digest([self.text(path)], more)


def digest(*parts):
    return hashlib.sha256(repr(parts).encode()).hexdigest()


class Passed:
    """What passed before: path -> fingerprint, kept in <build>/check/<name>.json."""

    def __init__(self, tree, name):
        self.file = tree.build / "check" / f"{name}.json"
        try:
            self.known = json.loads(self.file.read_text())
        except (OSError, ValueError):
            self.known = {}

    def stale(self, keys):
        """The paths of keys {path: fingerprint} that have not passed as they are now."""
        return [path for path, key in keys.items() if self.known.get(path) != key]

    def keep(self, keys, failed=()):
        """Remember what has passed: all of keys but `failed`."""
        self.file.parent.mkdir(parents=True, exist_ok=True)
        self.file.write_text(json.dumps({p: k for p, k in keys.items() if p not in failed}, indent=0))

    def run(self, keys, work):
        """work(path) -> [Problem] for each stale path; remembers the others, and those without problems."""
        todo = self.stale(keys)
        results = dict(zip(todo, parallel(work, todo)))
        self.keep(keys, {path for path, problems in results.items() if problems})
        return [problem for path in todo for problem in results[path]]


def parallel(work, items):
    """[work(item)] in order, on all CPUs."""
    with ThreadPoolExecutor(os.cpu_count() or 2) as pool:
        return list(pool.map(work, items))


def built(tree, name):
    """Text of a file of the build directory."""
    try:
        return (tree.build / name).read_text()
    except FileNotFoundError:
        sys.exit(f"{tree.build}/{name} is missing: configure and build first (`make dev`)")


def compile_flags(tree):
    """{source: [flags]} of <build>/compile_commands.json, without compiler, input, output and sanitizers."""
    database = json.loads(built(tree, "compile_commands.json"))
    flags = {}
    for entry in database:
        source = Path(entry["directory"], entry["file"])
        if not source.is_relative_to(tree.root):
            continue
        words = shlex.split(entry["command"])
        start = next(i for i, w in enumerate(words) if w.startswith("-"))
        kept = [w for w in words[start:] if not w.startswith("-fsanitize") and w != "-fno-sanitize-recover=all"]
        flags[str(source.relative_to(tree.root))] = kept[: kept.index("-o")]
    return flags


def bpf_flags(tree):
    """The flags the datapath is compiled with, as CMake wrote them down."""
    return built(tree, "bpf/flags.txt").split()


def arguments(doc, *more):
    """Parsed arguments with .tree; `more` are functions that add arguments of their own."""
    parser = argparse.ArgumentParser(description=doc.split("\n")[0])
    parser.add_argument("--root", type=Path, default=Path(__file__).resolve().parents[2], help="the checkout")
    parser.add_argument("--build", type=Path, help="build directory (default: build/dev of the checkout)")
    for add in more:
        add(parser)
    args = parser.parse_args()
    root = args.root.resolve()
    args.tree = Tree(root, (args.build or root / "build" / "dev").resolve())
    return args


def report(problems):
    """Print the problems; the exit code."""
    for problem in problems:
        print(problem)
    return 1 if problems else 0


def main(doc, check, fix=None):
    """A check as a program; fix(tree), if there is one, mends what can be mended first."""
    args = arguments(doc, *([lambda p: p.add_argument("--fix", action="store_true", help="mend it")] if fix else []))
    if fix and args.fix:
        fix(args.tree)
        args.tree.changed()
    sys.exit(report(check(args.tree)))
