"""The checks over the tree: `make check`. --slow: those that take minutes when nothing is remembered, instead of those
that take seconds. --fix mends first what can be mended: `make fix`.

Needs a configured build directory with the datapath built (headers, tidy and the BTF guard look there).
"""

import sys
import time

import budgets
import btf_guard
import formatting
import headers
import include_table
import licenses
import reference_pages
import tidy
import wire
import words
from tree import arguments, report

# The quick ones first.
CHECKS = [include_table, wire, reference_pages, licenses, words, budgets, btf_guard, formatting]
# Minutes when cold; what passed is remembered.
SLOW = [headers, tidy]


def run(args):
    if args.fix:
        for check in CHECKS:
            if hasattr(check, "fix"):
                check.fix(args.tree)
                args.tree.changed()
    failed = 0
    for check in SLOW if args.slow else CHECKS:
        if args.fix and not hasattr(check, "fix"):
            continue
        begin = time.monotonic()
        problems = check.check(args.tree)
        verdict = f"{len(problems)} to mend" if problems else "ok"
        print(f"check {check.__name__:<16} {verdict:<12} {time.monotonic() - begin:5.1f} s", flush=True)
        failed += report(problems)
    return failed


if __name__ == "__main__":
    def options(parser):
        parser.add_argument("--fix", action="store_true")
        parser.add_argument("--slow", action="store_true")

    sys.exit(1 if run(arguments(__doc__, options)) else 0)
