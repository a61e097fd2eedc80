"""Generates ../unicode_tables.go and ../testdata/badness.re from ftfy 6.3.1.

ftfy (https://github.com/rspeer/python-ftfy, Apache License 2.0) keeps what it knows
in regular expressions. This turns them into tables: the one for badness into an automaton
over classes of code points. Run it with go generate in the folder above, with a
Python that has ftfy: pip install ftfy==6.3.1
"""
import html
import re
import re._constants as c
import re._parser as parser
import subprocess
import sys
from collections import defaultdict

import ftfy
from ftfy import badness, chardata

assert ftfy.__version__ == "6.3.1", ftfy.__version__


# ---- the regular expression of badness, as a nondeterministic automaton

class Matcher:
    """A set of code points, as the items of a character class."""

    def __init__(self, items, negate=False):
        self.items, self.negate = items, negate
        self.key = (str(items), negate)

    def has(self, ch):
        return any(self.one(op, av, ch) for op, av in self.items) != self.negate

    @staticmethod
    def one(op, av, ch):
        if op is c.LITERAL:
            return ord(ch) == av
        if op is c.RANGE:
            return av[0] <= ord(ch) <= av[1]
        if op is c.CATEGORY and av is c.CATEGORY_WORD:
            return ch.isalnum() or ch == "_"
        if op is c.CATEGORY and av is c.CATEGORY_SPACE:
            return ch.isspace()
        raise ValueError(f"{op} {av}")

    def literals(self):
        for op, av in self.items:
            if op is c.LITERAL:
                yield av
            elif op is c.RANGE:
                yield from range(av[0], av[1] + 1)


edges = []  # of each state, (matcher or None or "begin", next state)


def state():
    edges.append([])
    return len(edges) - 1


def build(tree, s):
    """Adds states for a parsed expression behind s and returns the last one."""
    for op, av in tree:
        e = state()
        if op is c.LITERAL:
            edges[s].append((Matcher([(op, av)]), e))
        elif op is c.IN:
            negate = av[0][0] is c.NEGATE
            edges[s].append((Matcher(av[1:] if negate else av, negate), e))
        elif op is c.ANY:
            edges[s].append((Matcher([(c.LITERAL, 10)], True), e))
        elif op is c.AT and av is c.AT_BEGINNING:
            edges[s].append(("begin", e))
        elif op is c.MAX_REPEAT and av[:2] == (0, 1):
            edges[build(av[2], s)].append((None, e))
            edges[s].append((None, e))
        elif op is c.BRANCH:
            for branch in av[1]:
                first = state()
                edges[s].append((None, first))
                edges[build(branch, first)].append((None, e))
        else:
            raise ValueError(f"{op} {av}")
        s = e
    return s


begin = state()
end = build(parser.parse(badness.BADNESS_RE.pattern, badness.BADNESS_RE.flags), begin)
matchers = {m.key: m for list_ in edges for m, _ in list_ if isinstance(m, Matcher)}

# ---- the code points that anything here knows

charmaps = []
for encoding in chardata.CHARMAP_ENCODINGS:
    upper = bytes([*range(0x80, 0x100), 0x1A]).decode(encoding)
    assert upper.encode(encoding) == bytes([*range(0x80, 0x100), 0x1A]), encoding
    charmaps.append(upper)

controls = {chr(i) for i in chardata.CONTROL_CHARS}
clues = {name: {ch for ch in map(chr, range(0x10000)) if re.match(f"[{chars}]", ch)} for name, chars in chardata.UTF8_CLUES.items()}
firsts = [clues["utf8_first_of_2"], clues["utf8_first_of_3"], clues["utf8_first_of_4"]]
assert not firsts[0] & firsts[1] and not firsts[0] & firsts[2] and not firsts[1] & firsts[2]

known = set(map(chr, range(0x80)))
known |= {chr(i) for i in range(0x110000) if chr(i).isspace()}
known |= {chr(av) for m in matchers.values() for av in m.literals()}
known |= set("".join(charmaps)) | controls | set().union(*clues.values())
known |= {chr(i) for i in [*chardata.LIGATURES, *chardata.WIDTH_MAP, 0x2BC, *range(0x2018, 0x2020), 0x2028, 0x2029]}
known = sorted(known)
assert known[-1] < "\U00010000"

FLAGS = [
    lambda ch: ch in controls,
    lambda ch: ord(ch) in chardata.LIGATURES,
    lambda ch: ord(ch) in chardata.WIDTH_MAP,
    lambda ch: bool(chardata.SINGLE_QUOTE_RE.match(ch)),
    lambda ch: bool(chardata.DOUBLE_QUOTE_RE.match(ch)),
    lambda ch: ch in "\r\u2028\u2029\u0085",
    lambda ch: bool(chardata.C1_CONTROL_RE.match(ch)),
]


def clue(ch):
    """0, or how long the sequence is that ch begins; 8 if it can go on; 16 if it can, strictly."""
    first = sum(n + 2 for n, f in enumerate(firsts) if ch in f)
    return first | 8 * (ch in clues["utf8_continuation"]) | 16 * (ch in clues["utf8_continuation_strict"])


# ---- classes: code points that the expression does not tell apart

signatures = {}


def class_of(ch):
    return signatures.setdefault(tuple(m.has(ch) for m in matchers.values()), len(signatures))


OTHER, WORD = class_of("\U0001f600"), class_of("本")
assert (OTHER, WORD) == (0, 1)
classes = [class_of(ch) for ch in known]
for i in range(0, 0x110000, 97):
    assert chr(i) in known or class_of(chr(i)) == chr(i).isalnum(), hex(i)

# ---- the deterministic automaton that searches for it


