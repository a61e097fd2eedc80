"""Makes vectors.json: what NeMo Curator's code filters give texts that are hard to read.

  PYTHON vectors.py >vectors.json

PYTHON is a Python 3.11 with the packages of bench/peers/requirements-curator.txt.
"""

import importlib
import json
import os
import sys
import warnings

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../../bench/peers"))
from peer_curator import open_package

C = ["", "x", "/", "//", "// a\n//b", 'a /* b */ c // "d', '"// no" // yes', '"a\\" // in', "'\"' // c", "/* a\nb */ int /*/ x */", "/* open", "/**/", "// ü 😀\nx",
     '"a""b" // c', 'x = "open\n// c', "/***/ /****/", "a / b // c", "//\n//", "http://x.y // z", "/* a // b */", "// a /* b"]
JS = C + ["'// no' // yes", "'a\\'b // no' // yes", "`// c", "/'// c'", "/* a **/ b", "var r = /\"/; // c", "\"a\nb\" // c"]
HTML = ["", "<p>", "<!-- a -->", "<!---->", "<!-->", "<!-- a\nb --> x <!--c-->", '<a href="<!-- x -->">', "<!-- open", "<p>ü<!-- 😀 -->", '"<!-- open " -->']
RUBY = ["", "# a", "x # a\n# b", "'# no' # yes", "'a\\'# no' # yes", "'a\\' # yes", "\"a # b\n# c", "'a\\\\' # b", "'' # a", "#{x} #", "\"#{x}\" # y", "'a\\'b\\'c # d"]
SHELL = ["", "# a", "echo $# b", "echo '# no' # yes", "echo \\# no # yes", "echo 'a\\'# b' # c", "#!/bin/sh\n# x\n", "echo \"a\n# no\" # yes", "\\"]
PYTHON = [
    "", "x", "x = 1  # a\n", "# a\n# b\nx = 1\n", '"""Doc."""\n', '"""Doc.\n    """\n', '"""\n  a\n    b\n\n"""\nx = 1\n', "'a' 'b'\n", "('a'\n 'b')\n", "('a',)\n", "'a' + 'b'\n",
    "f'a'\n", "b'a'\n", "r'a\\n'\n", "'a\\n\\x41\\u00e9\\101\\\nb'\n", "'\\x4'\n", "'\\u12'\n", "b'\\u12'\n", "b'\\x4'\n", "'\\N{EURO SIGN}'\n", "'\\d'\n",
    "def f():\n    '''a\n    b'''\n", "def f(): 'a'\n", "def f(): 'a'; x = 1\n", "async def f():\n    'a'\n", "class A:\n    'a'\n    def f(self):\n        'b'\n", "class A(B, metaclass=C):\n  # c\n\n  'a'\n",
    "def f(x: 'no' = {1: 2}) -> 'no':\n    'a'\n", "if 1:\n    'no'\nelse:\n    def g():\n        'yes'\n", "x = 1\n'no'\n", "'a';'b'\n", "def f():\n\tx\n        y\n", "def f():\n    x\n  y\n",
    "def f():\nx\n", "  x\n", "x\n  y\n", "print 'a'\n", "print('a')\n", "exec 'a'\n", "try:\n  x\nexcept A, b:\n  y\n", "try:\n  x\nexcept A: b, c = 1, 2\n", "raise A, 'b'\n", "a <> b\n", "x = 0777\n", "x = 10L\n",
    "x = 00\n", "x = 1e-05\n", "x = 0.5e-05, 0x1e-5\n", "x = `y`\n", "x = $y\n", "x = 'open\n", "x = 'a\\\nb'\n", "x = '''open\n", "x = (1,\n# a\n2) # b\n", "x = (1\n", "x = 1)\n", "x = (1]\n", "x \\\n  = 1 # a\n", "x = 1 \\\n",
    "x = 1\\", "match x:\n    case A(b): # c\n        pass\n", "type = 1\nmatch = 2\n", "x = y if z else w\n", "lambda x: x\n", "# a", "x # a", "\tx\n", "x = 1\n# é 😀\n", "é = 1 # é\n", "a\u0301b = 1\n", "x = “a”\n", "x = 1\r\n# a\r\ny = 2\r\n",
    "'''a\r\n  b'''\n", "'\ta'\n", "'''\ta\n\tb\n  c'''\n", "\ufeffx = 1 # a\n", "x = 1\x00\n", "@a\ndef f():\n    'b'\n", "def f():\n    'a'\n    return 1\n\nclass B: 'c'\n", "for x in y:\n    pass\n'no'\n", "x: int = 1 # a\n", "x = {'a':\n 1}\n",
    "def f():\n    ''\n", "def f():\n    ' '\n", "def f():\n    '''\n\n    '''\n", "def f():\n    (('a'))\n", "def f():\n    ('a')('b')\n", "x = u'a'\n", "u'a'\n", "ur'a'\n", "Rb'a'\n", "x = 1_000\n", "x!=y\n", "x!y\n", "x = y#a\n",
    "if x:\n    y\n   \n    # c\n    z\n", "if x:\n    y\n  # c\nz\n", "\f\nx = 1\n", "x = [\n    'a'  # b\n]\n", "def f(): pass\n'no'\n", "class A: pass # x\n", "while 1: break\n",
]

TEXTS = {"text/x-c++": C, "application/javascript": JS, "text/x-go": JS, "text/html": HTML, "text/x-ruby": RUBY, "text/x-shellscript": SHELL, "text/x-python": PYTHON}

PLAIN = ["", "x", "x\n", "<?xml version='1.0'?>", " " * 85 + "<?xml version=", " " * 86 + "<?xml version=", "é" * 85 + "<?xml version=", "é" * 90 + "<?xml version=", "123 456", "漢字 かな 1", "😀\n😀", "\n\n\n", "ⅷª٣"]


def main():
    open_package()
    warnings.simplefilter("ignore")
    code = importlib.import_module("nemo_curator.stages.text.filters.heuristic.code.code")
    rows = []

    def add(use, keys, f, texts):
        for text in texts:
            try:
                score = f.score_document(text)
            except ZeroDivisionError:
                score = None
            rows.append({"use": use, "keys": keys, "text": text, "score": score})

    for mime, texts in TEXTS.items():
        add("code.comment_ratio", {"language": mime}, code.GeneralCommentToCodeFilter(mime), texts)
    add("code.python_comment_ratio", {}, code.PythonCommentToCodeFilter(), PYTHON)
    add("code.num_lines", {}, code.NumberOfLinesOfCodeFilter(), PLAIN)
    add("code.xml_header", {}, code.XMLHeaderFilter(), PLAIN)
    add("code.alpha", {}, code.AlphaFilter(), PLAIN)
    print("[" + ",\n".join(json.dumps(row) for row in rows) + "]")


if __name__ == "__main__":
    main()
