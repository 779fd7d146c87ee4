#!/usr/bin/env python3
"""Hugging Face transformers (PyPI: torch, transformers) on a checkpoint folder: generate() and the reading of a prompt.

  peer_transformers.py FOLDER --ctx 64 --gen 64 --threads 2
  peer_transformers.py FOLDER --prefill 512 --threads 2

Prints one JSON object with the keys of `seekling bench --json`. A token's time is the difference of two calls of generate(),
with one token to come and with 1 + gen. Ids are random; the first repetition does not count.
"""
import argparse
import json
import resource
import statistics
import time

import torch
import transformers


def seconds(work):
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder")
    parser.add_argument("--ctx", type=int, default=64)
    parser.add_argument("--gen", type=int, default=64)
    parser.add_argument("--prefill", type=int, help="time a prompt of so many tokens instead of decoding")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repetitions", type=int, default=5)
    flags = parser.parse_args()
    torch.set_num_threads(flags.threads)
    torch.manual_seed(1)
    model = transformers.AutoModelForCausalLM.from_pretrained(flags.folder, dtype=torch.float32).eval()
    length, times = flags.prefill or flags.ctx, []

    def generate(ids, n):
        mask = torch.ones_like(ids)
        model.generate(ids, attention_mask=mask, max_new_tokens=n, min_new_tokens=n, do_sample=False, pad_token_id=0)

    with torch.inference_mode():
        for repetition in range(flags.repetitions + 1):
            ids = torch.randint(model.config.vocab_size, (1, length))
            if flags.prefill:
                taken = seconds(lambda: model(ids, use_cache=True, logits_to_keep=1)) / flags.prefill
            else:
                first = seconds(lambda: generate(ids, 1))
                taken = (seconds(lambda: generate(ids, 1 + flags.gen)) - first) / flags.gen
            times += [taken] if repetition else []
    print(json.dumps({
        "peer": "transformers", "package": transformers.__version__, "model": flags.folder, "threads": flags.threads, "ctx": length,
        "tokens_per_s": 1 / statistics.median(times), "tokens_per_s_best": 1 / min(times),
        "peak_rss_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }))


if __name__ == "__main__":
    main()
