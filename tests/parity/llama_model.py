"""llama.cpp through its C functions, and Seekling's commands beside it.

    python llama_model.py FILE.gguf IDS.npy LOGITS.npy

computes logits in a process of its own: llama.cpp ends the process where it meets a model that it
does not take.
"""
import ctypes
import os
import pathlib
import subprocess
import sys

import llama_cpp as L
import numpy as np
from safetensors.numpy import load_file, save_file

ROOT = pathlib.Path(__file__).resolve().parents[2]
GOLDEN = ROOT / "tests" / "golden"
BUILD = pathlib.Path(os.environ.get("SEEKLING_BUILD", ROOT / "build" / "release"))
PROGRAM = BUILD / "src/cli/seekling"
F32 = 0  # ggml's number, for a cache that rounds nothing
SILENT = L.llama_log_callback(lambda level, text, data: None)  # llama.cpp keeps its address


def try_to_run(*words, **kwargs):
    return subprocess.run([str(w) for w in words], capture_output=True, text=True,
                          env=dict(os.environ, OMP_NUM_THREADS="1"), **kwargs)


def run(*words, **kwargs):
    done = try_to_run(*words, **kwargs)
    assert done.returncode == 0, done.stderr
    return done.stdout


class Model:
    """A GGUF file in llama.cpp, on one thread."""

    def __init__(self, path):
        L.llama_log_set(SILENT, ctypes.c_void_p(0))
        L.llama_backend_init()
        settings = L.llama_model_default_params()
        settings.n_gpu_layers = 0
        self.model = L.llama_model_load_from_file(str(path).encode(), settings)
        assert self.model, f"llama.cpp does not load {path}"
        self.vocab = L.llama_model_get_vocab(self.model)
        self.size = L.llama_vocab_n_tokens(self.vocab)

    def __del__(self):
        if self.model:
            L.llama_model_free(self.model)

    def tokenize(self, text):
        raw = text.encode()
        ids = (ctypes.c_int32 * (len(raw) + 8))()
        n = L.llama_tokenize(self.vocab, raw, len(raw), ids, len(ids), False, True)
        assert n >= 0
        return list(ids[:n])

    def logits(self, ids):
        settings = L.llama_context_default_params()
        settings.n_ctx = settings.n_batch = settings.n_ubatch = 256
        settings.n_threads = settings.n_threads_batch = 1
        settings.type_k = settings.type_v = F32
        settings.flash_attn_type = L.LLAMA_FLASH_ATTN_TYPE_DISABLED  # it rounds to F16
        context = L.llama_init_from_model(self.model, settings)
        batch = L.llama_batch_init(256, 0, 1)
        batch.n_tokens = len(ids)
        for i, token in enumerate(ids):
            batch.token[i], batch.pos[i], batch.logits[i] = int(token), i, 1
            batch.n_seq_id[i], batch.seq_id[i][0] = 1, 0
        assert L.llama_decode(context, batch) == 0
        rows = [np.ctypeslib.as_array(L.llama_get_logits_ith(context, i), shape=(self.size,)).copy()
                for i in range(len(ids))]
        L.llama_batch_free(batch)
        L.llama_free(context)
        return np.stack(rows)

    def greedy(self, ids, n):
        ids = list(ids)
        for _ in range(n):
            ids.append(int(self.logits(ids)[-1].argmax()))
        return ids[-n:]


def export(folder, dtype, tmp_path):
    path = tmp_path / f"{dtype}.gguf"
    run(PROGRAM, "export", "--gguf", "--model", folder, "--out", path, "--dtype", dtype)
    return path


def score(folder, ids, tmp_path):
    save_file({"input_ids": np.array([ids], np.int64)}, tmp_path / "ids.safetensors")
    run(PROGRAM, "score", "--model", folder, "--ids", tmp_path / "ids.safetensors",
        "--out", tmp_path / "out.safetensors")
    return load_file(tmp_path / "out.safetensors")["logits"][0]


def relative_rms(found, expected):
    return float(np.sqrt(((found - expected) ** 2).mean() / (expected ** 2).mean()))


def main():
    file, ids, out = sys.argv[1:]
    np.save(out, Model(file).logits(np.load(ids)))


if __name__ == "__main__":
    main()
