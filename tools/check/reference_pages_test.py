import unittest

import reference_pages
from planted import PlantedTree

REASONS = """
// X(name, code, text)
#define BEELINE_REASONS(X)             \\
    /* a comment */                    \\
    X(forwarded, 0, "went on, unseen") \\
    X(bad, 16, "too short (or long)")
constexpr u32 reason_first_drop = 16;
"""
MAPS = """
constexpr u32 layout_version = 3;
#define BEELINE_MAPS(X) X(bl_a, Hash, u32, A, a_rows, agent)
// Others: none,
// none at all.
constexpr u32 closing_entries = 1;
"""


class ReferencePages(PlantedTree):
    def setUp(self):
        super().setUp()
        self.write("abi/drop_reason.h", REASONS)
        self.write("abi/maps.h", MAPS)
        self.write("abi/a.h", "constexpr u32 a_rows = 4096;\nstatic_assert(is_wire<A> && sizeof(A) == 12);\n")
        for page, make in reference_pages.PAGES.items():
            self.write(page, make(self.tree()))

    def problems(self):
        return reference_pages.check(self.tree())

    def test_fresh_pages_are_clean_and_say_what_the_source_says(self):
        self.clean(self.problems())
        text = (self.root / "docs/datapath/reasons.md").read_text()
        self.assertIn("| 16 | `bad` | too short (or long) |", text)
        self.assertLess(text.index("`bad`"), text.index("`forwarded`"))
        text = (self.root / "docs/datapath/maps.md").read_text()
        self.assertIn("| `bl_a` | hash, preallocated | `u32` (4 B) | `A` (12 B) | 4,096 | agent |", text)
        self.assertIn("\nOthers: none, none at all.\n", text)

    def test_a_changed_reason_makes_the_page_stale(self):
        self.write("abi/drop_reason.h", REASONS.replace("too short", "too long"))
        self.found(self.problems(), "docs/datapath/reasons.md: does not say what its source")

    def test_a_changed_size_makes_the_map_page_stale(self):
        self.write("abi/a.h", "constexpr u32 a_rows = 4096;\nstatic_assert(is_wire<A> && sizeof(A) == 16);\n")
        self.found(self.problems(), "docs/datapath/maps.md: does not say")

    def test_a_missing_page_is_found(self):
        (self.root / "docs/datapath/maps.md").unlink()
        self.found(self.problems(), "docs/datapath/maps.md: is missing")


if __name__ == "__main__":
    unittest.main()
