"""What may not stand in the tree: paths of the machine it was written on, notes of unfinished work, conflict marks."""

import re
from pathlib import Path

from tree import Problem, main

UNFINISHED = re.compile(r"\b(" + "|".join(("TO" + "DO", "FIX" + "ME", "X" + "XX")) + r")\b")
CONFLICT = re.compile(r"^(<{7} |>{7} |={7}$)")
HOMES = re.compile(r"(?<![\w.~/-])/(home|Users)/\w[\w.-]*/|(?<![\w.~/-])/ro" + r"ot/\w")
# Folders a checkout may lie in that the tree has reasons to name.
COMMON = {"/", "/tmp", "/var/tmp", "/home", "/root", "/opt", "/srv", "/usr/src", "/usr/local/src", "/mnt", "/src"}
BINARY = (".png", ".ico", ".woff2", ".pcap")


def machine_paths(root):
    """The checkout's own path, and its folder's, where those are telling."""
    paths = [str(p) for p in (root, root.parent) if str(p) not in COMMON]
    return re.compile("|".join(rf"(?<![\w.~/-]){re.escape(p)}(?![\w-])" for p in paths)) if paths else None


def check(tree):
    own = machine_paths(Path(tree.root))
    problems = []
    for path in tree.files:
        if path.endswith(BINARY):
            continue
        for line, text in enumerate(tree.text(path).splitlines(), 1):
            if UNFINISHED.search(text):
                problems.append(Problem(path, line, "a note of unfinished work: finish it, or say it in the issue"))
            if CONFLICT.match(text):
                problems.append(Problem(path, line, "a merge conflict's mark"))
            if HOMES.search(text) or (own and own.search(text)):
                problems.append(Problem(path, line, "a path of one machine"))
    return problems


if __name__ == "__main__":
    main(__doc__, check)
