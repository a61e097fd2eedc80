"""Tests of the comparison, without any peer: python3 -m unittest discover bench/peers."""

import json
import os
import stat
import subprocess
import sys
import tempfile
import unittest

import results
import run
from shingles import Clusters, shingles

HERE = os.path.dirname(os.path.abspath(__file__))

# a sluice that has no dedup.fuzzy
SLUICE = """#!/bin/sh
case $1 in
version) echo sluice 0 ;;
*) echo 'sluice: no stage "dedup.fuzzy"' >&2; exit 2 ;;
esac
"""


class Test(unittest.TestCase):
    def test_shingles(self):
        self.assertEqual(shingles("A b, c d-e F"), {"a b c d e", "b c d e f"})
        self.assertEqual(shingles("A b"), {"a b"})
        self.assertEqual(shingles(" - "), set())

    def test_clusters(self):
        c = Clusters()
        for a, b in [(4, 9), (2, 3), (9, 2)]:
            c.join(a, b)
        c.join(7, 8)
        with tempfile.TemporaryDirectory() as d:
            c.write(d + "/c.tsv")
            with open(d + "/c.tsv") as f:
                self.assertEqual(f.read(), "2\t2\n3\t2\n4\t2\n7\t7\n8\t7\n9\t2\n")

    def test_measure_counts_children(self):
        burn = "import time\nwhile time.process_time() < 0.3: pass"
        with tempfile.TemporaryDirectory() as d:
            took = run.measure([sys.executable, "-c", f"import subprocess, sys\nsubprocess.run([sys.executable, '-c', {burn!r}])"], d, d + "/log")
            self.assertGreater(took["CPU"], 0.29)
            self.assertGreater(took["peak memory"], 1)
            with self.assertRaisesRegex(run.Failed, "^oh no\n.* ended with 1"):
                run.measure([sys.executable, "-c", "raise SystemExit('oh no')"], d, d + "/log")

    def test_change(self):
        def result(value):
            return {"commit": "c", "when": "w", "machine": {}, "figures": [{"name": "x: CPU", "value": value, "unit": "s"}]}

        self.assertRegex(results.change(result(3), result(2)), r"compared with c of w\nx: CPU +3 s +\+50.0 %")

    def test_without_the_stage_it_says_so(self):
        with tempfile.TemporaryDirectory() as d:
            with open(d + "/docs.jsonl", "w") as f:
                f.write('{"id": "0", "text": "abc"}\n')
            sluice = d + "/sluice"
            with open(sluice, "w") as f:
                f.write(SLUICE)
            os.chmod(sluice, stat.S_IRWXU)
            out = subprocess.run(
                [sys.executable, os.path.join(HERE, "run.py"), "--sluice", sluice, "--corpus", d, "--only", "sluice", "--write", d],
                check=True, capture_output=True, text=True,
            ).stdout
            self.assertIn('Not run: sluice, star: sluice: no stage "dedup.fuzzy"', out)
            with open(d + "/peers.json") as f:
                self.assertEqual(json.load(f)["versions"]["sluice"], "sluice 0")


if __name__ == "__main__":
    unittest.main()
