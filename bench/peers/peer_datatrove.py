"""datatrove's four stages of MinHash dedup as its example runs them: DOCS.jsonl CLUSTERS FOLDER.

Words are \\w+; those of spaCy, its default for English, take longer still.
"""

import os
import re
import struct
import sys

from datatrove.executor import LocalPipelineExecutor
from datatrove.pipeline.dedup import MinhashDedupBuckets, MinhashDedupCluster, MinhashDedupFilter, MinhashDedupSignature
from datatrove.pipeline.dedup.minhash import MinhashConfig
from datatrove.pipeline.readers import JsonlReader
from datatrove.pipeline.writers.jsonl import JsonlWriter
from datatrove.utils.hashing import HashConfig
from datatrove.utils.word_tokenizers import WordTokenizer


class Words(WordTokenizer):
    def word_tokenize(self, text):
        return re.findall(r"\w+", text)

    def sent_tokenize(self, text):
        return [text]

    def span_tokenize(self, text):
        return [(0, len(text))]


def main(docs, clusters, work):
    config = MinhashConfig(hash_config=HashConfig(precision=64), num_buckets=14, hashes_per_bucket=8)

    def reader():
        return JsonlReader(os.path.dirname(docs), glob_pattern=os.path.basename(docs), compression=None)

    def run(steps, tasks=1):
        LocalPipelineExecutor(steps, tasks=tasks, workers=1, logging_dir=f"{work}/log-{type(steps[-1]).__name__}").run()

    run([reader(), MinhashDedupSignature(f"{work}/signatures", config=config, language=Words())])
    run([MinhashDedupBuckets(f"{work}/signatures", f"{work}/buckets", config=config)], tasks=config.num_buckets)
    run([MinhashDedupCluster(f"{work}/buckets", f"{work}/remove", config=config, save_cluster_id=True)])
    run([reader(), MinhashDedupFilter(f"{work}/remove"), JsonlWriter(f"{work}/kept", compression=None)])
    with open(f"{work}/remove/000000.clusters", "rb") as f, open(clusters, "w") as out:
        for row, cluster in struct.iter_unpack("<II", f.read()):
            out.write(f"{row}\t{cluster}\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
