"""Near duplicates by datasketch and by `seekling data dedup`, the same text, one thread, in turn.

    python3 -m venv build/venv && build/venv/bin/pip install datasketch
    build/venv/bin/python tests/bench/peer_datasketch.py build/release/src/cli/seekling FILE.jsonl

Prints seconds of CPU time, the ratio, and how many documents each drops. datasketch reads the file,
makes the MinHash of each document's runs of five words with as many orders as ours (bands times
rows) and asks its LSH index for candidates; the first of duplicates stays, and what its index
names is not verified, so it also drops documents below the target.
"""
import json
import re
import subprocess
import sys
import tempfile
import resource
import time

from datasketch import MinHash, MinHashLSH

ROUNDS, TARGET, BANDS, ROWS = 3, 0.8, 18, 7


def shingles(text):
    words = re.findall(r"\w+", text.lower())
    return {" ".join(words[i:i + 5]).encode() for i in range(max(1, len(words) - 4))}


def theirs(path):
    begin = time.process_time()
    index = MinHashLSH(num_perm=BANDS * ROWS, params=(BANDS, ROWS))
    dropped = 0
    with open(path, encoding="utf8") as lines:
        for number, line in enumerate(lines):
            minhash = MinHash(num_perm=BANDS * ROWS)
            minhash.update_batch(list(shingles(json.loads(line)["text"])))
            if index.query(minhash):
                dropped += 1
            else:
                index.insert(str(number), minhash)
    return time.process_time() - begin, dropped


def ours(program, path):
    def used():
        usage = resource.getrusage(resource.RUSAGE_CHILDREN)
        return usage.ru_utime + usage.ru_stime

    with tempfile.TemporaryDirectory() as out:
        begin = used()
        subprocess.run([program, "data", "dedup", path, "--out", out, "--threads", "1", "--jaccard",
                        str(TARGET)], check=True, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL)
        with open(out + "/report.json", encoding="utf8") as report:
            dropped = json.load(report)["dropped"]
    return used() - begin, sum(rule["documents"] for rule in dropped.values())


def main():
    program, path = sys.argv[1:]
    for _ in range(ROUNDS):
        (a, dropped_a), (b, dropped_b) = ours(program, path), theirs(path)
        print(f"ours {a:.2f} s, dropped {dropped_a}; datasketch {b:.2f} s, dropped {dropped_b}; "
              f"ratio {b / a:.1f}", flush=True)


main()
