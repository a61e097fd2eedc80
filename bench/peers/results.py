"""The result of a comparison: bench/results/peers.json, and peers.md to read."""

import datetime
import json
import os
import platform
import shlex
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))

# what of a score stands in the table, and how
COLUMNS = [
    ("MB/s per core", "speed per core", "{:.2f}"),
    ("CPU s", "CPU", "{:.1f}"),
    ("wall s", "wall", "{:.1f}"),
    ("peak MB", "peak memory", "{:.0f}"),
    ("removed", "removed", "{:.0f}"),
    ("of them no partner", "removed, best partner J < 0.8: share", "{:.1%}"),
    ("J < 0.8 to the kept one", "removed, kept one J < 0.8", "{:.0f}"),
    ("kept, J >= 0.8 to one kept before", "kept, but J >= 0.8 to an earlier one that is kept", "{:.0f}"),
    ("pair recall", "pair recall", "{:.4f}"),
    ("precision", "document precision", "{:.4f}"),
    ("recall", "document recall", "{:.4f}"),
    ("F1", "F1", "{:.4f}"),
]


def read(folder, name="peers"):
    """Reads a result from a folder."""
    with open(os.path.join(folder, name + ".json")) as f:
        return json.load(f)


class Result:
    """What was measured, in the form of the results of `sluice bench`."""

    def __init__(self, sluice, size, documents, envs, name="peers"):
        self.size, self.rows, self.missing = size, [], []
        self.ideal = None
        self.json = {
            "name": name,
            "command": shlex.join(["python3", *sys.argv]),
            "when": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "commit": output("git", "describe", "--always", "--dirty", "--abbrev=12"),
            "machine": machine(),
            "versions": {"python": platform.python_version(), "sluice": output(sluice, "version"), **versions(envs)},
            "commands": {},
            "figures": [],
        }
        self.figure("text", size / 1e6, "MB")
        self.figure("documents", documents, "documents")

    def figure(self, name, value, unit):
        self.json["figures"].append({"name": name, "value": value, "unit": unit})

    def add(self, name, setting, took, command, score):
        """Notes a run that went well."""
        values = {**took, "speed per core": self.size / 1e6 / took["CPU"]}
        units = {"CPU": "s", "wall": "s", "peak memory": "MB", "speed per core": "MB/s"}
        for key, value in values.items():
            self.figure(f"{name}: {key}", value, units[key])
        for key, f in score.items():
            self.figure(f"{name}: {key}", f["value"], f["unit"])
            values[key] = f["value"]
        self.ideal = values["removed, ideal of components"]
        self.json["commands"][name] = shlex.join(command)
        self.rows.append([name, setting] + [form.format(values[key]) for _, key, form in COLUMNS])

    def left_out(self, name, why):
        """Notes a run that did not."""
        print(f"{name}: {why}", file=sys.stderr)
        self.missing.append((name, why.splitlines()[0], why))

    def table(self):
        """Returns the page to read."""
        m, v = self.json["machine"], self.json["versions"]
        head = ["", "setting"] + [title for title, _, _ in COLUMNS]
        lines = [
            "# Peers side by side",
            "",
            f"{self.json['when']}, commit {self.json['commit']}. {m['cpu']}, {m['cores']} cores, {m['memory'] / 2**30:.0f} GiB, {m['os']}.",
            "Versions: " + ", ".join(f"{name} {version}" for name, version in v.items()) + ".",
            f"{self.size / 1e6:.1f} MB of text"
            + (f"; ideal is to remove {self.ideal:.0f} documents (word 5-grams, J >= 0.8)." if self.ideal is not None else "."),
            "Of the documents of a cluster of a peer, the first is taken to stay.",
            "Each on one thread; speed is text over CPU seconds of the whole run, with start, reading and writing.",
            "",
            "| " + " | ".join(head) + " |",
            "|" + "---|" * len(head),
        ]
        lines += ["| " + " | ".join(row) + " |" for row in self.rows]
        for name, why, _ in self.missing:
            lines += ["", f"Not run: {name}: {why}"]
        lines += ["", "Commands:", "", "```", self.json["command"]]
        lines += [f"# {name}\n{command}" for name, command in self.json["commands"].items()]
        return "\n".join(lines + ["```", ""])


def finish(result, old, write):
    """Writes a result, and returns what to print: the table, and the change against an old one."""
    table = result.table()
    if write:
        save(result.json, write)
        with open(os.path.join(write, "peers.md"), "w") as f:
            f.write(table)
    return table + ("\n" + change(result.json, old) if old else "")


def save(result, folder):
    """Writes a result into a folder."""
    with open(os.path.join(folder, result["name"] + ".json"), "w") as f:
        f.write(json.dumps(result, indent=2) + "\n")


def change(new, old):
    """Returns a line for each figure that is in both."""
    before = {f["name"]: f["value"] for f in old["figures"]}
    lines = [f"compared with {old['commit']} of {old['when']}" + ("" if old["machine"] == new["machine"] else ", on another machine")]
    for f in new["figures"]:
        was = before.get(f["name"])
        if was:
            lines.append(f"{f['name']:<64} {f['value']:10.4g} {f['unit']:<12} {100 * (f['value'] - was) / was:+.1f} %")
    return "\n".join(lines)


def versions(envs):
    """Returns the versions of the packages that requirements*.txt name."""
    found = {}
    for name, python in envs.items():
        if name == "go":
            found["minhash-lsh"] = output("go", "list", "-C", os.path.join(HERE, "ekzhu"), "-m", "-f", "{{.Version}}", "github.com/ekzhu/minhash-lsh")
            continue
        text = output(python, "-m", "pip", "list", "--format=json", "--disable-pip-version-check")
        wanted = {"main": ("datatrove", "datasketch", "rensa", "numpy", "xxhash"), "text-dedup": ("text-dedup", "datasets"),
                  "curator": ("nemo-curator", "regex", "beautifulsoup4", "comment-parser")}[name]
        found.update({p["name"]: p["version"] for p in json.loads(text) if p["name"].lower().replace("_", "-") in wanted})
    return found


def machine():
    """Describes this machine as sluice does."""
    def field(path, key):
        try:
            with open(path) as f:
                return next((line.split(":", 1)[1].strip() for line in f if line.split(":", 1)[0].strip() == key), "unknown")
        except OSError:
            return "unknown"

    memory = field("/proc/meminfo", "MemTotal").split()[0]
    return {
        "cpu": field("/proc/cpuinfo", "model name"),
        "cores": os.cpu_count(),
        "memory": int(memory) * 1024 if memory.isdigit() else 0,
        "os": f"{platform.system().lower()}/{platform.machine().replace('x86_64', 'amd64')}",
    }


def output(*command):
    """Returns what a command prints, on one line."""
    try:
        return " ".join(subprocess.run(command, check=True, capture_output=True, text=True).stdout.split())
    except (OSError, subprocess.SubprocessError):
        return "unknown"
