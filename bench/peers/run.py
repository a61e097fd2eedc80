#!/usr/bin/env python3
"""Runs sluice and its peers side by side: same documents, same machine, one after the other.

  python3 bench/peers/run.py --sluice ./sluice --corpus shared/corpus --write bench/results

Each is one process tree on one thread, measured from start to end with what
it reads and writes: CPU seconds, wall, the largest resident set of a process.
What it found is scored by `sluice bench score`. Peers come from PyPI, at the
versions in requirements*.txt, into virtual environments below $TMPDIR, and one
from Go's proxy; what cannot be installed is left out, and said so.
"""

import argparse
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
import time

import results
import setup_peers

HERE = os.path.dirname(os.path.abspath(__file__))
THREADS = {name: "1" for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "RAYON_NUM_THREADS", "POLARS_MAX_THREADS")}

# name: (environment, script, arguments, what it is set to)
PEERS = {
    "ekzhu/minhash-lsh": ("go", None, [], "Go, 128, J 0.8: 9 x 13, components"),
    "datatrove": ("main", "peer_datatrove.py", [], "14 x 8, xxh64, components"),
    "datasketch": ("main", "peer_datasketch.py", [], "128, J 0.8: 9 x 13, components"),
    "rensa": ("main", "peer_rensa.py", [], "R-MinHash 128, J 0.8, checked by sketch, stars"),
    "text-dedup": ("text-dedup", "peer_text_dedup.py", ["0.8"], "250, J 0.8: 16 x 15, components"),
    "text-dedup-0.7": ("text-dedup", "peer_text_dedup.py", ["0.7"], "250, J 0.7 (its default): 25 x 10, components"),
}

JOB = """input = [{docs!r}]
output = {out!r}
[read]
id = "id"
[[stage]]
use = "dedup.fuzzy"
word = "python"
cluster = "{cluster}"
"""


class Failed(Exception):
    pass


def measure(command, cwd, log):
    """Runs a command and returns CPU seconds, wall seconds and peak memory in MB, children included."""
    with open(log, "w") as out:
        begin = time.monotonic()
        child = subprocess.Popen(command, cwd=cwd, stdout=out, stderr=out, env={**os.environ, **THREADS})
        _, status, used = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode != 0:
        with open(log) as f:
            said = [line.strip() for line in f if line.strip()]
        raise Failed("\n".join([*said[-1:], f"{shlex.join(command)} ended with {child.returncode}", *said[-5:]]))
    return {
        "CPU": used.ru_utime + used.ru_stime,
        "wall": time.monotonic() - begin,
        "peak memory": used.ru_maxrss * 1024 / 1e6,
    }


def run_sluice(program, cluster, docs, work):
    """Runs dedup.fuzzy and returns its OUT, what it took, and the command."""
    out, job = os.path.join(work, "OUT"), os.path.join(work, "job.toml")
    with open(job, "w") as f:
        f.write(JOB.format(docs=docs, out=out, cluster=cluster).replace("'", '"'))
    command = [program, "run", job, "--ranks", "1", "--set", "threads=1"]
    return out, measure(command, work, os.path.join(work, "log")), command


def run_peer(name, envs, docs, ids, work):
    """Runs a peer and returns a file of clusters, what it took, and the command."""
    env, script, arguments, _ = PEERS[name]
    if env not in envs:
        raise Failed("could not be installed")
    rows, clusters = os.path.join(work, "rows.tsv"), os.path.join(work, "clusters.tsv")
    command = [envs[env], *([os.path.join(HERE, script)] if script else []), docs, rows, work, *arguments]
    took = measure(command, work, os.path.join(work, "log"))
    with open(rows) as f, open(clusters, "w") as out:
        for line in f:
            row, cluster = line.split("\t")
            out.write(f"{ids[int(row)]}\t{cluster}")
    return clusters, took, command


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sluice", default="sluice", help="the program; default: the one in $PATH")
    parser.add_argument("--corpus", default="shared/corpus", help="folder with docs.jsonl[.zst], truth_pairs.tsv, planted.tsv")
    parser.add_argument("--only", default="", help="these alone: " + ", ".join(["sluice", *PEERS]))
    parser.add_argument("--dir", default="", help="where data go; default: a folder below $TMPDIR, removed at the end")
    parser.add_argument("--write", default="", help="write peers.json and peers.md into this folder")
    parser.add_argument("--compare", default="", help="print the change against peers.json in this folder")
    o = parser.parse_args()
    o.sluice = os.path.abspath(shutil.which(o.sluice) or sys.exit(f"no program {o.sluice}; say --sluice PATH"))
    only = o.only.split(",") if o.only else ["sluice", *PEERS]
    if unknown := set(only) - {"sluice", *PEERS}:
        sys.exit(f"no peer {', '.join(unknown)}; have sluice, {', '.join(PEERS)}")
    old = results.read(o.compare) if o.compare else None
    work = o.dir or tempfile.mkdtemp(prefix="sluice-peers-")
    try:
        print(results.finish(compare(o, only, work), old, o.write))
    finally:
        if not o.dir:
            shutil.rmtree(work)


def compare(o, only, work):
    """Runs all that is asked for and returns the result."""
    docs, ids, size = setup_peers.corpus(o.corpus, work)
    envs = setup_peers.environments({PEERS[name][0] for name in only if name in PEERS})
    result = results.Result(o.sluice, size, len(ids), envs)
    runs = [name for name in only if name in PEERS]
    if "sluice" in only:
        runs = ["sluice, star", "sluice, components", *runs]
    for name in runs:
        place = os.path.join(work, name.replace(", ", "-").replace("/", "-"))
        shutil.rmtree(place, ignore_errors=True)
        os.makedirs(place)
        print(f"{name} ...", file=sys.stderr, flush=True)
        try:
            if name in PEERS:
                found, took, command = run_peer(name, envs, docs, ids, place)
                setting = PEERS[name][3]
            else:
                cluster = name.split(", ")[1]
                found, took, command = run_sluice(o.sluice, cluster, docs, place)
                setting = f"256, J 0.8, verified, {cluster}"
            result.add(name, setting, took, command, score(o, name, found, place))
        except Failed as e:
            result.left_out(name, str(e))
    return result


def score(o, name, found, place):
    """Scores clusters and returns the figures by name."""
    subprocess.run(
        [o.sluice, "bench", "score", found, "--truth", o.corpus, "--as", "x", "--write", place],
        check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )
    return {f["name"]: f for f in results.read(place, "score-x")["figures"]}


if __name__ == "__main__":
    main()
