"""Every header is self-contained: it compiles alone, with the flags of its module. abi/ also compiles for BPF.

A header that a source of the build includes before anything else is not compiled here: the build proves it. What passed is remembered by content in <build>/check, so a second run compiles only what changed.
"""

import re
import subprocess

from tree import Passed, Problem, bpf_flags, compile_flags, main

CLANG = "clang-19"
FIRST_INCLUDE = re.compile(r'^\s*#\s*include\s+[<"]([^>"]+)[>"]', re.MULTILINE)


def proven(tree, sources):
    """Headers that the build compiles alone: each the first include of one of its sources."""
    headers = set()
    for path, flags in sources.items():
        file = tree.root / path
        include = FIRST_INCLUDE.search(file.read_text()) if file.is_file() else None
        for folder in (flag[2:] for flag in flags if flag.startswith("-I") and include):
            found = (tree.root / folder / include[1]).resolve()
            if found.is_file() and found.is_relative_to(tree.root):
                headers.add(str(found.relative_to(tree.root)))
    return headers


class Flags:
    def __init__(self, tree):
        self._sources = compile_flags(tree)
        self._proven = proven(tree, self._sources)
        self._bpf = bpf_flags(tree)
        root = tree.root
        self._plain = ["-std=gnu++23", f"-I{root}", f"-I{root}/src", "-Wall", "-Wextra", "-Werror"]

    def user(self, path):
        """Flags of the nearest source in the header's folder or above; of a bare C++ file if there is none."""
        folder = path
        while "/" in folder:
            folder = folder.rsplit("/", 1)[0]
            near = [s for s in self._sources if s.startswith(folder + "/")]
            if near:
                return ["-x", "c++", *self._sources[min(near)]]
        return ["-x", "c++", *self._plain]

    def of(self, path):
        """[(target, flags)] for the header."""
        if path.startswith("bpf/"):
            return [("BPF", self._bpf)]
        ways = [] if path in self._proven else [("user space", self.user(path))]
        if path.startswith("abi/"):
            ways.append(("BPF", self._bpf))
        return ways


def compile_alone(tree, path, flags):
    """The compiler's first error, None if it compiles."""
    command = [CLANG, *flags, "-fsyntax-only", "-Wno-unused-command-line-argument", "-include", str(tree.root / path),
               "/dev/null"]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode == 0:
        return None
    errors = [line for line in done.stderr.splitlines() if "error:" in line]
    return (errors or done.stderr.splitlines() or ["the compiler failed"])[0].replace(f"{tree.root}/", "")


def check(tree):
    flags = Flags(tree)
    headers = tree.matching((".h",))
    keys = {path: tree.fingerprint(path, flags.of(path)) for path in headers}

    def work(path):
        problems = []
        for target, words in flags.of(path):
            error = compile_alone(tree, path, words)
            if error:
                problems.append(Problem(path, 0, f"does not compile alone for {target}: {error}"))
        return problems

    return Passed(tree, "headers").run(keys, work)


if __name__ == "__main__":
    main(__doc__, check)
