import json
import unittest

import headers
from planted import PlantedTree


class Headers(PlantedTree):
    def setUp(self):
        super().setUp()
        self.write("build/dev/bpf/flags.txt", f"-x c++ -std=c++20 -target bpf -Wall -Werror -I{self.root}\n")
        self.write(".gitignore", "/build/\n")
        defines = r"""'-DNAME="a b"'"""
        words = f"ccache clang++-19 {defines} -I{self.root}/src -fsanitize=address -o a.o -c src/base/a.cpp"
        entry = {"directory": str(self.root), "file": "src/base/a.cpp", "command": words}
        self.write("build/dev/compile_commands.json", json.dumps([entry]))
        self.write("src/base/a.cpp", "")

    def problems(self):
        return headers.check(self.tree())

    def test_headers_that_stand_alone_are_clean(self):
        self.write("src/base/a.h", "#pragma once\n#include <string>\ninline std::string f() { return NAME; }\n")
        self.write("abi/b.h", "#pragma once\nstruct B { int b; };\n")
        self.write("bpf/lib/c.h", '#pragma once\n#include "abi/b.h"\ninline int c(B b) { return b.b; }\n')
        self.clean(self.problems())

    def test_a_header_that_needs_another_include_is_found(self):
        self.write("src/base/a.h", "#pragma once\nstd::string f();\n")
        self.found(self.problems(), "src/base/a.h: does not compile alone for user space: src/base/a.h:2:")

    def test_abi_must_compile_for_bpf_too(self):
        self.write("abi/b.h", "#ifdef __bpf__\n#error no\n#endif\n")
        self.found(self.problems(), "does not compile alone for BPF")

    def test_what_a_source_includes_first_is_left_to_the_build(self):
        self.write("src/base/a.h", "#pragma once\nstd::string f();\n")
        self.write("src/base/a.cpp", '// A comment.\n#include "base/a.h"\n')
        self.clean(self.problems())
        self.write("src/base/a.cpp", '#include <string>\n#include "base/a.h"\n')
        self.found(self.problems(), "src/base/a.h: does not compile alone")

    def test_what_passed_is_remembered_until_an_include_changes(self):
        self.write("src/base/a.h", '#pragma once\n#include "base/b.h"\nB f();\n')
        self.write("src/base/b.h", "struct B {};\n")
        self.clean(self.problems())
        remembered = (self.root / "build/dev/check/headers.json").stat().st_size
        self.write("src/base/b.h", "struct C {};\n")
        self.found(self.problems(), "src/base/a.h: does not compile alone")
        self.assertLess((self.root / "build/dev/check/headers.json").stat().st_size, remembered)


if __name__ == "__main__":
    unittest.main()
