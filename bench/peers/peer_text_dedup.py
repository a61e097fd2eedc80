"""text-dedup's own command: DOCS.jsonl CLUSTERS FOLDER THRESHOLD.

250 permutations and bands for the threshold, its default; no verification.
"""

import os
import pickle
import subprocess
import sys


def main(docs, clusters, work, threshold):
    subprocess.run(
        [sys.executable, "-m", "text_dedup.minhash", "--path", "json", "--data_files", docs, "--split", "train",
         "--cache_dir", f"{work}/cache", "--output", f"{work}/out", "--column", "text", "--ngram", "5",
         "--threshold", threshold, "--hash_func", "xxh3", "--num_proc", "1", "--debug"],
        check=True, cwd=work, env={**os.environ, "HF_HOME": f"{work}/hf", "HF_HUB_OFFLINE": "1"},
    )
    with open(f"{work}/out/uf.pkl", "rb") as f:
        parent = pickle.load(f).parent

    def find(x):
        while parent.get(x, x) != x:
            x = parent[x]
        return x

    with open(clusters, "w") as out:
        for row in parent:
            out.write(f"{row}\t{find(row)}\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
