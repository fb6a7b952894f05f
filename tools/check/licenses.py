"""Files of abi/ and bpf/ begin with their SPDX line, LICENSE and LICENSES/ are there. --fix adds the lines.

The kernel loads programs under a license compatible with the GPL only; what both sides of the border share must be
usable there too. Everything else is under LICENSE (Apache-2.0), said once in README.md.
"""

from tree import CPP, Problem, main

LINE = "// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause"
TEXTS = ("LICENSE", "LICENSES/BSD-2-Clause.txt", "LICENSES/GPL-2.0-only.txt")


def dual(tree):
    return [f for f in tree.matching(CPP) if f.startswith(("abi/", "bpf/"))]


def check(tree):
    problems = [Problem(t, 0, "is missing") for t in TEXTS if t not in tree.files]
    for path in dual(tree):
        if not tree.text(path).startswith(LINE + "\n"):
            problems.append(Problem(path, 1, f"does not begin with '{LINE}'; `make fix`"))
    return problems


def fix(tree):
    for path in dual(tree):
        text = tree.text(path)
        if not text.startswith(LINE + "\n"):
            (tree.root / path).write_text(LINE + "\n" + text)
    tree.changed()


if __name__ == "__main__":
    main(__doc__, check, fix)
