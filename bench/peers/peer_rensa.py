"""rensa: R-MinHash of 128 over all shingles, its deduplicator at 0.8: DOCS.jsonl CLUSTERS FOLDER.

A document that the deduplicator finds like one that it holds is one cluster
with the first such; the others it takes in. This is add() taken apart, because
add() does not say whom a document is like.
"""

import sys

from rensa import RMinHash, RMinHashDeduplicator
from shingles import Clusters, documents, shingles


def main(docs, clusters, _):
    held = RMinHashDeduplicator(threshold=0.8, num_perm=128, use_lsh=True)
    found = Clusters()
    for row, text in enumerate(documents(docs)):
        grams = shingles(text)
        if not grams:
            continue
        sketch = RMinHash(num_perm=128, seed=42)
        sketch.update(list(grams))
        like = held.get_duplicates(sketch)
        if like:
            found.join(row, min(int(x) for x in like))
        else:
            held.add(str(row), sketch)
    found.write(clusters)


if __name__ == "__main__":
    main(*sys.argv[1:])
