#!/usr/bin/env python3
"""Holds the filters of sluice against NeMo Curator's own code: same documents, same scores, same decisions.

  python3 bench/peers/curator.py --sluice ./sluice --corpus shared/corpus --write bench/results

Curator comes from PyPI at the version in requirements-curator.txt, into a virtual
environment below $TMPDIR. Scores are compared to 1e-9. Each difference is
explained by a rule below, or is printed and fails the run.
"""

import argparse
import json
import math
import os
import shutil
import subprocess
import sys
import tempfile
from collections import Counter

import results
import run
import setup_peers
from curator_filters import FILTERS

JOB = "input = [{docs}]\noutput = {out}\n"


def toml(value):
    return json.dumps(value)


def job(path, docs, stages):
    """Writes a job file."""
    with open(path, "w") as f:
        f.write(JOB.format(docs=toml(docs), out=toml(path + ".out")) + "[write]\ncompress = \"none\"\n")
        for stage in stages:
            f.write("[[stage]]\n" + "".join(f"{key} = {toml(value)}\n" for key, value in stage.items()))
    return path


def known(sluice):
    """The stages that this sluice has."""
    lines = subprocess.run([sluice, "stages"], check=True, capture_output=True, text=True).stdout.splitlines()
    return {line.split()[0] for line in lines}


def rates(sluice, docs, filters, work):
    """Yields what each document is rated by each filter: score (None = no score) and whether it stays."""
    stages = [{"use": f["use"], "name": f["name"], "action": "mark", "score": "score_" + f["name"], **f["keys"]} for f in filters]
    path = job(os.path.join(work, "rate.toml"), docs, stages)
    run.measure([sluice, "run", path, "--ranks", "1"], work, os.path.join(work, "log"))
    data = os.path.join(path + ".out", "data")
    with open(os.path.join(data, *os.listdir(data)), encoding="utf-8") as f:
        for line in f:
            row = json.loads(line)
            yield row["text"], [(row["score_" + f["name"]], row[f["name"]]) for f in filters]


def ties(text, n):
    """The scores that Curator may give for the most frequent sequence of n words: it takes any of those."""
    words = text.strip().split()
    seen = Counter(zip(*(words[i:] for i in range(n))))
    most = max(seen.values())
    for sequence, count in seen.items():
        if count == most:
            yield (len(text) - len(text.replace(" ".join(sequence), ""))) / len(text)


def explain(f, text, theirs, ours):
    """Says why a document is rated differently; None if it is not, "" if nobody knows."""
    score, stays = ours
    if isinstance(theirs, str):
        return "Curator ends with an error, here it goes" if not stays else ""
    want, stayed = theirs
    if score is not None and stays == stayed and (score == want or math.isclose(score, want, rel_tol=0, abs_tol=1e-9)):
        return None
    if f["use"] == "text.repeating_top_ngrams" and any(math.isclose(score, t, abs_tol=1e-9) for t in ties(text, f["keys"]["n"])):
        return "sequences as frequent: Curator takes any of them, sluice the first"
    if f["use"] == "code.html_boilerplate" and stays == stayed and "<" in text:
        return "a broken tag, decided alike: Curator reads it as html.parser does, sluice as HTML5 says"
    if f["use"] == "code.alpha" and stays == stayed and any("\u0363" <= c <= "\u036f" for c in text):
        return "letters above others, decided alike: alphabetic since Unicode 16, the tables here are those of 15"
    return ""


def compare(o, work):
    docs, ids, size = setup_peers.corpus(o.corpus, work)
    envs = setup_peers.environments({"curator"})
    if "curator" not in envs:
        sys.exit("nemo-curator could not be installed")
    theirs = os.path.join(work, "theirs.jsonl")
    if not os.path.exists(theirs):  # of an earlier run in this folder
        run.measure([envs["curator"], os.path.join(run.HERE, "peer_curator.py"), docs, theirs], work, os.path.join(work, "log"))
    stages = known(o.sluice)
    have = [i for i, f in enumerate(FILTERS) if f["use"] in stages]
    filters = [FILTERS[i] for i in have]
    counts, unknown = [Counter() for _ in filters], []
    with open(theirs) as f:
        for row, (text, ours) in enumerate(rates(o.sluice, docs, filters, work)):
            scores = json.loads(f.readline())
            for k, rated in enumerate(ours):
                if (why := explain(filters[k], text, scores[have[k]], rated)) is not None:
                    counts[k][why] += 1
                    if not why:
                        unknown.append(f"document {ids[row]}, {filters[k]['use']}: Curator {scores[have[k]]}, sluice {rated}")
        chain = json.loads(f.readline())

    path = job(os.path.join(work, "chain.toml"), docs, [{"recipe": "curator-english"}])
    took = run.measure([o.sluice, "run", path, "--ranks", "1", "--set", "threads=1"], work, os.path.join(work, "log"))
    with open(path + ".out/report.json") as f:
        left = json.load(f)["rows_out"]

    result = results.Result(o.sluice, size, len(ids), envs, name="curator")
    for f, count in zip(filters, counts):
        label = f["use"] + "".join(f" {v}" for k, v in f["keys"].items() if k in ("n", "language"))
        result.figure(label + ": rated alike", len(ids) - sum(count.values()), "documents")
        for why, n in count.items():
            result.figure(f"{label}: {why or 'not explained'}", n, "documents")
    result.figure("curator-english, documents left by Curator", chain["left"], "documents")
    result.figure("curator-english, documents left by sluice", left, "documents")
    result.figure("curator-english, Curator's scoring alone", len(ids) / chain["seconds"], "documents/s per core")
    result.figure("curator-english, sluice from file to file", len(ids) / took["CPU"], "documents/s per core")
    result.json["commands"]["sluice"] = f"{o.sluice} run {path} --ranks 1 --set threads=1"
    return result, unknown


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sluice", default="sluice", help="the program; default: the one in $PATH")
    parser.add_argument("--corpus", default="shared/corpus", help="folder with docs.jsonl[.zst]")
    parser.add_argument("--dir", default="", help="where data go; default: a folder below $TMPDIR, removed at the end")
    parser.add_argument("--write", default="", help="write curator.json into this folder")
    o = parser.parse_args()
    o.sluice = os.path.abspath(shutil.which(o.sluice) or sys.exit(f"no program {o.sluice}; say --sluice PATH"))
    work = o.dir or tempfile.mkdtemp(prefix="sluice-curator-")
    try:
        result, unknown = compare(o, work)
    finally:
        if not o.dir:
            shutil.rmtree(work)
    for figure in result.json["figures"]:
        print(f"{figure['name']:<90} {figure['value']:>12,.0f} {figure['unit']}")
    if o.write:
        results.save(result.json, o.write)
    if unknown:
        sys.exit("\n".join([f"{len(unknown)} ratings differ and nobody knows why:", *unknown[:50]]))


if __name__ == "__main__":
    main()
