"""For the checks' tests: a small tree with something planted in it."""

import subprocess
import tempfile
import unittest
from pathlib import Path

from tree import Tree


class PlantedTree(unittest.TestCase):
    def setUp(self):
        self._dir = tempfile.TemporaryDirectory(prefix="beeline-check-")
        self.addCleanup(self._dir.cleanup)
        self.root = Path(self._dir.name).resolve()
        subprocess.run(["git", "init", "-q", str(self.root)], check=True)

    def write(self, path, text):
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    def tree(self):
        return Tree(self.root, self.root / "build" / "dev")

    def found(self, problems, text):
        """Exactly one problem, and it says `text`."""
        lines = [str(p) for p in problems]
        self.assertEqual(len(lines), 1, lines)
        self.assertIn(text, lines[0])

    def clean(self, problems):
        self.assertEqual([str(p) for p in problems], [])
