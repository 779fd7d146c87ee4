#!/usr/bin/env python3
"""llama.cpp (PyPI: llama-cpp-python) on a GGUF, timed as `seekling bench decode` and `bench prefill` time themselves.

  peer_llamacpp.py MODEL.gguf --ctx 64 --gen 64 --threads 2
  peer_llamacpp.py MODEL.gguf --prefill 512 --threads 2

Prints one JSON object with the keys of `seekling bench --json`. A token is one call of llama_decode through the C API and
the argmax of its logits, so Python's share is microseconds. Ids are random; the first repetition does not count.
"""
import argparse
import ctypes
import json
import resource
import statistics
import sys
import time

import llama_cpp as llama
import numpy as np


class Model:
    def __init__(self, path, context, threads):
        self.log = llama.llama_log_callback(lambda level, text, user: None)  # kept: C holds a pointer to it
        llama.llama_log_set(self.log, ctypes.c_void_p(0))
        llama.llama_backend_init()
        model_params = llama.llama_model_default_params()
        model_params.n_gpu_layers = 0
        self.model = llama.llama_model_load_from_file(path.encode(), model_params)
        if not self.model:
            sys.exit(f"{path}: llama.cpp cannot load it")
        params = llama.llama_context_default_params()
        params.n_ctx, params.n_batch, params.n_ubatch = context, 512, 512
        params.n_threads = params.n_threads_batch = threads
        self.context = llama.llama_init_from_model(self.model, params)
        self.vocab_size = llama.llama_vocab_n_tokens(llama.llama_model_get_vocab(self.model))
        self.batch = llama.llama_batch_init(512, 0, 1)

    def read(self, ids, position):
        for begin in range(0, len(ids), 512):
            part = ids[begin : begin + 512]
            self.batch.n_tokens = len(part)
            for i, token in enumerate(part):
                self.batch.token[i], self.batch.pos[i] = int(token), position + begin + i
                self.batch.n_seq_id[i], self.batch.seq_id[i][0] = 1, 0
                self.batch.logits[i] = begin + i == len(ids) - 1
            if llama.llama_decode(self.context, self.batch) != 0:
                sys.exit("llama_decode failed")

    def likeliest(self):
        logits = llama.llama_get_logits_ith(self.context, -1)
        return int(np.ctypeslib.as_array(logits, shape=(self.vocab_size,)).argmax())

    def forget(self):
        llama.llama_memory_clear(llama.llama_get_memory(self.context), True)


def seconds(work):
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("gguf")
    parser.add_argument("--ctx", type=int, default=64)
    parser.add_argument("--gen", type=int, default=64)
    parser.add_argument("--prefill", type=int, help="time a prompt of so many tokens instead of decoding")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repetitions", type=int, default=5)
    flags = parser.parse_args()
    model = Model(flags.gguf, max(512, (flags.prefill or flags.ctx) + flags.gen + 64), flags.threads)
    rng = np.random.default_rng(1)
    times, tokens = [], flags.prefill or 1
    for repetition in range(flags.repetitions + 1):
        model.forget()
        ids = rng.integers(0, model.vocab_size, flags.prefill or flags.ctx)
        if flags.prefill:
            time_of_prompt = seconds(lambda: (model.read(ids, 0), model.likeliest()))
            times += [time_of_prompt] if repetition else []
            continue
        model.read(ids, 0)
        token = model.likeliest()
        for i in range(flags.gen):
            begin = time.perf_counter()
            model.read([token], flags.ctx + i)
            token = model.likeliest()
            times += [time.perf_counter() - begin] if repetition else []
    print(json.dumps({
        "peer": "llama.cpp", "package": llama.__version__, "model": flags.gguf.split("/")[-1], "threads": flags.threads,
        "ctx": flags.prefill or flags.ctx, "tokens_per_s": tokens / statistics.median(times),
        "tokens_per_s_best": tokens / min(times),
        "peak_rss_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }))


if __name__ == "__main__":
    main()
