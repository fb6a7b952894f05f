import json
import unittest
from pathlib import Path

import tidy
from planted import PlantedTree

CONFIG = Path(__file__).resolve().parents[2] / ".clang-tidy"
GOOD = "#include <utility>\nvoid take(int&& a);\nvoid f(int a) { take(std::move(a)); }\n"
BAD = ("#include <string>\nvoid take(std::string&& a);\n"
       "void f(std::string a) {\n take(std::move(a));\n take(std::move(a));\n}\n")


class Tidy(PlantedTree):
    def setUp(self):
        super().setUp()
        self.write(".clang-tidy", CONFIG.read_text())
        self.write(".gitignore", "/build/\n")
        self.write("build/dev/bpf/flags.txt", "-x c++ -std=c++20 -target bpf -O2 -g\n")
        self.database("src/a.cpp", "src/a_test.cpp")

    def database(self, *names):
        words = f"clang++-19 -I{self.root} -std=gnu++23 -o x.o -c"
        entries = [{"directory": str(self.root), "file": name, "command": f"{words} {name}"} for name in names]
        self.write("build/dev/compile_commands.json", json.dumps(entries))

    def problems(self):
        return tidy.check(self.tree())

    def test_good_code_is_clean_and_tests_are_left_alone(self):
        self.write("src/a.cpp", GOOD)
        self.write("src/a_test.cpp", BAD)
        self.clean(self.problems())

    def test_a_use_after_move_is_found(self):
        self.write("src/a.cpp", BAD)
        self.found(self.problems(), "src/a.cpp:5: 'a' used after it was moved")

    def test_the_datapath_is_read_too(self):
        self.write("bpf/hooks/a.bpf.cpp", 'extern "C" int f(int a) { if (a == a) { return 1; } return 0; }\n')
        self.found(self.problems(), "bpf/hooks/a.bpf.cpp:1: both sides of operator are equivalent")

    def test_a_finding_in_a_header_is_told_once(self):
        self.write("src/a.h", "#pragma once\ninline int g(int a) { if (a == a) { return 1; } return 0; }\n")
        self.write("src/a.cpp", '#include "src/a.h"\n')
        self.write("src/b.cpp", '#include "src/a.h"\n')
        self.database("src/a.cpp", "src/b.cpp")
        self.found(self.problems(), "src/a.h:2:")

    def test_sources_that_do_not_compile_side_by_side_are_read_apart(self):
        self.write("src/a.cpp", "static int f() { return 1; }\nint g() { return f(); }\n")
        self.write("src/b.cpp", "static int f() { return 2; }\nint h(int a) { return a == a ? 1 : f(); }\n")
        self.database("src/a.cpp", "src/b.cpp")
        self.found(self.problems(), "src/b.cpp:2:")
        self.write("src/b.cpp", "int h(int a) { return a; }\n")
        self.clean(self.problems())

    def test_a_source_that_does_not_compile_is_no_success(self):
        self.write("src/a.cpp", "int f() { return unknown; }\n")
        self.found(self.problems(), "use of undeclared identifier")

    def test_what_passed_is_not_read_again(self):
        self.write("src/a.cpp", GOOD)
        self.clean(self.problems())
        units = self.root / "build/dev/check/tidy"
        for unit in units.iterdir():
            unit.unlink()
        self.clean(self.problems())
        self.assertEqual(list(units.iterdir()), [])


if __name__ == "__main__":
    unittest.main()
