import unittest

import formatting
from planted import PlantedTree


class Formatting(PlantedTree):
    def setUp(self):
        super().setUp()
        self.write(".clang-format", "BasedOnStyle: Google\n")

    def test_formatted_files_are_clean(self):
        self.write("src/a.cpp", "int f() { return 1; }\n")
        self.clean(formatting.check(self.tree()))

    def test_an_unformatted_file_is_named_with_its_line(self):
        self.write("src/a.cpp", "int a;\nint   f( ){return 1;}\n")
        self.found(formatting.check(self.tree()), "src/a.cpp:2: is not formatted")

    def test_a_changed_style_asks_again(self):
        self.write("src/a.cpp", "int f() { return 1; }\n")
        self.clean(formatting.check(self.tree()))
        self.write(".clang-format", "BasedOnStyle: Google\nAllowShortFunctionsOnASingleLine: None\n")
        self.found(formatting.check(self.tree()), "is not formatted")


if __name__ == "__main__":
    unittest.main()
