"""GGUF files of Seekling in llama.cpp: the same ids, the same logits, the same greedy tokens. See README.md for how to run it."""
import json

import pytest

pytest.importorskip("llama_cpp")
from llama_model import GOLDEN, PROGRAM, Model, export, relative_rms, run, score

LIMITS = dict(fp32=1e-5, fp16=3e-3, bf16=2e-2, int8=4e-2)  # relative rms of the logits; Q8_0 rounds activations too

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
