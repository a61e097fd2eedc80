"""Rates documents with NeMo Curator's own filters, and times its English chain.

  peer_curator.py DOCS.jsonl SCORES.jsonl FOLDER

SCORES has a line for each document: for each filter its score and whether the
document stays, or the error that ended it. The last line has the CPU seconds of the chain.
"""

import importlib.util
import json
import sys
import time
import types
import warnings

from curator_filters import ENGLISH, FILTERS


def open_package():
    """Makes the filters importable without the packages around them, which import ray and torch."""
    spec = importlib.util.find_spec("nemo_curator")
    for name in ["", ".stages", ".stages.text", ".stages.text.filters", ".stages.text.utils",
                 ".stages.text.filters.heuristic", ".stages.text.filters.heuristic.repetition", ".stages.text.filters.heuristic.code"]:
        module = types.ModuleType("nemo_curator" + name)
        module.__path__ = [spec.submodule_search_locations[0] + name.replace(".", "/")]
        sys.modules[module.__name__] = module


def rate(f, text):
    try:
        score = f.score_document(text)
        return [score, bool(f.keep_document(score))]
    except Exception as e:  # the batch would end here
        return f"{type(e).__name__}: {e}"


def stays(chain, text):
    try:
        return all(f.keep_document(f.score_document(text)) for f in chain)
    except Exception:
        return False


def main():
    open_package()
    warnings.simplefilter("ignore")
    filters = [getattr(importlib.import_module(f["module"]), f["class"])(**f["keys"]) for f in FILTERS]
    chain = filters[: len(ENGLISH)]
    with open(sys.argv[1], encoding="utf-8") as docs:
        texts = [json.loads(line)["text"] for line in docs]
    begin = time.process_time()
    left = sum(stays(chain, text) for text in texts)
    took = time.process_time() - begin
    with open(sys.argv[2], "w") as out:
        for text in texts:
            print(json.dumps([rate(f, text) for f in filters]), file=out)
        print(json.dumps({"seconds": took, "left": left}), file=out)


if __name__ == "__main__":
    main()
