"""GGUF files of Seekling in llama.cpp: the same ids, the same logits, the same greedy tokens. See README.md for how to run it."""
import ctypes
import json
import os
import pathlib
import subprocess

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

L = pytest.importorskip("llama_cpp")

ROOT = pathlib.Path(__file__).resolve().parents[2]
GOLDEN = ROOT / "tests" / "golden"
PROGRAM = pathlib.Path(os.environ.get("SEEKLING_BUILD", ROOT / "build" / "release")) / "src/cli/seekling"
LIMITS = dict(fp32=1e-3, fp16=3e-3, bf16=2e-2, int8=4e-2)  # relative rms of the logits; Q8_0 rounds activations too
F32 = 0  # ggml's number, for a cache that rounds nothing

SHAPE = ["--vocab-size", 700, "--hidden-size", 64, "--num-hidden-layers", 3, "--num-attention-heads", 2, "--kv-lora-rank", 32,
         "--qk-nope-head-dim", 32, "--qk-rope-head-dim", 16, "--v-head-dim", 32, "--intermediate-size", 96,
         "--moe-intermediate-size", 32, "--n-routed-experts", 8, "--set", "max_position_embeddings=256"]
YARN = dict(type="yarn", factor=4.0, original_max_position_embeddings=32, beta_fast=32, beta_slow=1, mscale=0.707, mscale_all_dim=0.707)
KINDS = {
    "v2": ("tok_v2", ["--num-experts-per-tok", 2]),
    "v3": ("tok_v3", ["--model-type", "deepseek_v3", "--topk-method", "noaux_tc", "--scoring-func", "sigmoid", "--norm-topk-prob", "true",
                      "--q-lora-rank", 32, "--num-experts-per-tok", 2, "--set", "n_group=4", "--set", "topk_group=2",
                      "--num-nextn-predict-layers", 1]),
    "v2 tied": ("tok_v3", ["--tie-word-embeddings", "true"]),
    "v2 yarn": ("tok_v3", []),
}


def run(*words, **kwargs):
    done = subprocess.run([str(w) for w in words], capture_output=True, text=True, env=dict(os.environ, OMP_NUM_THREADS="1"), **kwargs)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module", params=KINDS)
def trained(request, tmp_path_factory):
    """A run of a few steps, and its folder: weights that are no longer random."""
    tokenizer, shape = KINDS[request.param]
    folder = tmp_path_factory.mktemp(request.param.replace(" ", "-"))
    run(PROGRAM, "train", "--out", folder / "run", "--data", GOLDEN / tokenizer / "corpus.txt", "--tokenizer", GOLDEN / tokenizer / "tokenizer.json",
        *SHAPE, *shape, "--steps", 60, "--batch-size", 8, "--seq-len", 64, "--warmup-steps", 5, "--lr", 0.003, "--sample-every", 0, "--eval-every", 0)
    if request.param == "v2 yarn":  # trained without, as DeepSeek did
        config = folder / "run" / "config.json"
        config.write_text(json.dumps({**json.loads(config.read_text()), "rope_scaling": YARN}))
    return request.param, tokenizer, folder / "run"


class Model:
    """llama.cpp through its C functions, on one thread."""

    def __init__(self, path):
        self.log = L.llama_log_callback(lambda level, text, data: None)
        L.llama_log_set(self.log, ctypes.c_void_p(0))
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
        context = L.llama_init_from_model(self.model, settings)
        batch = L.llama_batch_init(256, 0, 1)
        batch.n_tokens = len(ids)
        for i, token in enumerate(ids):
            batch.token[i], batch.pos[i], batch.n_seq_id[i], batch.logits[i] = int(token), i, 1, 1
            batch.seq_id[i][0] = 0
        assert L.llama_decode(context, batch) == 0
        rows = [np.ctypeslib.as_array(L.llama_get_logits_ith(context, i), shape=(self.size,)).copy() for i in range(len(ids))]
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
    run(PROGRAM, "score", "--model", folder, "--ids", tmp_path / "ids.safetensors", "--out", tmp_path / "out.safetensors")
    return load_file(tmp_path / "out.safetensors")["logits"][0]


def relative_rms(found, expected):
    return float(np.sqrt(((found - expected) ** 2).mean() / (expected ** 2).mean()))


@pytest.mark.parametrize("dtype", LIMITS)
def test_llama_cpp_gives_our_logits_and_greedy_tokens(trained, dtype, tmp_path):
    kind, tokenizer, folder = trained
    text = (GOLDEN / tokenizer / "corpus.txt").read_text()[:400]
    ids = json.loads(run(PROGRAM, "tokenizer", "encode", "--tokenizer", folder, "--whole", input=text))[:96]
    path = export(folder, dtype, tmp_path)
    model = Model(path)
    expected, found = score(folder, ids, tmp_path), model.logits(ids)
    error = relative_rms(found, expected)
    print(f"\n{kind} {dtype}: relative rms of the logits {error:.1e}, same likeliest token at {(found.argmax(1) == expected.argmax(1)).mean():.0%}")
    assert error < LIMITS[dtype]
    if dtype in ("fp32", "fp16"):
        ours = run(PROGRAM, "generate", "--model", folder, "--ids", ",".join(map(str, ids[:8])), "--max-tokens", 32, "--print-ids", "--no-eos")
        assert model.greedy(ids[:8], 32) == [int(i) for i in ours.split(",")]

    run(PROGRAM, "import", "--model", path, "--out", tmp_path / "back")  # and here again: the numbers that llama.cpp had
    assert relative_rms(score(tmp_path / "back", ids, tmp_path), expected) < LIMITS[dtype]


def test_llama_cpp_gives_our_ids(trained, tmp_path):
    _, tokenizer, folder = trained
    model = Model(export(folder, "fp32", tmp_path))
    cases = json.loads((GOLDEN / tokenizer / "cases.json").read_text())["cases"]
    wrong = [case["text"] for case in cases if model.tokenize(case["text"]) != case["ids"]]
    print(f"\n{tokenizer}: {len(cases)} texts, {len(wrong)} with other ids in llama.cpp: {wrong[:10]}")
    assert not wrong
