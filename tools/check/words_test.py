import unittest

import words
from planted import PlantedTree


class Words(PlantedTree):
    def problems(self, text):
        self.write("docs/a.md", "fine\n" + text + "\n")
        return words.check(self.tree())

    def test_plain_text_is_clean(self):
        self.clean(self.problems("see https://a.example/home/x/y and /usr/include, /tmp/x and ~/root/a, a todo list"))

    def test_unfinished_work_is_found(self):
        self.found(self.problems("// TO" + "DO: later"), "docs/a.md:2: a note of unfinished work")

    def test_a_home_directory_is_found(self):
        self.found(self.problems("cd /ho" + "me/ann/src"), "a path of one machine")

    def test_the_path_of_this_checkout_is_found(self):
        self.found(self.problems(f"cd {self.root}/src"), "a path of one machine")

    def test_a_conflict_mark_is_found(self):
        self.found(self.problems("<<<<<<" + "< HEAD"), "a merge conflict's mark")


if __name__ == "__main__":
    unittest.main()