def closure(states, at_begin):
    states, todo = set(states), list(states)
    while todo:
        for m, e in edges[todo.pop()]:
            if (m is None or m == "begin" and at_begin) and e not in states:
                states.add(e)
                todo.append(e)
    return frozenset(states)


FOUND = frozenset([end])
alphabet = list(signatures)
index = {key: i for i, key in enumerate(matchers)}


def step(states, signature):
    if states == FOUND:
        return FOUND
    to = closure({e for s in states for m, e in edges[s] if isinstance(m, Matcher) and signature[index[m.key]]} | {begin}, False)
    return FOUND if end in to else to


numbers, rows, todo = {}, [], [FOUND, closure([begin], True), closure([begin], False)]
for s in todo:
    numbers.setdefault(s, len(numbers))
for s in todo:
    row = []
    for signature in alphabet:
        to = step(s, signature)
        if to not in numbers:
            numbers[to] = len(numbers)
            todo.append(to)
        row.append(numbers[to])
    rows.append(row)

# Moore's algorithm: states that no text tells apart are one.
group = [int(i == 0) for i in range(len(rows))]
while True:
    keys = [(group[i], *(group[t] for t in row)) for i, row in enumerate(rows)]
    names = {}
    new = [names.setdefault(k, len(names)) for k in keys]  # in order: FOUND, at the beginning, not there
    if len(names) == len(set(group)):
        break
    group = new
group = new
order = list(dict.fromkeys(group))
assert order[:3] == [0, 1, 2] and len(order) <= 256, order[:3]
merged = {}
for g, row in zip(group, rows):
    merged.setdefault(g, [group[t] for t in row])
table = [merged[g] for g in order]

# ---- what is printed

out = []


def constant(name, value, doc):
    """A constant of bytes or text, over many lines."""
    text = isinstance(value, str)
    lines = [value[i:i + (48 if text else 64)] for i in range(0, len(value), 48 if text else 64)]
    out.append(f"// {doc}\nconst {name} = \"\"")
    for line in lines:
        if text:
            quoted = "".join(ch if ch.isascii() and ch.isalnum() else f"\\u{ord(ch):04x}" if ch < "\U00010000" else f"\\U{ord(ch):08x}" for ch in line)
        else:
            quoted = "".join(f"\\x{b:02x}" for b in line)
        out.append(f' +\n"{quoted}"')
    out.append("\n\n")


more = {}
for name, value in chardata.HTML_ENTITIES.items():
    if name[1:] not in html.entities.html5 or name in ("&nGt;", "&nLt;"):
        more[name[1:]] = value

out.append("// Code generated by tables/tables.py from ftfy 6.3.1 by Robyn Speer, Apache License 2.0. DO NOT EDIT.\n\npackage clean\n\n")
out.append(f"// Numbers of classes and states of the automaton of badness.\nconst (\nbadClasses = {len(alphabet)}\nbadStates = {len(table)}\n)\n\n")
constant("badTable", bytes(t for row in table for t in row), "badTable has the next state for each state and class.")
constant("knownRunes", "".join(known), "knownRunes are the code points below, in order.")
constant("knownClasses", bytes(classes), "knownClasses are their classes.")
constant("knownClues", bytes(clue(ch) for ch in known), "knownClues say where they stand in mojibake of UTF-8; see clue.")
constant("knownFlags", bytes(sum(f(ch) << i for i, f in enumerate(FLAGS)) for ch in known), "knownFlags say which fixes change them; see runeFlags.")
constant("charmaps", "".join(charmaps), "charmaps are what bytes 0x80 to 0xff and 0x1a are in each encoding, in the order of tries.")
constant("ligatures", "".join(f"{chr(k)}{v}\n" for k, v in chardata.LIGATURES.items()), "ligatures are lines of one and its letters.")
constant("widths", "".join(f"{chr(k)}{v}\n" for k, v in chardata.WIDTH_MAP.items()), "widths are lines of a code point and the same in standard width.")
constant("moreEntities", "".join(f"{k}{v}\n" for k, v in more.items()), "moreEntities are lines of the name of an entity that Go's html does not know, most in capital letters, and its value.")
go = subprocess.run(["gofmt"], input="".join(out), capture_output=True, text=True, check=True, encoding="utf-8").stdout
open("unicode_tables.go", "w", encoding="utf-8").write(go)


# The same expression in the syntax of RE2, for the test. Its \s and \w know ASCII alone.
def re2(tree):
    parts = []
    for op, av in tree:
        if op is c.BRANCH:
            parts.append("(?:" + "|".join(re2(b) for b in av[1]) + ")")
        elif op is c.MAX_REPEAT:
            parts.append("(?:" + re2(av[2]) + ")?")
        elif op is c.AT:
            parts.append("^")
        elif op is c.ANY:
            parts.append(".")
        elif op is c.LITERAL:
            parts.append(rf"\x{{{av:x}}}")
        else:
            parts.append("[" + "".join({
                c.NEGATE: lambda _: "^", c.LITERAL: lambda v: rf"\x{{{v:x}}}", c.RANGE: lambda v: rf"\x{{{v[0]:x}}}-\x{{{v[1]:x}}}",
                c.CATEGORY: lambda v: r"_\p{L}\p{N}" if v is c.CATEGORY_WORD else r"\s\v\x{1c}-\x{1f}\x{85}\p{Z}",
            }[o](v) for o, v in av) + "]")
    return "".join(parts)


open("testdata/badness.re", "w").write(re2(parser.parse(badness.BADNESS_RE.pattern, badness.BADNESS_RE.flags)) + "\n")
print(f"{len(known)} code points, {len(alphabet)} classes, {len(table)} states", file=sys.stderr)
