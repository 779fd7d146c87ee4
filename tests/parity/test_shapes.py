"""Models of many shapes, made here by transformers' classes, beside `seekling score --grad` and `seekling generate`: every key that
tests/golden/README.md has, within its tolerances. tests/golden holds seven such models; these need not lie in the repository.
"""
import importlib.util
import os
import pathlib
import subprocess

import numpy as np
import pytest
from safetensors.numpy import load_file

pytest.importorskip("transformers")

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = pathlib.Path(os.environ.get("SEEKLING_BUILD", ROOT / "build" / "release")) / "src/cli/seekling"

spec = importlib.util.spec_from_file_location("make_golden", ROOT / "tests/golden/make_golden.py")
make_golden = importlib.util.module_from_spec(spec)
spec.loader.exec_module(make_golden)


def yarn(**more):
    return dict(rope_scaling=dict(type="yarn", factor=4.0, original_max_position_embeddings=32, beta_fast=32, beta_slow=1, **more))


# name: (class, sequences, tokens, style of config.json, what differs from make_golden's models)
SHAPES = {
    "v3_no_query_compression_no_dense_layer": ("v3", 3, 7, "released", dict(q_lora_rank=None, first_k_dense_replace=0, hidden_size=30, vocab_size=41)),
    "v3_one_head": ("v3", 2, 9, "released", dict(
        num_attention_heads=1, num_key_value_heads=1, hidden_size=17, q_lora_rank=5, kv_lora_rank=3, qk_nope_head_dim=1,
        qk_rope_head_dim=2, v_head_dim=1, moe_intermediate_size=5, intermediate_size=3, rms_norm_eps=1e-3)),
    "v3_dense_layers_alone": ("v3", 2, 9, "released", dict(first_k_dense_replace=3)),
    "v3_many_groups_and_a_module": ("v3", 2, 6, "hf5", dict(
        n_routed_experts=12, num_experts_per_tok=3, n_group=6, topk_group=3, num_nextn_predict_layers=1, q_lora_rank=None)),
    "v3_tied_yarn_and_a_module": ("v3", 2, 30, "hf5", dict(
        num_nextn_predict_layers=1, tie_word_embeddings=True, routed_scaling_factor=0.7, **yarn(mscale=0.5, mscale_all_dim=1.2))),
    "v3_gates_not_normalised": ("v3", 1, 17, "released", dict(rms_norm_eps=0.01, norm_topk_prob=False, routed_scaling_factor=4.0)),
    "v2_yarn_unequal": ("v2", 2, 21, "hf5", dict(vocab_size=59, **yarn(mscale=1.0, mscale_all_dim=0.5))),
    "v2_yarn_mscale_alone": ("v2", 2, 40, "released", dict(vocab_size=59, **yarn(mscale=0.707))),
    "v2_yarn_all_dim_alone_tied": ("v2", 1, 33, "released", dict(vocab_size=59, tie_word_embeddings=True, **yarn(mscale_all_dim=0.8))),
    "v2_yarn_without_mscale": ("v2", 1, 33, "hf5", dict(vocab_size=59, **yarn())),
    "v2_one_expert_chosen": ("v2", 2, 13, "released", dict(num_experts_per_tok=1, n_routed_experts=3)),
    "v2_groups_null": ("v2", 1, 9, "released", dict(n_group=None, topk_group=None)),
    "v2_two_groups_short_ranks": ("v2", 3, 5, "hf5", dict(
        topk_method="group_limited_greedy", n_group=2, topk_group=1, n_routed_experts=6, num_experts_per_tok=3, q_lora_rank=2, kv_lora_rank=2)),
    "v2_wide_rotary": ("v2", 1, 17, "released", dict(qk_rope_head_dim=32, qk_nope_head_dim=2, v_head_dim=29, q_lora_rank=70)),
}


def run(*words):
    done = subprocess.run([str(w) for w in words], capture_output=True, text=True, env=dict(os.environ, OMP_NUM_THREADS="1"))
    assert done.returncode == 0, done.stderr
    return done.stdout


def tolerance(key, expected):
    if key.startswith("grad."):
        return 1e-3 * np.abs(expected).max(initial=0) + 1e-6
    return 2e-5 if "loss" in key or key.startswith("aux.") else 2e-4


@pytest.mark.parametrize("name", SHAPES)
def test_a_shape_gives_the_numbers_of_transformers(name, tmp_path, capsys):
    base, B, T, style, differs = SHAPES[name]
    config = dict(make_golden.V3_BASE if base == "v3" else make_golden.V2_BASE, **differs)
    with capsys.disabled():
        make_golden.run(name, dict(cfg=config, seed=7, B=B, T=T, style=style), str(tmp_path))
    folder = tmp_path / name
    run(PROGRAM, "score", "--model", folder, "--ids", folder / "expect.safetensors", "--out", tmp_path / "answers", "--grad")
    expect, found = load_file(folder / "expect.safetensors"), load_file(tmp_path / "answers")
    assert set(found) == set(expect)
    worst = {}
    for key, e in expect.items():
        f = found[key]
        assert f.shape == e.shape, key
        if e.dtype.kind == "i":
            assert (f == e).all(), key
            continue
        difference = np.abs(f - e).max(initial=0)
        assert difference <= tolerance(key, e), (key, difference)
        kind = key.split(".")[0]
        scale = np.abs(e).max(initial=0) + 1e-6 if kind == "grad" else 1
        worst[kind] = max(worst.get(kind, 0), difference / scale)
    print(f"\n{name}: " + "  ".join(f"{kind} {w:.0e}" for kind, w in worst.items()))
    prompt = ",".join(map(str, expect["gen.prompt"]))
    ids = run(PROGRAM, "generate", "--model", folder, "--ids", prompt, "--max-tokens", 16, "--print-ids", "--no-eos")
    assert ids.strip() == ",".join(map(str, expect["gen.ids"]))
