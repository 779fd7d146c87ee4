#!/usr/bin/env python3
"""A text file's ids by another library (PyPI: tokenizers, tiktoken), one pass on one thread, in seconds of the processor.

  peer_tokenizers.py tokenizers TOKENIZER.JSON FILE
  peer_tokenizers.py tiktoken TOKENIZER.JSON FILE

Prints one JSON object. tiktoken gets the same vocabulary, and one expression: the alternatives of all stages that split
(its ids may differ where a stage would have seen its own piece only).
"""
import json
import os
import sys
import time

os.environ.update(RAYON_NUM_THREADS="1", TOKENIZERS_PARALLELISM="false")


def bytes_of_printable():
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    rest = [b for b in range(256) if b not in plain]
    return {chr(b): b for b in plain} | {chr(256 + i): b for i, b in enumerate(rest)}


GPT2 = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"


def expression(stages):
    out = []
    for stage in stages:
        if stage["type"] == "Split":
            out.append(stage["pattern"]["Regex"])
        elif stage["type"] == "Digits":
            out.append(r"\p{N}")
        elif stage["use_regex"]:
            out.append(GPT2)
    return "|".join(out)


def tiktoken_encoder(path):
    import tiktoken

    file = json.load(open(path, encoding="utf-8"))
    known, special = bytes_of_printable(), {t["content"] for t in file["added_tokens"]}
    ranks = {bytes(known[c] for c in token): i for token, i in file["model"]["vocab"].items()
             if token not in special and all(c in known for c in token)}
    pre = file["pre_tokenizer"]
    encoding = tiktoken.Encoding("bench", pat_str=expression(pre.get("pretokenizers", [pre])),
                                 mergeable_ranks=ranks, special_tokens={})
    return encoding.encode_ordinary


def tokenizers_encoder(path):
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(path)
    return lambda text: tokenizer.encode(text, add_special_tokens=False).ids


def main():
    library, path, file = sys.argv[1:]
    encode = {"tokenizers": tokenizers_encoder, "tiktoken": tiktoken_encoder}[library](path)
    text = open(file, encoding="utf-8", newline="").read()
    begin = time.process_time()
    ids = encode(text)
    took = time.process_time() - begin
    print(json.dumps({"library": library, "tokens": len(ids), "tokens_per_s": len(ids) / took}))


if __name__ == "__main__":
    main()
