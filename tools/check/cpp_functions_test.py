"""The reader against C++ as it is written: (sentence, text, [(name, line, lines, parameters, nesting)])."""

import unittest

from cpp_functions import functions

ROWS = [
    ("a plain function", "int f(int a, int b) {\n return a;\n}\n", [("f", 1, 3, 2, 0)]),
    ("no parameters", "int f(void) { return 1; }\nint g() { return 1; }", [("f", 1, 1, 0, 0), ("g", 2, 1, 0, 0)]),
    ("nested control", "void f() {\n for (;;) {\n  if (x) {\n   while (y) z();\n  }\n }\n}", [("f", 1, 7, 0, 3)]),
    ("else if is one decision", "void f() { if (a) x(); else if (b) y(); else if (c) z(); else w(); }",
     [("f", 1, 1, 0, 1)]),
    ("a plain block and a switch", "void f() { { switch (a) { case 1: { g(); } default: if (b) c(); } } }",
     [("f", 1, 1, 0, 2)]),
    ("do and try", "void f() { do { try { g(); } catch (int e) { if (e) h(); } } while (x); if (a) b(); }",
     [("f", 1, 1, 0, 3)]),
    ("templates in parameters", "template <class A, class B>\nvoid f(std::map<A, B> m, int (*g)(int, int)) { }",
     [("f", 2, 1, 2, 0)]),
    ("methods and nested namespaces", "namespace a::b {\nstruct S {\n int f() const { return 1; }\n int x = 1;\n};\n}",
     [("f", 3, 1, 0, 0)]),
    ("a constructor's initializers", "X::X(int a) : a_{a}, b_(a), c_{} {\n if (a) b();\n}", [("X", 1, 3, 1, 1)]),
    ("trailing return type", "auto f(int a) -> std::vector<int> {\n return {a};\n}", [("f", 1, 3, 1, 0)]),
    ("operators", "bool operator==(const A& a, const B& b) { return 1; }\nstruct S { int operator()(int a) { return a; } };",
     [("operator==", 1, 1, 2, 0), ("operator()", 2, 1, 1, 0)]),
    ("initializers are no functions", "constexpr int a[] = {1, 2};\nT x{1, {2}};\nenum class E { a, b };\nint f() { T y{2}; return 1; }",
     [("f", 4, 1, 0, 0)]),
    ("strings, comments and raw strings", 'int f() { g("{ if (", \'{\', R"x({{{ )" )x"); /* { */ // {\n}',
     [("f", 1, 2, 0, 0)]),
    ("directives and macros", "#define F(x) \\\n void x() { if (1) { } }\n#include <a>\nint f() {\n#if A\n g();\n#endif\n}",
     [("f", 4, 5, 0, 0)]),
    ("a lambda is a function of its own", "int f() {\n auto g = [&](int a, int b) mutable -> int {\n  if (a) return b;\n };\n}",
     [("f", 1, 5, 0, 0), ("lambda", 2, 3, 2, 1)]),
    ("a lambda at namespace scope and in a call",
     "const auto x = [] { return 1; };\nint f() { each(v, [](int i) { for (;;) i++; }); }",
     [("lambda", 1, 1, 0, 0), ("f", 2, 1, 0, 0), ("lambda", 2, 1, 1, 1)]),
    ("indexing is no lambda", "int f() { return a[i] + b()[2]; }", [("f", 1, 1, 0, 0)]),
    ("attributes", "[[nodiscard]] __attribute__((always_inline)) inline int f(int a) { return a; }", [("f", 1, 1, 1, 0)]),
    ("alignas and a struct", "struct alignas(8) S { int f(int a) { return a; } };", [("f", 1, 1, 1, 0)]),
    ("a local struct", "int f() { struct L { int g(int a) { if (a) return 1; return 2; } } l; return l.g(1); }",
     [("f", 1, 1, 0, 0), ("g", 1, 1, 1, 1)]),
    ("a statement expression", "int f() { return ({ if (a) b(); 1; }); }", [("f", 1, 1, 0, 1)]),
    ("a macro that loops", "int f() { bpf_for(i, 0, 10) { if (i) g(); } }", [("f", 1, 1, 0, 2)]),
    ("gtest's sentences", "TEST(Flow, AStampIsNeverZero) {\n EXPECT_NE(a, 0);\n}", [("Flow.AStampIsNeverZero", 1, 3, 0, 0)]),
    ("a program of the datapath", 'extern "C" {\nSEC("tcx/ingress") int bl_x(struct __sk_buff* skb) { return 0; }\n}',
     [("bl_x", 2, 1, 1, 0)]),
    ("digit separators", "int f() { return 1'000'000; }\nint g() { return 2; }", [("f", 1, 1, 0, 0), ("g", 2, 1, 0, 0)]),
    ("defaults and deletes", "struct S { S() = default; S(const S&) = delete; int f() { return 1; } };", [("f", 1, 1, 0, 0)]),
    ("a requires clause", "template <class T> requires (sizeof(T) > 4)\nint f(T a, T b) { return 1; }", [("f", 2, 1, 2, 0)]),
    ("macro calls before things", 'X(a)\nX(b)\nnamespace n {\nX(c)\ntemplate <class F>\nvoid f(F a, F b) { g(); }\nX(d)\nstruct S {\n'
     ' int h() { return 1; }\n};\n}\nX(e)\nextern "C" { X(f) int k(int a) { return a; } }',
     [("f", 6, 1, 2, 0), ("h", 9, 1, 0, 0), ("k", 13, 1, 1, 0)]),
    ("if with initializer, constexpr if", "int f() { if constexpr (A) { if (auto x = g(); x) return 1; } return 2; }",
     [("f", 1, 1, 0, 2)]),
]


class Functions(unittest.TestCase):
    def test_rows(self):
        for sentence, text, wanted in ROWS:
            with self.subTest(sentence):
                got = [(f.name, f.line, f.lines, f.parameters, f.nesting) for f in functions(text)]
                if "gtest" in sentence:
                    got = [(n, line, lines, 0, nest) for n, line, lines, _, nest in got]
                self.assertEqual(sorted(got), sorted(wanted))

    def test_a_program_of_the_datapath_is_recognised(self):
        self.assertTrue(functions('SEC("xdp") int f(void* c) { return 0; }')[0].section)


if __name__ == "__main__":
    unittest.main()
