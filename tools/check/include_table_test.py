import unittest

import include_table
from planted import PlantedTree

DATA = """
[library]
std = []
libbpf = ["bpf/"]
[[module]]
path = "src/base"
may = []
libraries = ["std"]
[[module]]
path = "src/model"
may = ["src/base"]
libraries = ["std"]
[[module]]
path = "bpf/hooks"
may = []
libraries = []
shut = true
[unit_test]
files = ["*_test.cpp"]
libraries = []
"""


class IncludeTable(PlantedTree):
    def setUp(self):
        super().setUp()
        self.write("tools/check/include_table.toml", DATA)
        self.write("src/base/a.h", "#pragma once\n#include <vector>\n")
        self.write("src/base/CMakeLists.txt", "beeline_module(base DEPS fmt::fmt)\n")
        self.write("src/model/CMakeLists.txt", "beeline_module(model DEPS bl_base)\n")
        self.write("src/model/m.h", '#include "base/a.h"\n')
        page = f"{include_table.BEGIN}\n{include_table.END}\n"
        self.write("ARCHITECTURE.md", include_table.with_table(page, include_table.Table(DATA)))

    def problems(self):
        return include_table.check(self.tree())

    def test_a_tree_that_keeps_the_table_is_clean(self):
        self.clean(self.problems())

    def test_an_include_up_the_flow_is_named_with_its_line(self):
        self.write("ebpf/e.h", "")
        self.write("tools/check/include_table.toml", DATA + '[[module]]\npath = "ebpf"\nmay = []\nlibraries = []\n')
        self.write("src/base/b.h", '#pragma once\n#include "ebpf/e.h"\n')
        self.assertIn("src/base/b.h:2: src/base may not include ebpf", str(self.problems()[0]))

    def test_a_library_that_is_not_granted_is_refused(self):
        self.write("src/model/n.h", "#include <bpf/libbpf.h>\n")
        self.found(self.problems(), "may not use libbpf")

    def test_an_unknown_library_is_refused(self):
        self.write("src/model/n.h", "#include <openssl/ssl.h>\n")
        self.found(self.problems(), "belongs to no library")

    def test_a_file_that_does_not_exist_is_refused(self):
        self.write("src/model/n.h", '#include "base/gone.h"\n')
        self.found(self.problems(), "is no file of the tree")

    def test_a_file_outside_every_module_is_refused(self):
        self.write("src/extra/n.h", "")
        self.found(self.problems(), "belongs to no module")

    def test_hooks_do_not_include_each_other(self):
        self.write("bpf/hooks/one.h", "")
        self.write("bpf/hooks/two.bpf.cpp", '#include "bpf/hooks/one.h"\n')
        self.found(self.problems(), "may not include each other")

    def test_a_cycle_between_files_is_found(self):
        self.write("src/model/x.h", '#include "model/y.h"\n')
        self.write("src/model/y.h", '#include "model/x.h"\n')
        self.found(self.problems(), "include cycle: src/model/x.h -> src/model/y.h -> src/model/x.h")

    def test_a_cycle_between_modules_is_found(self):
        self.assertEqual(include_table.cycles({"a": ["b"], "b": ["c"], "c": ["a"]}), [["a", "b", "c", "a"]])

    def test_cmake_with_more_than_the_table_is_refused(self):
        self.write("src/base/CMakeLists.txt", "beeline_module(base DEPS bl_model)\n")
        self.found(self.problems(), "DEPS has bl_model")

    def test_cmake_with_less_than_the_table_is_refused(self):
        self.write("src/model/CMakeLists.txt", "beeline_module(model DEPS fmt::fmt)\n")
        self.found(self.problems(), "DEPS lacks bl_base")

    def test_a_test_may_include_its_test_deps_only(self):
        self.write("src/base/a_test.cpp", '#include "model/m.h"\n')
        self.found(self.problems(), "may not include src/model")
        self.write("src/base/CMakeLists.txt", "beeline_module(base DEPS fmt::fmt TEST_DEPS bl_model)\n")
        self.clean(self.problems())

    def test_a_page_that_says_otherwise_is_refused(self):
        page = (self.root / "ARCHITECTURE.md").read_text()
        self.write("ARCHITECTURE.md", page.replace("| base |", "| base, store |"))
        self.found(self.problems(), "the table differs")


if __name__ == "__main__":
    unittest.main()
