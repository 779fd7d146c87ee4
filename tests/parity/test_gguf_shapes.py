"""Sixty models of random shapes, exported as GGUF: each gives our logits in llama.cpp, or export
refuses it in a sentence. `pytest -s` prints what became of each.
"""
import importlib.util
import json
import subprocess
import sys

import numpy as np
import pytest
from safetensors.numpy import save_file

pytest.importorskip("llama_cpp")
import llama_model
from llama_model import GOLDEN, PROGRAM, relative_rms, score, try_to_run

SEED, SHAPES, TOKENS = 27, 60, 48
LIMIT = 1e-5  # relative rms of the logits in F32

spec = importlib.util.spec_from_file_location("make_golden", GOLDEN / "make_golden.py")
make_golden = importlib.util.module_from_spec(spec)
spec.loader.exec_module(make_golden)

# The sentences of src/interop/llama_cpp.cpp, by their beginnings.
REFUSALS = ("YaRN's mscale is", "YaRN's beta_fast is", "q_lora_rank is", "topk_method is",
            "rms_norm_eps is", "routed_scaling_factor is", "n_shared_experts is",
            "n_routed_experts is", "num_hidden_layers is", "4 groups have one expert each")


def shape(number):
    """A config.json. Now and then a key has a value that llama.cpp does not take."""
    rng = np.random.default_rng([SEED, number])

    def pick(*options):
        return options[rng.integers(len(options))]

    def rarely(value, otherwise):
        return value if rng.random() < 0.08 else otherwise

    router = pick("v2", "v2", "v3", "v3", "v3", "seekling")
    c = dict(make_golden.V3_BASE if router == "v3" else make_golden.V2_BASE)
    c.update(vocab_size=pick(41, 64, 97, 300), hidden_size=pick(16, 30, 32, 64, 96),
             num_hidden_layers=pick(1, 2, 3, 4, rarely(26, 5), rarely(27, 2), rarely(513, 3)),
             num_attention_heads=pick(1, 2, 3, 4), q_lora_rank=pick(None, 5, 16, 24),
             kv_lora_rank=pick(3, 8, 16, 32), qk_nope_head_dim=pick(1, 4, 8, 16),
             qk_rope_head_dim=pick(2, 4, 8, 16), v_head_dim=pick(1, 4, 6, 16),
             intermediate_size=pick(3, 24, 64), moe_intermediate_size=pick(5, 16, 24),
             n_routed_experts=rarely(1028, pick(4, 8, 12, 16)), num_experts_per_tok=pick(1, 2, 3),
             n_shared_experts=rarely(0, pick(1, 2)), first_k_dense_replace=pick(0, 1, 1, 4),
             n_group=1, topk_group=1, routed_scaling_factor=rarely(0.0, pick(1.0, 2.5, 16.0)),
             rms_norm_eps=rarely(pick(1e-5, 1e-3), 1e-6), rope_theta=pick(100.0, 10000.0, 1e6),
             tie_word_embeddings=pick(False, False, True), max_position_embeddings=256)
    c["num_key_value_heads"] = c["num_attention_heads"]
    if router == "v2" and rng.random() < 0.15:
        c.update(topk_method="group_limited_greedy", n_group=4, topk_group=pick(3, 4))
    if router == "v3":
        c.update(n_group=pick(1, 2, 4), norm_topk_prob=pick(True, True, False))
        c["topk_group"] = pick(1, 2) if c["n_group"] > 1 else 1
        c["num_experts_per_tok"] = min(c["num_experts_per_tok"], c["n_routed_experts"]
                                       // c["n_group"] * c["topk_group"])
    if router == "seekling":
        c.update(model_type="seekling", topk_method=pick("greedy", "noaux_tc"),
                 scoring_func=pick("sigmoid", "softmax"), norm_topk_prob=pick(True, False))
        del c["architectures"]
    if rng.random() < 0.4:
        mscale = pick(0.707, 1.0)
        c["rope_scaling"] = dict(
            type="yarn", factor=pick(1.0, 2.0, 4.0, 40.0),
            original_max_position_embeddings=pick(16, 32), beta_fast=rarely(8, 32),
            beta_slow=rarely(2, 1), mscale=rarely(0.5, mscale), mscale_all_dim=rarely(0.0, mscale))
    return c


def save(c, folder, seed):
    folder.mkdir()
    biases = c["topk_method"] == "noaux_tc"
    weights = make_golden.draw_weights(dict(c, model_type="deepseek_v3" if biases else ""), seed)
    if c["n_shared_experts"] == 0:
        weights = {n: w for n, w in weights.items() if "shared_experts" not in n}
    save_file(weights, folder / "model.safetensors")
    (folder / "config.json").write_text(json.dumps(c))


def logits_in_llama_cpp(path, ids, tmp_path):
    np.save(tmp_path / "ids.npy", ids)
    words = [llama_model.__file__, path, tmp_path / "ids.npy", tmp_path / "logits.npy"]
    done = subprocess.run([sys.executable, *map(str, words)], capture_output=True, text=True)
    assert done.returncode == 0, f"llama.cpp does not take {path}: {done.stderr[-500:]}"
    return np.load(tmp_path / "logits.npy")


@pytest.mark.parametrize("number", range(SHAPES))
def test_a_shape_is_the_same_in_llama_cpp_or_refused(number, tmp_path):
    c = shape(number)
    save(c, tmp_path / "model", seed=number)
    exported = try_to_run(PROGRAM, "export", "--gguf", "--model", tmp_path / "model",
                          "--out", tmp_path / "model.gguf", "--dtype", "fp32")
    if exported.returncode != 0:
        sentence = exported.stderr.splitlines()[-1].removeprefix("seekling: gguf: ")
        print(f"\n{number}: refused: {sentence}")
        assert exported.returncode == 1 and sentence.startswith(REFUSALS), exported.stderr
        return
    ids = np.random.default_rng(number).integers(0, c["vocab_size"], TOKENS)
    expected = score(tmp_path / "model", ids, tmp_path)
    found = logits_in_llama_cpp(tmp_path / "model.gguf", ids, tmp_path)
    error = relative_rms(found, expected)
    print(f"\n{number}: relative rms {error:.0e}")
    assert error < LIMIT, c
