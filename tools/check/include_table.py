"""Who includes whom agrees with include_table.toml; so do CMake and ARCHITECTURE.md; and there are no cycles.

--fix writes the table into ARCHITECTURE.md.
"""

import re
import tomllib
from dataclasses import dataclass
from fnmatch import fnmatch

from tree import CPP, Problem, main

DATA = "tools/check/include_table.toml"
PAGE = "ARCHITECTURE.md"
BEGIN, END = "<!-- include table: begin -->", "<!-- include table: end -->"
# C++ standard headers have no dot and no slash; these are the C ones.
C_STANDARD = re.compile(r"(assert|ctype|errno|float|inttypes|limits|locale|math|setjmp|signal|stdarg|stddef|stdint"
                        r"|stdio|stdlib|string|time|wchar)\.h$")
MODULE_CALL = re.compile(r"beeline_module\(\s*(\S+)([^)]*)\)")


@dataclass
class Module:
    path: str
    may: list
    libraries: list
    shut: bool = False
    why: str = ""


@dataclass
class Include:
    path: str  # the file that includes
    line: int
    name: str

    def problem(self, text):
        return Problem(self.path, self.line, text)


class Table:
    def __init__(self, text):
        data = tomllib.loads(text)
        self.modules = {m["path"]: Module(**m) for m in data["module"]}
        self.library = data["library"]
        self.test = data["unit_test"]

    def is_test(self, path):
        return any(fnmatch(path, pattern) for pattern in self.test["files"])

    def module_of(self, path):
        owners = [m for m in self.modules if path.startswith(m + "/")]
        return self.modules[max(owners, key=len)] if owners else None

    def library_of(self, header):
        for name, prefixes in self.library.items():
            if any(header == p or (p.endswith("/") and header.startswith(p)) or header.startswith(p + "/")
                   or header == p + ".hpp" for p in prefixes):
                return name
        if "/" not in header and ("." not in header or C_STANDARD.match(header)):
            return "std"
        return None


def cmake_target(path):
    """Module path -> target: src/source/file -> bl_source_file."""
    return "bl_" + path.removeprefix("src/").replace("/", "_")


def cmake_words(text):
    """{'DEPS': [...], 'TEST_DEPS': [...]} of the folder's beeline_module() call."""
    call = MODULE_CALL.search(re.sub(r"#.*", "", text))
    words = {"DEPS": [], "TEST_DEPS": []}
    current = None
    for word in call[2].split() if call else []:
        if word in words:
            current = word
        elif current:
            words[current].append(word)
    return words if call else None


def cmake_of(tree, module):
    path = module.path + "/CMakeLists.txt"
    return cmake_words(tree.text(path)) if path in tree.files else None


def check_cmake(tree, table):
    """The project's targets in DEPS are exactly the modules the table allows that have a target."""
    for module in table.modules.values():
        words = cmake_of(tree, module)
        if words is None or "*" in module.may:
            continue
        path = module.path + "/CMakeLists.txt"
        wanted = {cmake_target(m) for m in module.may if m.startswith(("src/", "ebpf"))}
        given = {w for w in words["DEPS"] if w.startswith("bl_")} - {"bl_datapath", "bl_socket_end", "bl_version"}
        for extra in sorted(given - wanted):
            yield Problem(path, 0, f"DEPS has {extra}, which {DATA} does not allow {module.path}")
        for missing in sorted(wanted - given):
            yield Problem(path, 0, f"DEPS lacks {missing}, which {DATA} gives {module.path}")


def allowed(tree, table, path, module):
    """(modules, libraries) that this file may include."""
    may, libraries = {module.path, *module.may}, set(module.libraries)
    if table.is_test(path):
        words = cmake_of(tree, module) or {"TEST_DEPS": []}
        may |= {m for m in table.modules if cmake_target(m) in words["TEST_DEPS"]}
        libraries |= set(table.test["libraries"])
        if module.path.startswith("bpf/"):
            may |= {"bpf/rt", "bpf/lib", "src/base"}
    return may, libraries


