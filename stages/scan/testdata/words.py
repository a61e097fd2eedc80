"""The words of Python, for corpus_test.go.

words.py corpus < docs.jsonl   a line of words for each document
words.py codepoints            for each assigned code point, a text around it and its words
words.py version               the Unicode version
"""
import json
import re
import sys
import unicodedata

sys.stdout.reconfigure(encoding="utf-8")


def words(text):
    return " ".join(re.findall(r"\w+", text.lower()))


if sys.argv[1] == "corpus":
    for line in open(0, encoding="utf-8"):
        print(words(json.loads(line)["text"]))
elif sys.argv[1] == "codepoints":
    for n in range(0x110000):
        c = chr(n)
        if c in "\n\r\t" or unicodedata.category(c) in ("Cn", "Cs"):
            continue
        text = f"x{c}Y {c} AΣ{c}b A{c}Σ"
        print(n, text, words(text), sep="\t")
elif sys.argv[1] == "version":
    print(unicodedata.unidata_version)
