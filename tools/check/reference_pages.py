"""docs/datapath/reasons.md and maps.md say what abi/drop_reason.h and abi/maps.h say. --fix writes them."""

import re

from tree import Problem, main

NOTE = "<!-- Written by tools/check/reference_pages.py from {0}; change that file and run `make fix`. -->\n"
# X(a, b, "c") of an X-macro list
ROW = re.compile(r'\bX\(((?:[^()"]|"[^"]*")*)\)')
CELL = re.compile(r'"[^"]*"|[^,\s"][^,"]*')
KINDS = {
    "Hash": "hash, preallocated",
    "LazyHash": "hash, memory as it fills",
    "LruHash": "LRU hash",
    "LpmTrie": "longest prefix match",
    "Array": "array, memory-mapped by the agent",
}


def block(text, macro):
    """The lines of `#define MACRO(X) ...`, continuations included."""
    start = text.index(f"#define {macro}(X)")
    end = re.compile(r"[^\\]\n").search(text, start).end()
    return text[start:end]


def rows(text, macro):
    body = block(text, macro).split("(X)", 1)[1]
    return [[cell.strip().strip('"') for cell in CELL.findall(m[1])] for m in ROW.finditer(body)]


def comment_after(text, macro):
    """The first // comment after the list, as one paragraph."""
    body = block(text, macro)
    rest = text[text.index(body) + len(body):]
    comment = re.search(r"^(//.*\n)+", rest, re.M)
    return " ".join(line[2:].strip() for line in comment[0].splitlines()) if comment else ""


def reasons(tree):
    source = "abi/drop_reason.h"
    text = tree.text(source)
    first = int(re.search(r"reason_first_drop = (\d+)", text)[1])
    every = sorted((int(code), name, words) for name, code, words in rows(text, "BEELINE_REASONS"))

    def table(some):
        head = "| code | name | meaning |\n|---|---|---|\n"
        return head + "".join(f"| {code} | `{name}` | {words} |\n" for code, name, words in some)

    return f"""{NOTE.format(source)}
# Reasons

What the datapath did with a packet, and why. The names stand in `beeline observe`, in `beeline flow list` and in the
metrics' `reason` label; the codes stand in the counters and events and are never reused.

## Drops

{table(r for r in every if r[0] >= first)}
## Not drops

{table(r for r in every if r[0] < first)}
## Review notes

* A new reason is one line of `{source}` with the next free code, a packet test that reaches it, and `make fix`.
* The text is for the person who runs the node: what happened and whose doing it is, no names of code.
"""


def sizes(tree):
    """{type: (bytes, header)} from the static_asserts of abi/."""
    found = {"u32": (4, "")}
    for header in tree.matching((".h",)):
        if header.startswith("abi/"):
            for name, size in re.findall(r"sizeof\((\w+)\) == (\d+)", tree.text(header)):
                found.setdefault(name, (int(size), header))
    return found


def constants(tree):
    """{name: number} of the plain constants of abi/."""
    found = {}
    for header in tree.matching((".h",)):
        if header.startswith("abi/"):
            for name, value in re.findall(r"constexpr u32 (\w+) = (\d+)(?:u|U)?;", tree.text(header)):
                found[name] = int(value)
    return found


def maps(tree):
    source = "abi/maps.h"
    text = tree.text(source)
    known, numbers = sizes(tree), constants(tree)

    def typed(name):
        size = known.get(name)
        return f"`{name}` ({size[0]} B)" if size else f"`{name}`"

    table = ""
    for name, kind, key, value, entries, writer in rows(text, "BEELINE_MAPS"):
        count = int(entries) if entries.isdigit() else numbers[entries]
        table += f"| `{name}` | {KINDS[kind]} | {typed(key)} | {typed(value)} | {count:,} | {writer} |\n"
    others = comment_after(text, "BEELINE_MAPS")
    version = re.search(r"layout_version = (\d+)", text)[1]
    return f"""{NOTE.format(source)}
# Maps

Layout version {version}; the version stands in the pins' path. `beeline map list` shows them with their ids and memory.

| map | kind | key | value | entries | writer |
|---|---|---|---|---|---|
{table}
{others}

## Review notes

* A new map is one line of `{source}`, a row type in `abi/`, and one file that fills it.
* A changed key or value is a new layout version: pinned maps of another version are not adopted.
* Rows that the agent rewrites under readers are guarded (`abi/row.h`, ADR 0002).
"""


PAGES = {"docs/datapath/reasons.md": reasons, "docs/datapath/maps.md": maps}


def check(tree):
    problems = []
    for page, make in PAGES.items():
        if page not in tree.files:
            problems.append(Problem(page, 0, "is missing; `make fix`"))
        elif tree.text(page) != make(tree):
            problems.append(Problem(page, 0, "does not say what its source in abi/ says; `make fix`"))
    return problems


def fix(tree):
    for page, make in PAGES.items():
        (tree.root / page).parent.mkdir(parents=True, exist_ok=True)
        (tree.root / page).write_text(make(tree))


if __name__ == "__main__":
    main(__doc__, check, fix)
