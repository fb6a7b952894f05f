import unittest

import wire
from planted import PlantedTree


class Wire(PlantedTree):
    def test_asserted_structs_are_clean(self):
        self.write("abi/a.h", "struct A { int a; };\nstruct B { int b; };\nstatic_assert(is_wire<A> && is_wire<B>);\n")
        self.clean(wire.check(self.tree()))

    def test_a_struct_without_assertion_is_named_with_its_line(self):
        self.write("abi/a.h", "// static_assert(is_wire<A>);\n\nstruct A {\n int a;\n};\n")
        self.found(wire.check(self.tree()), "abi/a.h:3: struct A lacks static_assert(is_wire<A>)")


if __name__ == "__main__":
    unittest.main()
