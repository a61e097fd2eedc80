"""Writes decontaminate.jsonl: what TaskDecontamination of NeMo Curator 0.9 makes of made-up texts.

    pip download nemo-curator==0.9.0 --no-deps && unzip -d curator nemo_curator-0.9.0-*.whl
    python3 decontaminate.py curator 160 1 > decontaminate.jsonl

Arguments: the folder with Curator, how many cases besides a few fixed ones, a seed. Of Curator only the methods that look at texts run, so
that neither Dask nor pandas is needed.
"""

import json
import random
import re
import string
import sys
import typing


def curator(folder):
    """Returns Curator's classes for tasks and for decontamination."""
    names = {"string": string, "Union": typing.Union, "BaseModule": object, "DocumentDataset": object}

    def load(path, begin, end=None):
        with open(f"{folder}/nemo_curator/{path}") as f:
            text = f.read()
        text = text[text.index(begin) : text.index(end) if end else None]
        exec("from __future__ import annotations\n" + re.sub(r"print\(f.*", "pass", text), names)

    load("utils/text_utils.py", "def remove_punctuation")
    names.update(ABC=object, abstractmethod=lambda f: f)
    load("tasks/downstream_task.py", "class DownstreamTask", "def import_task")
    from collections import defaultdict

    names.update(defaultdict=defaultdict)
    load("modules/task.py", "class TaskDecontamination")
    return names["DownstreamTask"], names["TaskDecontamination"]


def run(task_class, class_, examples, docs, mn, mx, max_matches, mdl, rces, max_splits):
    task = task_class()
    for e in examples:
        task._update_ngrams(e, mn, mx)
    d = class_.__new__(class_)
    d.max_ngram_size, d.max_matches, d.min_document_length = mx, max_matches, mdl
    d.remove_char_each_side, d.max_splits = rces, max_splits
    lengths = class_._compute_ngram_freq_sorted(task.ngrams)
    counts = {}
    for doc in docs:
        counts = class_._merge_counts(counts, d._find_ngrams(doc, task.ngrams, lengths))
    rare = d._threshold_ngram_count(counts)
    return counts, [d._remove_ngrams(doc, rare, lengths) for doc in docs]


WORDS = ["a", "The", "cat's", "SAT", "on", "b.", "mat!", "x-y", "Σ", "ΑΣ", "İz", "\n", "q\nq", "é", "3.14", "\u00a0"]
WORDS += ["don't", '"so"', "\t", "?", "...", "日本", "it;"]


def case(r, classes):
    mx = r.randint(2, 5)
    mn = r.randint(2, mx)
    words = r.sample(WORDS, r.randint(3, 8)) if r.random() < 0.6 else WORDS

    def text(n):
        return "".join(r.choice(words) + r.choice([" "] * 8 + ["  ", "", ".", "\n", ", "]) for _ in range(n))

    examples = [text(r.randint(1, 12)) for _ in range(r.randint(1, 5))]
    docs = []
    for _ in range(r.randint(1, 5)):
        parts = [r.choice(examples) + r.choice([" ", ". ", ""]) if r.random() < 0.4 else text(r.randint(0, 15)) for _ in range(r.randint(0, 6))]
        docs.append("".join(parts))
    kw = dict(mn=mn, mx=mx, max_matches=r.randint(1, 4), mdl=r.choice([0, 0, 3, 10]), rces=r.choice([0, 1, 3, 8, 20]), max_splits=10)
    try:
        counts, pieces = run(*classes, examples, docs, **kw)
    except IndexError:  # its place is behind the end of the text
        return None
    return dict(kw=kw, examples=examples, docs=docs, counts=counts, pieces=pieces)


# What chance does not find: a match that is found again and again behind a long blank word, the last letter of a word
# that is cut before it, the shortest of the last words.
FIXED = [
    (["a b", "x y z"], ["\n" * 40 + " a b x a b y x y z", "\n" * 7 + " a b"]),
    (["a b", "Σ b"], ["x Σ b y", "q a b Α.Σ b z. Rest", "İ a b ΑΣ b c", "x a b y.a b z. Rest"]),
    (["p q r s", "s t", "1 2 3 4 5"], ["p q r s t", "p q r s t u", "v p q r s t", "v w p q r s t. And"]),
]


def fixed(classes):
    for examples, docs in FIXED:
        mx = max(len(e.split()) for e in examples)
        kw = dict(mn=2, mx=mx, max_matches=99, mdl=0, rces=0, max_splits=99)
        counts, pieces = run(*classes, examples, docs, **kw)
        print(json.dumps(dict(kw=kw, examples=examples, docs=docs, counts=counts, pieces=pieces), ensure_ascii=False))


def main():
    folder, n, seed = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    r, classes = random.Random(seed), curator(folder)
    fixed(classes)
    while n > 0:
        c = case(r, classes)
        if c and (c["counts"] or r.random() < 0.1):
            print(json.dumps(c, ensure_ascii=False))
            n -= 1


main()
