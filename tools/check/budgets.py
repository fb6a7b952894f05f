"""Budgets: what a reader can hold at once. Numbers below; exemptions, each with its reason, in budget_exemptions.txt.

A line there: `path[:function]  budget  number  reason in words`. One that is no longer needed, or allows more than
is used, is an error too: the file shrinks with the code.
"""

import ast

from cpp_functions import functions
from tree import CPP, Problem, main

EXEMPTIONS = "tools/check/budget_exemptions.txt"
CODE = (*CPP, ".py", ".sh", ".cmake", "CMakeLists.txt", "Makefile")
LIMITS = {"file": 400, "lines": 40, "entry": 60, "test": 80, "parameters": 4, "nesting": 3}
SAYS = {
    "file": "is {0} lines long; a file holds one concept in at most {1}",
    "lines": "is {0} lines long; a function has at most {1}",
    "entry": "is {0} lines long; a BPF program has at most {1}: its entry is a table of contents",
    "test": "is {0} lines long; a test with its rows has at most {1}",
    "parameters": "has {0} parameters; at most {1}: what belongs together is a struct",
    "nesting": "nests {0} deep; at most {1}: return early, or name the inner part",
}
PY_NESTING = (ast.If, ast.For, ast.While, ast.With, ast.Try)


def measure_cpp(text):
    """[(function, line, budget, value)]"""
    for f in functions(text):
        yield f.name, f.line, "entry" if f.section else "test" if "." in f.name else "lines", f.lines
        yield f.name, f.line, "parameters", f.parameters
        yield f.name, f.line, "nesting", f.nesting


def py_nesting(node, depth=0):
    deepest = depth
    for child in ast.iter_child_nodes(node):
        chained = isinstance(node, ast.If) and isinstance(child, ast.If) and child in node.orelse
        deeper = isinstance(child, PY_NESTING) and not chained
        if not isinstance(child, (ast.FunctionDef, ast.Lambda)):
            deepest = max(deepest, py_nesting(child, depth + deeper))
    return deepest


def measure_python(text):
    for f in ast.walk(ast.parse(text)):
        if isinstance(f, ast.FunctionDef):
            arguments = [a.arg for a in f.args.args if a.arg != "self"]
            yield f.name, f.lineno, "lines", f.end_lineno - f.lineno + 1
            yield f.name, f.lineno, "nesting", py_nesting(f)
            yield f.name, f.lineno, "parameters", len(arguments)


def rows_of(path, text):
    if path.endswith(CPP):
        yield from measure_cpp(text)
    elif path.endswith(".py"):
        try:
            yield from measure_python(text)
        except SyntaxError as error:
            raise SystemExit(f"{path}:{error.lineno}: {error.msg}")


def measure(tree):
    """[(path, function or '', line, budget, value)] of the whole tree."""
    for path in tree.matching(CODE):
        text = tree.text(path)
        yield path, "", 0, "file", text.count("\n")
        for name, line, budget, value in rows_of(path, text):
            yield path, name, line, budget, value


def exemptions(tree):
    """({(path, function, budget): (number, line)}, [Problem])"""
    allowed, problems = {}, []
    text = tree.text(EXEMPTIONS) if EXEMPTIONS in tree.files else ""
    for line, row in enumerate(text.splitlines(), 1):
        if not row.strip() or row.startswith("#"):
            continue
        words = row.split(None, 3)
        if len(words) < 4 or words[1] not in LIMITS or not words[2].isdigit():
            problems.append(Problem(EXEMPTIONS, line, "is not `path[:function]  budget  number  reason`"))
            continue
        path, _, function = words[0].partition(":")
        allowed[path, function, words[1]] = (int(words[2]), line)
    return allowed, problems


def check(tree):
    allowed, problems = exemptions(tree)
    used = {}
    for path, name, line, budget, value in measure(tree):
        limit = LIMITS[budget]
        key = (path, name, budget)
        if value <= limit:
            continue
        used[key] = max(value, used.get(key, 0))
        most = allowed.get(key, (limit, 0))[0]
        if value > most:
            subject = f"{name}() " if name else ""
            problems.append(Problem(path, line, subject + SAYS[budget].format(value, most)))
    for key, (number, line) in allowed.items():
        if key not in used:
            problems.append(Problem(EXEMPTIONS, line, "is not needed any more; take it out"))
        elif used[key] < number:
            problems.append(Problem(EXEMPTIONS, line, f"allows {number} where {used[key]} is used; lower it"))
    return problems


if __name__ == "__main__":
    main(__doc__, check)