def check_quoted(tree, table, include):
    module, name = table.module_of(include.path), include.name
    may, libraries = allowed(tree, table, include.path, module)
    target = tree.resolve(name)
    if target is None:
        library = None if "/" in name else table.library_of(name)
        if library is None:
            return include.problem(f'"{name}" is no file of the tree (names are relative to its root or to src/)')
        if library not in libraries and "*" not in libraries:
            return include.problem(f'{module.path} may not use {library} ("{name}"); see {DATA}')
        return None
    owner = table.module_of(target)
    if owner is None:
        return include.problem(f"{target} belongs to no module of {DATA}")
    if owner.path not in may and "*" not in may:
        return include.problem(f"{module.path} may not include {owner.path} ({target}); see {DATA}")
    if owner is module and module.shut and target.split(".")[0] != include.path.split(".")[0]:
        return include.problem(f"files of {module.path} may not include each other ({target}); see {DATA}")
    return None


def check_angled(tree, table, include):
    module = table.module_of(include.path)
    _, libraries = allowed(tree, table, include.path, module)
    library = table.library_of(include.name)
    if "*" in libraries or library in libraries:
        return None
    if library is None:
        return include.problem(f"<{include.name}> belongs to no library of {DATA}; add it there, or do without")
    return include.problem(f"{module.path} may not use {library} (<{include.name}>); see {DATA}")


def check_includes(tree, table):
    for path in tree.matching(CPP):
        if table.module_of(path) is None:
            yield Problem(path, 0, f"belongs to no module of {DATA}")
            continue
        for line, quoted, name in tree.includes(path):
            problem = (check_quoted if quoted else check_angled)(tree, table, Include(path, line, name))
            if problem:
                yield problem


def cycles(edges):
    """One list of nodes for each cycle met; edges: {node: [node]}."""
    state, stack, found = {}, [], []

    def visit(node):
        state[node] = "open"
        stack.append(node)
        for following in edges.get(node, ()):
            if state.get(following) == "open":
                found.append(stack[stack.index(following):] + [following])
            elif following not in state:
                visit(following)
        stack.pop()
        state[node] = "done"

    for node in sorted(edges):
        if node not in state:
            visit(node)
    return found


def check_cycles(tree, table):
    files, modules = {}, {}
    for path in tree.matching(CPP):
        files[path] = [t for t in (tree.resolve(n) for _, _, n in tree.includes(path)) if t]
        owner = table.module_of(path)
        if owner is None or table.is_test(path):
            continue
        others = {table.module_of(t).path for t in files[path] if table.module_of(t)} - {owner.path}
        modules.setdefault(owner.path, set()).update(others)
    for cycle in cycles(files):
        yield Problem(cycle[0], 0, "include cycle: " + " -> ".join(cycle))
    for cycle in cycles({m: sorted(t) for m, t in modules.items()}):
        yield Problem(DATA, 0, "modules include each other: " + " -> ".join(cycle))


def markdown(table):
    """The rows of ARCHITECTURE.md's table."""
    def words(names, empty):
        return "everything" if "*" in names else ", ".join(n.removeprefix("src/") for n in names) or empty

    rows = ["| module | may include | libraries | why |", "|---|---|---|---|"]
    for m in table.modules.values():
        rows.append(f"| `{m.path}` | {words(m.may, 'nothing')} | {words(m.libraries, 'none')} | {m.why} |")
    return "\n".join(rows)


def with_table(page, table):
    head, rest = page.split(BEGIN)
    return head + BEGIN + "\n" + markdown(table) + "\n" + END + rest.split(END)[1]


def check_page(tree, table):
    if PAGE not in tree.files:
        yield Problem(PAGE, 0, "is missing")
        return
    page = tree.text(PAGE)
    if BEGIN not in page or END not in page:
        yield Problem(PAGE, 0, f"lacks the markers '{BEGIN}' and '{END}'")
    elif with_table(page, table) != page:
        yield Problem(PAGE, page[: page.index(BEGIN)].count("\n") + 1, f"the table differs from {DATA}; `make fix`")


def check(tree):
    table = Table(tree.text(DATA))
    problems = []
    for part in (check_includes, check_cmake, check_cycles, check_page):
        problems += part(tree, table)
    return problems


def fix(tree):
    page = tree.root / PAGE
    if page.exists():
        page.write_text(with_table(page.read_text(), Table(tree.text(DATA))))


if __name__ == "__main__":
    main(__doc__, check, fix)
