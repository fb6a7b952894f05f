"""clang-tidy over the sources of the build, with the checks of .clang-tidy. Unit tests are left to the compiler.

What passed is remembered by content (file, headers of the tree, flags, .clang-tidy) in <build>/check, so a second
run reads only what changed. Most of the time goes into the headers of libraries; so what is to be read is read in
units: a file that includes several sources of equal flags. A source that does not compile beside the others (two
helpers of one name) goes into another unit.
"""

import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tree import Passed, Problem, bpf_flags, compile_flags, main, parallel

CLANG, CLANG_TIDY = "clang-19", "clang-tidy-19"
UNIT = 12  # sources at most
FINDING = re.compile(r"(?P<path>/[^:\s]+):(?P<line>\d+):\d+: (?:error|warning): (?P<text>.*)")
NO_CODE = "[clang-diagnostic-error"  # the compiler's word, not a check's
# Flags clang-tidy's own compiler has no use for, or that only slow it down; warnings are the build's business.
UNUSED = re.compile(r"-(g.*|O.*|W.*|f(function|data)-sections|M.*)$")


@dataclass
class Unit:
    sources: list  # absolute paths
    flags: list
    file: Path  # what includes them

    def write(self):
        self.file.parent.mkdir(parents=True, exist_ok=True)
        self.file.write_text("".join(f'#include "{source}"\n' for source in self.sources))


def sources(tree):
    """{source: flags} of everything to read: the compile database, and the programs of the datapath."""
    every = {path: flags for path, flags in compile_flags(tree).items() if path in tree.files}
    every |= {path: bpf_flags(tree) for path in tree.matching((".bpf.cpp",))}
    return {path: [f for f in flags if not UNUSED.match(f)] + ["-w"] for path, flags in every.items()
            if not path.endswith("_test.cpp")}


def strangers(unit):
    """Those sources of the unit that do not compile beside the ones before them."""
    done = subprocess.run([CLANG, *unit.flags, "-fsyntax-only", "-ferror-limit=0", str(unit.file)],
                          capture_output=True, text=True)
    if done.returncode == 0:
        return []
    named = {m["path"] for m in map(FINDING.match, done.stderr.splitlines()) if m}
    found = [s for s in unit.sources if s in named]
    return found if 0 < len(found) < len(unit.sources) else unit.sources[1:]


def settle(unit):
    """[Unit] of the unit's sources, each of which compiles, or has one source."""
    units, waiting = [], unit.sources
    while waiting:
        file = unit.file.with_suffix(f".{len(units)}.cpp")
        now, waiting = Unit(waiting, unit.flags, file), []
        while True:
            now.write()
            out = strangers(now) if len(now.sources) > 1 else []
            if not out:
                break
            waiting += out
            now = Unit([s for s in now.sources if s not in out], now.flags, now.file)
        units.append(now)
    return units


def plan(tree, every, stale):
    """[Unit] for the stale sources, those of one folder and equal flags together."""
    groups = {}
    for path in stale:
        groups.setdefault((os.path.dirname(path), *every[path]), []).append(str(tree.root / path))
    units = []
    for (_, *flags), members in groups.items():
        for start in range(0, len(members), UNIT):
            file = tree.build / "check" / "tidy" / f"{len(units)}.cpp"
            units.append(Unit(members[start:start + UNIT], flags, file))
    return units


def findings(tree, unit):
    """[Problem] of one unit; what has no place in the tree stands under its first source."""
    command = [CLANG_TIDY, "--quiet", f"--config-file={tree.root}/.clang-tidy", str(unit.file), "--", *unit.flags]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tree.root)
    if done.returncode == 0:
        return []
    problems = []
    for match in filter(None, map(FINDING.match, (done.stdout + done.stderr).splitlines())):
        problems.append(Problem(os.path.relpath(match["path"], tree.root), int(match["line"]), match["text"]))
    first = os.path.relpath(unit.sources[0], tree.root)
    words = (done.stderr.strip().splitlines() or ["without a word"])[-1]
    return problems or [Problem(first, 0, f"clang-tidy failed: {words}")]


def check(tree):
    every = sources(tree)
    config = tree.text(".clang-tidy")
    keys = {path: tree.fingerprint(path, flags, config) for path, flags in every.items()}
    passed = Passed(tree, "tidy")
    failed, problems = set(passed.stale(keys)), {}

    def note(unit, found):
        problems.update({str(p): p for p in found})  # a header's finding comes with each unit that includes it
        if not found:
            failed.difference_update(os.path.relpath(s, tree.root) for s in unit.sources)

    def read(unit):
        unit.write()
        found = findings(tree, unit)
        if len(unit.sources) == 1 or not any(NO_CODE in p.text for p in found):
            return note(unit, found)
        for part in settle(unit):
            note(part, findings(tree, part))

    try:
        parallel(read, plan(tree, every, passed.stale(keys)))
    finally:
        passed.keep(keys, failed)
    return sorted(problems.values(), key=str)


if __name__ == "__main__":
    main(__doc__, check)
