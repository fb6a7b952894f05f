"""Every struct of abi/*.h has a static_assert(is_wire<It>): no hidden padding, as all its bytes are hashed."""

import re

from tree import Problem, main

COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/", re.S)
STRUCT = re.compile(r"^\s*struct\s+(?:__attribute__\(\(.*?\)\)\s*)?(\w+)\s*\{", re.M)
ASSERTS = re.compile(r"\bstatic_assert\(([^;]*)\);", re.S)


def blank(match):
    return re.sub(r"[^\n]", " ", match[0])


def check(tree):
    headers = [h for h in tree.matching((".h",)) if h.startswith("abi/")]
    texts = {h: COMMENT.sub(blank, tree.text(h)) for h in headers}
    asserted = set()
    for text in texts.values():
        for condition in ASSERTS.findall(text):
            asserted.update(re.findall(r"is_wire<(\w+)>", condition))
    problems = []
    for header, text in texts.items():
        for match in STRUCT.finditer(text):
            if match[1] not in asserted:
                line = text.count("\n", 0, match.start(1)) + 1
                problems.append(Problem(header, line, f"struct {match[1]} lacks static_assert(is_wire<{match[1]}>)"))
    return problems


if __name__ == "__main__":
    main(__doc__, check)
