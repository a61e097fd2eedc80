"""What NeMo Curator's modifiers and ftfy make of texts, for clean_test.go.

peers.py vectors > vectors.jsonl               one-line cases of all stages but clean.unicode
peers.py unicode DOCS.jsonl > unicode.jsonl    cases of clean.unicode: the texts above, and damaged pieces of documents
peers.py damaged DOCS.jsonl N SEED             N more of these
peers.py corpus < DOCS.jsonl                   for each document and each stage of corpus_stages, the text it becomes

It wants Python 3.11, ftfy 6.3.1 and the files of nemo-curator 1.4.0:
pip install ftfy==6.3.1 loguru && pip install --no-deps nemo-curator==1.4.0
"""
import html
import importlib.util
import json
import random
import re
import sys
import types

import ftfy

root = importlib.util.find_spec("nemo_curator").submodule_search_locations[0]
for name in ("", "stages", "stages.text", "stages.text.modifiers", "stages.text.utils"):
    # The packages, without what their __init__ imports.
    module = types.ModuleType(f"nemo_curator.{name}".rstrip("."))
    module.__path__ = [root + "/" + name.replace(".", "/")]
    sys.modules[module.__name__] = module

from nemo_curator.stages.text.modifiers import string  # noqa: E402
from nemo_curator.stages.text.modifiers.fasttext.fasttext_label import FastTextLabelModifier  # noqa: E402
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
    "fasttext_label": FastTextLabelModifier,
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


damage = ["latin-1", "sloppy-windows-1252", "sloppy-windows-1251", "sloppy-windows-1250", "sloppy-windows-1253", "sloppy-windows-1254", "sloppy-windows-1257", "iso-8859-2", "macroman", "cp437"]

# ftfy's own examples, and oddities of its rules.
examples = [
    "âœ” No problems", "&macr;\\_(ã\x83\x84)_/&macr;", "Broken text&hellip; it&#x2019;s ﬂubberiﬁc!", "ＬＯＵＤ　ＮＯＩＳＥＳ", "sÃ³", "voilÃ le travail", "Ã³", "&ATILDE;&SUP3;", "(à¸‡'âŒ£')à¸‡",
    "&lt;tag&gt;", "&Jscr;ohn &HilbertSpace;ancock", "P&EACUTE;REZ", "BUNDESSTRA&SZLIG;E", "&ntilde; &Ntilde; &NTILDE; &nTILDE;", "schÃ¶n",
    "\033[36;44mI'm blue\033[0m", "\033[;m \033[1 \033[٣m", "‘x’ “y” ʼn ŉ", "a\r\nb\rc\u2028d\x85e", "Ｕﾀｰﾝ ￣ ﾊﾞ", "\ufeffbom \u206a \ufffc\x00\x7f\x0b\x0c", "â€œ like this â€�", "Ã la mode, Ã quel, Ã s, fÃ cil", "AHÅ™, the new sofa from IKEA®", "À\n", "\xc0\x80 Ã©", "Ã€\n", "í\xa0½í²©", "ã\x81 \xa0",
    "&#59; &#x3b; &#0; &#128; &#x80; &#xD800; &#x110000; &#99999999999999999999999; &#12a; &#xg; &#x; &#11; &#xfffe; &#13; &semi; &notit; &not; &amp &amp;amp; &amp;lt;br&amp;gt; &AMP; &Amp;",
    "&amp; <b> &amp;", "&amp;\n<b>\n&amp;", "<\n&amp;", "doesnâ\x80\x99t \x85", "l’humanitÃ©", "â€™ â€” é", "Ãªtre, ou ne pas Ãªtre ♥", "ÃƒÂ©tÃƒÂ© Ã\x83Â©", "â\x81\x89ã\x81\x84ã\x81¾", "Îµá½", "ÐŸÑ€Ð¸Ð²ÐµÑ‚", "РџСЂРёРІРµС‚", "вЂњцитатаВ»", "ŠÄ‚â€ž", "r\xf3w ó", "пÂ Â a", "Å\xa0koda Å koda",
    "ðŸ˜‚ ðŸ˜", "ð ˜\x81", "\x82\x91", "e\u0301 ﬁ ½ Ⅷ \u212b ㌀ ｶﾞ", "¯\\_(ツ)_/¯", "( o¬ô¿ò )?", "ГўВЂВ™s",
]
options = [{}, {}, {}, {"unescape_html": True, "normalization": "NFC"}, {"unescape_html": False, "fix_encoding": False, "normalization": "NFKC"},
           {"fix_latin_ligatures": True, "fix_character_width": True, "uncurl_quotes": True, "fix_line_breaks": True, "normalization": "NFD"},
           {"restore_byte_a0": False, "fix_c1_controls": False}, {"replace_lossy_sequences": False, "remove_control_chars": False},
           {"decode_inconsistent_utf8": False, "remove_terminal_escapes": False, "normalization": "NFKD"}, {"max_decode_length": 7}]


