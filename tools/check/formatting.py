"""C++ is formatted as .clang-format says. --fix formats it."""

import subprocess

from tree import CPP, Passed, Problem, main

CLANG_FORMAT = "clang-format-19"


def first_line(stderr, path):
    """Line of the first difference clang-format names."""
    for line in stderr.splitlines():
        words = line.split(":")
        if len(words) > 2 and words[0].endswith(path) and words[1].isdigit():
            return int(words[1])
    return 0


def check(tree):
    style = tree.text(".clang-format")
    keys = {path: tree.fingerprint_alone(path, style) for path in tree.matching(CPP)}

    def work(path):
        command = [CLANG_FORMAT, "--dry-run", "-Werror", path]
        done = subprocess.run(command, capture_output=True, text=True, cwd=tree.root)
        return [Problem(path, first_line(done.stderr, path), "is not formatted; `make fix`")] if done.returncode else []

    return Passed(tree, "format").run(keys, work)


def fix(tree):
    files = tree.matching(CPP)
    if files:
        subprocess.run([CLANG_FORMAT, "-i", *files], cwd=tree.root, check=True)


if __name__ == "__main__":
    main(__doc__, check, fix)
