import unittest

import budgets
from planted import PlantedTree

LONG = "int f() {\n" + " g();\n" * 45 + "}\n"


class Budgets(PlantedTree):
    def problems(self):
        return budgets.check(self.tree())

    def exempt(self, row):
        self.write("tools/check/budget_exemptions.txt", "# comment\n" + row + "\n")

    def test_small_things_are_clean(self):
        self.write("src/a.cpp", "int f(int a, int b, int c, int d) {\n return a;\n}\n")
        self.clean(self.problems())

    def test_a_long_function(self):
        self.write("src/a.cpp", LONG)
        self.found(self.problems(), "src/a.cpp:1: f() is 47 lines long; a function has at most 40")

    def test_a_bpf_program_has_a_budget_of_its_own(self):
        self.write("bpf/hooks/a.bpf.cpp", 'SEC("xdp") ' + LONG)
        self.clean(self.problems())
        self.write("bpf/hooks/a.bpf.cpp", 'SEC("xdp") ' + LONG.replace("}", " g();\n" * 20 + "}"))
        self.found(self.problems(), "a BPF program has at most 60")

    def test_a_test_with_its_rows_may_be_longer(self):
        self.write("src/a_test.cpp", LONG.replace("int f()", "TEST(A, b)"))
        self.clean(self.problems())
        self.write("src/a_test.cpp", LONG.replace("int f()", "TEST(A, b)").replace("}", " g();\n" * 40 + "}"))
        self.found(self.problems(), "A.b() is 87 lines long; a test with its rows has at most 80")

    def test_a_long_file(self):
        self.write("src/a.h", "int a;\n" * 401)
        self.found(self.problems(), "is 401 lines long; a file holds one concept")

    def test_too_many_parameters(self):
        self.write("src/a.cpp", "int f(int a, int b, int c, int d, int e) { return a; }")
        self.found(self.problems(), "has 5 parameters")

    def test_deep_nesting(self):
        self.write("src/a.cpp", "void f() { if (a) for (;;) while (b) if (c) d(); }")
        self.found(self.problems(), "nests 4 deep")

    def test_python_has_budgets_too(self):
        self.write("tools/a.py", "def f():\n" + " g()\n" * 45)
        self.found(self.problems(), "f() is 46 lines long")

    def test_an_exemption_holds(self):
        self.write("src/a.cpp", LONG)
        self.exempt("src/a.cpp:f lines 47 a table in code")
        self.clean(self.problems())

    def test_an_exemption_needs_a_reason(self):
        self.exempt("src/a.cpp:f lines 47")
        self.found(self.problems(), "is not `path[:function]")

    def test_an_exemption_that_is_not_needed_is_an_error(self):
        self.exempt("src/a.cpp:f lines 47 gone since")
        self.found(self.problems(), "is not needed any more")

    def test_an_exemption_that_is_too_generous_is_an_error(self):
        self.write("src/a.cpp", LONG)
        self.exempt("src/a.cpp:f lines 99 generous")
        self.found(self.problems(), "allows 99 where 47 is used")


if __name__ == "__main__":
    unittest.main()