def damaged(rng, texts):
    """A piece of a document that went through one or two wrong decodings, whole or in part."""
    while True:
        text = rng.choice(texts)
        at = rng.choice([m.start() for m in re.finditer(r"[^\x00-\x7f]", text)] or [0])
        piece = text[max(0, at - rng.randrange(20)):at + rng.randrange(1, 40)]
        for _ in range(rng.choice([1, 1, 1, 2, 2])):
            how = rng.choice(damage)
            a, b = sorted(rng.choices(range(len(piece) + 1), k=2)) if rng.random() < 0.3 else (0, len(piece))
            bad = piece[a:b].encode("utf-8", "surrogatepass").decode(how)
            rest = rng.random()
            if rest < 0.1:
                bad = bad.replace("\xa0", " ")
            elif rest < 0.2:
                bad = re.sub("[\x80-\x9f]", "\ufffd", bad)
            elif rest < 0.25:
                bad = bad.replace("\ufffd", "?")
            elif rest < 0.3:
                bad = "".join(ch for ch in bad if rng.random() > 0.05)
            piece = piece[:a] + bad + piece[b:]
        if rng.random() < 0.1:
            piece = html.escape(piece) + rng.choice(["&eacute;", "&#233;", "&nbsp;\n", "<i>", "\x1b[1m"])
        if len(piece) < 200:
            return piece


def unicode_cases(cases):
    rng = random.Random(12)
    texts = [json.loads(line)["text"] for line in open(cases, encoding="utf-8")]
    texts = [text for text in texts if not text.isascii()]
    texts += ["Dvořák žluťoučký kůň", "Привет, мир — «цитата»", "Ξεσκεπάζω την ψυχοφθόρα", "日本語のテキスト、漢字", "한국어 텍스트", "mặt trời của tôi", "ภาษาไทย", "👍🏽 and 💩", "العربية نص", "Šķēde ģērbt", "à la façon d’été", "naïve — “quoted”…"] * (len(texts) // 24)
    for i, text in enumerate(common + examples):
        case("unicode", text)
        case("unicode", text, **options[3 + i % (len(options) - 3)])
    case("unicode", "".join("&" + name for name in sorted(ftfy.chardata.HTML_ENTITIES) if name) .replace("&&", "&"))
    for i in range(220):
        case("unicode", damaged(rng, texts), **options[i % len(options)])


def damaged_cases(cases, n, seed):
    """Many more than are kept."""
    rng = random.Random(seed)
    texts = [text for text in (json.loads(line)["text"] for line in open(cases, encoding="utf-8")) if not text.isascii()]
    for i in range(int(n)):
        case("unicode", damaged(rng, texts), **options[i % len(options)])


corpus_stages = {
    "newlines": {},
    "urls": {},
    "lines": {"patterns": ["", "Advertisement", "Share", "}"]},
    "markdown": {},
    "quotes": {},
    "slice": {"left": ".", "right": "e", "include_left": False},
    "boilerplate": {},
    "unicode": {},
    "fasttext_label": {"label": "__label__x"},
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
    {"vectors": vectors, "corpus": corpus, "unicode": unicode_cases, "damaged": damaged_cases}[sys.argv[1]](*sys.argv[2:])
