#!/usr/bin/env python3
"""Learning a vocabulary, beside Hugging Face's tokenizers (PyPI), on one thread each, in seconds of the processor.

  peer_tokenizer_train.py build/release/src/cli/seekling FILE [--vocab-size 8192] [--rounds 3]

In each round both learn from the same file with DeepSeek-V3's pre-tokenizer, the library from its paragraphs. Ours reads
the file and writes tokenizer.json in that time; of the library's only the training counts. Prints one JSON object.
"""
import argparse
import json
import os
import resource
import statistics
import subprocess
import tempfile
import time

os.environ.update(RAYON_NUM_THREADS="1", TOKENIZERS_PARALLELISM="false")
SPECIALS = ["<｜begin▁of▁sentence｜>", "<｜end▁of▁sentence｜>", "<｜▁pad▁｜>"]


def ours(program, file, size, out):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([program, "tokenizer", "train", "--data", file, "--vocab-size", str(size), "--threads", "1", "--out", out],
                   check=True, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def theirs(like, paragraphs, size):
    from tokenizers import Tokenizer, models, pre_tokenizers, trainers

    learned = Tokenizer(models.BPE())
    learned.pre_tokenizer = Tokenizer.from_file(like).pre_tokenizer
    trainer = trainers.BpeTrainer(vocab_size=size, min_frequency=2, show_progress=False, special_tokens=SPECIALS,
                                  initial_alphabet=pre_tokenizers.ByteLevel.alphabet())
    begin = time.process_time()
    learned.train_from_iterator(paragraphs, trainer)
    return time.process_time() - begin


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("file")
    parser.add_argument("--vocab-size", type=int, default=8192)
    parser.add_argument("--rounds", type=int, default=3)
    flags = parser.parse_args()
    with open(flags.file, encoding="utf-8", newline="") as file:
        paragraphs = file.read().split("\n\n")
    rounds = []
    with tempfile.TemporaryDirectory() as folder:
        out = os.path.join(folder, "tokenizer.json")
        for _ in range(flags.rounds):
            mine = ours(flags.program, flags.file, flags.vocab_size, out)
            rounds.append((mine, theirs(out, paragraphs, flags.vocab_size)))
    print(json.dumps({"mb": os.path.getsize(flags.file) / 1e6, "vocab_size": flags.vocab_size,
                      "ours_s": statistics.median(a for a, _ in rounds), "tokenizers_s": statistics.median(b for _, b in rounds),
                      "ratio": statistics.median(b / a for a, b in rounds)}))


if __name__ == "__main__":
    main()
