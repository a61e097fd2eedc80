"""What the peers that are libraries are given: documents, words, shingles."""

import json
import re

WORD = re.compile(r"\w+")


def documents(path):
    """Yields the text of each row of a JSONL file."""
    with open(path, encoding="utf-8") as f:
        for line in f:
            yield json.loads(line)["text"]


def shingles(text, size=5):
    """Returns the set of word n-grams of a text, lower case; one of all words if they are fewer."""
    words = WORD.findall(text.lower())
    if not words:
        return set()
    return {" ".join(words[i : i + size]) for i in range(max(1, len(words) - size + 1))}


class Clusters:
    """Rows that hang together."""

    def __init__(self):
        self.up = {}

    def find(self, x):
        up = self.up.setdefault(x, x)
        while up != x:
            self.up[x] = self.up[up]
            x, up = up, self.up[up]
        return x

    def join(self, a, b):
        a, b = self.find(a), self.find(b)
        self.up[max(a, b)] = min(a, b)

    def write(self, path):
        """Writes lines "row TAB cluster"."""
        with open(path, "w") as f:
            for x in sorted(self.up):
                f.write(f"{x}\t{self.find(x)}\n")
