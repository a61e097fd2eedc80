"""Puts in place what the peers run on: their environments, and the corpus."""

import json
import os
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
REQUIREMENTS = {
    "main": ["requirements.txt"],
    "text-dedup": ["requirements-text-dedup.txt"],
    "curator": ["requirements-curator.txt", "--no-deps"],
}


def environments(names):
    """Returns the program of each environment that could be made, by name: a Python, or for "go" what runs.

    They stay for the next time.
    """
    envs = {}
    for name in sorted(names):
        folder = os.path.join(tempfile.gettempdir(), "sluice-peers-venv", name)
        python = os.path.join(folder, "bin", "python")
        try:
            if name == "go":
                subprocess.run(["go", "build", "-o", folder, "."], check=True, cwd=os.path.join(HERE, "ekzhu"), stdout=sys.stderr)
                envs[name] = folder
                continue
            if not os.path.exists(python):
                subprocess.run([sys.executable, "-m", "venv", folder], check=True, stdout=sys.stderr)
            subprocess.run(
                [python, "-m", "pip", "install", "--quiet", "--no-input", "-r", os.path.join(HERE, REQUIREMENTS[name][0]), *REQUIREMENTS[name][1:]],
                check=True, stdout=sys.stderr, timeout=900,
            )
            envs[name] = python
        except (subprocess.SubprocessError, OSError) as e:
            print(f"environment {name}: {e}", file=sys.stderr)
    return envs


def corpus(folder, work):
    """Writes the documents of a corpus as one plain JSONL file.

    Returns its path, the id of each row, and the bytes of all texts.
    """
    os.makedirs(work, exist_ok=True)
    docs = os.path.join(work, "in", "docs.jsonl")
    os.makedirs(os.path.dirname(docs), exist_ok=True)
    packed, plain = os.path.join(folder, "docs.jsonl.zst"), os.path.join(folder, "docs.jsonl")
    if os.path.exists(packed):
        subprocess.run(["zstd", "-dqf", packed, "-o", docs], check=True)
    elif not os.path.exists(plain):
        sys.exit(f"{folder} has no docs.jsonl and no docs.jsonl.zst")
    else:
        docs = os.path.abspath(plain)
    ids, size = [], 0
    with open(docs, encoding="utf-8") as f:
        for line in f:
            row = json.loads(line)
            ids.append(row["id"])
            size += len(row["text"].encode())
    return docs, ids, size
