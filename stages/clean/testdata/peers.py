"""What NeMo Curator's modifiers and ftfy make of texts, for clean_test.go.

peers.py vectors > vectors.jsonl               one-line cases of all stages but clean.unicode
peers.py unicode DOCS.jsonl > unicode.jsonl    cases of clean.unicode: the texts above, and damaged pieces of documents
peers.py corpus < DOCS.jsonl                   for each document and each stage of corpus_stages, the text it becomes

It wants Python 3.11, ftfy 6.3.1 and the files of nemo-curator 1.4.0:
pip install ftfy==6.3.1 loguru && pip install --no-deps nemo-curator==1.4.0
"""
import importlib.util
import json
import random
import sys
import types

root = importlib.util.find_spec("nemo_curator").submodule_search_locations[0]
for name in ("", "stages", "stages.text", "stages.text.modifiers", "stages.text.utils"):
    # The packages, without what their __init__ imports.
    module = types.ModuleType(f"nemo_curator.{name}".rstrip("."))
    module.__path__ = [root + "/" + name.replace(".", "/")]
    sys.modules[module.__name__] = module

from nemo_curator.stages.text.modifiers import string  # noqa: E402
from nemo_curator.stages.text.modifiers.unicode.unicode_reformatter import UnicodeReformatter  # noqa: E402

classes = {
    "newlines": string.NewlineNormalizer,
    "urls": string.UrlRemover,
    "lines": string.LineRemover,
    "markdown": string.MarkdownRemover,
    "quotes": string.QuotationRemover,
    "slice": string.Slicer,
    "boilerplate": string.BoilerPlateStringModifier,
    "unicode": UnicodeReformatter,
}


def case(stage, text, **config):
    want = classes[stage](**config).modify_document(text)
    toml = "\n".join(f"{k} = {json.dumps(v, ensure_ascii=False)}" for k, v in config.items())
    print(json.dumps({"stage": stage, "config": toml, "text": text, "want": want}, ensure_ascii=False))


common = ["", "word", " ", "no newline", "\n", " \t\n ", "\u00a0\u3000", "本日は晴天なり。", "👩‍👩‍👧 🙂", "e\u0301 naïve"]

written = {
    "newlines": ["a\n\nb", "a\n\n\nb", "a\n\n\n\n\n", "\r\n\r\n\r\n", "a\r\n\r\n\r\n\r\nb", "a\r\n\r\n\r\n\n\nb", "\n\n\n\r\n\r\n\r\n", "\r\r\r", "a\n\n \nb"],
    "urls": ["see https://example.org/a?b=c. Then", "HTTP://EXAMPLE.ORG", "httpſ://long.s", "www.example.org", "WwW.x y", "www. x", "http:// x", "https://", "ahttp://b", "wwww.x", "www.http://a b",
             "http://www.a\u00a0b", "http://a\u3000b", "(http://a)", "ftp://www.a", "mailto:a@b", "http:///", "x://y", "s://z https://q\nr", "www..a www.www.b"],
    "markdown": ["**bold**", "*it* and **bold *x***", "_u_", "snake_case_name", "__init__", "[words](http://a)", "![alt](src)", "[a] b [c](d)", "[a](b", "[a](b\n)", "****", "**a\nb**", "*", "* item\n* item", "a*b*c*d", "[x](y)(z)", "[](z)", "_[a_](b)", "**a***"],
    "quotes": ['"a"', '""', '"', '"a', '"a"\n"b"', '"a\nb"', '"a"\nb"', ' "a"', '"\n"', '"é"', '"""', "'a'", "“a”", '"a" "b"', '"a\r\nb"'],
}
policies = ["Privacy Policy", "we use cookies", "TERMS OF USE apply", "Use of Cookies", "\u212a cookie policy", "a privacy overview b"]
alphabets = {
    "newlines": ["\n", "\r\n", "\n\n", "\r", "a", " "],
    "urls": ["http", "s", "://", "www", ".", "W", " ", "\n", "a", "ſ", "é", "\u2003", "HTTP", "/"],
    "markdown": ["*", "**", "_", "[", "]", "(", ")", "](", "a", "b c", " ", "\n", "é"],
    "quotes": ['"', '"', "a", "\n", " ", "é"],
    "lines": ["Ad", "Ad ", "\n", "\n", "", "text", "é"],
    "slice": ["a", "b", "é", "本", "<", ">", " ", "\n", "🙂"],
    "boilerplate": ["\n\n", "\n\n", "\n", "text ", "text", *policies, "lorem Ipsum"],
}
configs = {
    "lines": [{"patterns": ["Ad", ""]}, {"patterns": ["Ad "]}, {"patterns": ["é", "text"]}],
    "slice": [{}, {"left": 2}, {"left": -2}, {"left": 1, "right": -1}, {"right": 3, "strip": False}, {"left": "<", "right": ">"}, {"left": "<", "include_left": False},
              {"right": ">", "include_right": False, "strip": False}, {"left": -9, "right": 99}, {"left": "", "right": ""}, {"left": "ab", "right": "é"}],
    "boilerplate": [{}, {}, {}, {"remove_if_at_top_or_bottom": False}],
}


def vectors():
    rng = random.Random(11)
    for stage, alphabet in alphabets.items():
        options = configs.get(stage, [{}])
        for i, text in enumerate(common + written.get(stage, [])):
            case(stage, text, **options[i % len(options)])
        for i in range(60):
            n = rng.randrange(1, 9)
            weights = [1] * len(alphabet)
            if stage == "boilerplate":
                weights[-1] = 0.1
            case(stage, "".join(rng.choices(alphabet, weights, k=n)), **options[i % len(options)])


corpus_stages = {
    "newlines": {},
    "urls": {},
    "lines": {"patterns": ["", "Advertisement", "Share", "}"]},
    "markdown": {},
    "quotes": {},
    "slice": {"left": ".", "right": "e", "include_left": False},
    "boilerplate": {},
    "unicode": {},
}


def corpus():
    made = {stage: classes[stage](**config) for stage, config in corpus_stages.items()}
    for line in open(0, encoding="utf-8"):
        text = json.loads(line)["text"]
        changed = {}
        for stage, m in made.items():
            new = m.modify_document(text)
            if new != text:
                changed[stage] = new
        print(json.dumps(changed))


sys.stdout.reconfigure(encoding="utf-8")
if __name__ == "__main__":
    {"vectors": vectors, "corpus": corpus}[sys.argv[1]]()
