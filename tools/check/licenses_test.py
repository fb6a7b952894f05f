import unittest

import licenses
from planted import PlantedTree


class Licenses(PlantedTree):
    def setUp(self):
        super().setUp()
        for text in licenses.TEXTS:
            self.write(text, "text\n")

    def test_marked_files_are_clean(self):
        self.write("bpf/a.h", licenses.LINE + "\n")
        self.write("src/a.h", "#pragma once\n")
        self.clean(licenses.check(self.tree()))

    def test_a_file_without_its_line_is_found_and_mended(self):
        self.write("abi/a.h", "#pragma once\n")
        self.found(licenses.check(self.tree()), "abi/a.h:1: does not begin with")
        licenses.fix(self.tree())
        self.clean(licenses.check(self.tree()))

    def test_a_missing_text_is_found(self):
        (self.root / "LICENSE").unlink()
        self.found(licenses.check(self.tree()), "LICENSE: is missing")


if __name__ == "__main__":
    unittest.main()
