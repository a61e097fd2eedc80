"""datasketch: MinHash of 128 and MinHashLSH at 0.8: DOCS.jsonl CLUSTERS FOLDER.

What the index returns for a document is one cluster with it.
"""

import sys

from datasketch import MinHash, MinHashLSH
from shingles import Clusters, documents, shingles


def main(docs, clusters, _):
    index = MinHashLSH(threshold=0.8, num_perm=128)
    found = Clusters()
    for row, text in enumerate(documents(docs)):
        grams = [g.encode() for g in shingles(text)]
        if not grams:
            continue
        sketch = MinHash(num_perm=128)
        sketch.update_batch(grams)
        for other in index.query(sketch):
            found.join(row, other)
        index.insert(row, sketch)
    print(f"bands {index.b} x {index.r}")
    found.write(clusters)


if __name__ == "__main__":
    main(*sys.argv[1:])
