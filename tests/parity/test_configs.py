"""config.json as people have it, read by the installed transformers and by Seekling: for each key
that is left out, for each null, and for the other forms of a checkpoint, the same logits or a
sentence.
"""
import importlib.util
import json

import numpy as np
import pytest
import torch
import transformers
from safetensors.torch import load_file, save_file
from test_transformers import ROOT, logits_of, score

spec = importlib.util.spec_from_file_location("make_golden", ROOT / "tests/golden/make_golden.py")
make_golden = importlib.util.module_from_spec(spec)
spec.loader.exec_module(make_golden)

CLASSES = {"v2": transformers.DeepseekV2ForCausalLM, "v3": transformers.DeepseekV3ForCausalLM}
BASES = {
    "v2": dict(make_golden.V2_BASE, vocab_size=97, hidden_size=32, intermediate_size=48,
               moe_intermediate_size=12, q_lora_rank=12),
    "v3": dict(make_golden.V3_BASE, vocab_size=97, hidden_size=32, intermediate_size=48,
               moe_intermediate_size=12, num_hidden_layers=4, num_nextn_predict_layers=0),
}
YARN = dict(type="yarn", factor=4.0, original_max_position_embeddings=32, beta_fast=16,
            beta_slow=2, mscale=0.7, mscale_all_dim=0.9)
IDS = np.random.default_rng(1).integers(0, 97, (2, 23))
NEEDED = {"model_type", "vocab_size", "hidden_size", "num_hidden_layers", "num_attention_heads"}


REFUSED_NULLS = {"model_type"}  # transformers has it from the class that is asked to read


def write_config(folder, config):
    (folder / "config.json").write_text(json.dumps(config))


def without(config, *keys):
    return {key: value for key, value in config.items() if key not in keys}


def class_of(kind, config):
    """The model that transformers makes of this config.json, its weights drawn anew."""
    torch.manual_seed(1)
    config = CLASSES[kind].config_class(**config, experts_implementation="eager")
    model = CLASSES[kind](config).eval()
    for name, p in model.named_parameters():
        torch.nn.init.normal_(p, 1.0 if "norm" in name else 0.0, 0.1)
    for name, b in model.named_buffers():
        if name.endswith("e_score_correction_bias"):
            b.copy_(0.1 * torch.randn(len(b)))
    return model


def save(kind, config, folder):
    """The model beside its config.json as given, not as transformers writes it."""
    model = class_of(kind, config)
    model.save_pretrained(folder)
    write_config(folder, config)
    return model


def expect_the_same(kind, config, tmp_path):
    model = save(kind, config, tmp_path / "model")
    found, expected = score(tmp_path / "model", IDS, tmp_path)["logits"], logits_of(model, IDS)
    assert np.abs(found - expected).max() < 2e-4


def refusal_of(folder, tmp_path):
    """The sentence with which Seekling refuses it, or nothing."""
    try:
        score(folder, IDS, tmp_path)
    except AssertionError as e:
        return next(line for line in str(e).splitlines() if "seekling: " in line)
    return ""


@pytest.mark.parametrize("kind, key", [(kind, key) for kind in BASES for key in BASES[kind]])
def test_a_key_that_is_left_out(kind, key, tmp_path):
    config = without(BASES[kind], key)
    if key in NEEDED or (kind, key) == ("v2", "num_experts_per_tok"):
        save(kind, BASES[kind], tmp_path / "model")
        write_config(tmp_path / "model", config)
        assert f"the key {key} is missing" in refusal_of(tmp_path / "model", tmp_path)
        return
    if key in ("topk_group", "n_group") and kind == "v3":  # 8 groups of 2 experts, 4 of them kept
        config["n_routed_experts"] = 32
    expect_the_same(kind, config, tmp_path)


@pytest.mark.parametrize("kind", BASES)
def test_all_keys_left_out_at_once(kind, tmp_path):
    small = NEEDED | {"num_experts_per_tok", "n_routed_experts", "moe_intermediate_size"}
    config = {key: value for key, value in BASES[kind].items() if key in small}
    config["n_routed_experts"] = 16
    expect_the_same(kind, config, tmp_path)


@pytest.mark.parametrize("kind, key", [(kind, key) for kind in BASES for key in BASES[kind]])
def test_a_key_that_is_null(kind, key, tmp_path):
    """Where transformers computes something, the same; where it does not, anything but a crash."""
    config = {**BASES[kind], key: None}
    if key == "tie_word_embeddings":  # transformers ties or not as it pleases
        pytest.skip("no meaning of its own")
    try:
        model = save(kind, config, tmp_path / "model")
        expected = logits_of(model, IDS)
    except Exception as e:
        print(f"\n{kind} {key}: transformers: {type(e).__name__}")
        if not (tmp_path / "model").exists():
            save(kind, BASES[kind], tmp_path / "model")
            write_config(tmp_path / "model", config)
        print("Seekling:", refusal_of(tmp_path / "model", tmp_path) or "reads it")
        return
    if refusal := refusal_of(tmp_path / "model", tmp_path):
        assert key in REFUSED_NULLS, refusal
        return
    assert np.abs(score(tmp_path / "model", IDS, tmp_path)["logits"] - expected).max() < 2e-4


FORMS = {
    "YaRN without an original length": dict(
        rope_scaling=without(YARN, "original_max_position_embeddings"), max_position_embeddings=64),
    "YaRN with a factor of null": dict(
        rope_scaling={**without(YARN, "mscale", "mscale_all_dim"), "factor": None}),
    "YaRN with betas of null": dict(rope_scaling={**YARN, "beta_fast": None, "beta_slow": None}),
    "YaRN in rope_parameters": dict(rope_parameters=dict(YARN, rope_type="yarn", rope_theta=500.0)),
    "head_dim, the rotary width": dict(head_dim=8),
    "rope_interleave true": dict(rope_interleave=True),
    "a list of ends": dict(eos_token_id=[1, 5]),
    "blocks of V3.1": dict(quantization_config=dict(
        quant_method="fp8", fmt="e4m3", activation_scheme="dynamic", weight_block_size=[128, 128],
        scale_fmt="ue8m0", modules_to_not_convert=["lm_head"])),
}


@pytest.mark.parametrize("kind", BASES)
@pytest.mark.parametrize("form", FORMS)
def test_a_form_of_config_json(kind, form, tmp_path):
    left_out = ["rope_theta"] if "rope_parameters" in FORMS[form] else []
    expect_the_same(kind, {**without(BASES[kind], *left_out), **FORMS[form]}, tmp_path)


@pytest.mark.parametrize("kind, name", [("v2", "num_experts"), ("v3", "num_local_experts")])
def test_the_other_name_of_a_key(kind, name, tmp_path):
    config = without(BASES[kind], "n_routed_experts")
    expect_the_same(kind, {**config, name: BASES[kind]["n_routed_experts"]}, tmp_path)


def test_kimi_k2_is_v3_by_another_name(tmp_path):
    model = save("v3", BASES["v3"], tmp_path / "model")
    write_config(tmp_path / "model", {**BASES["v3"], "model_type": "kimi_k2"})
    found = score(tmp_path / "model", IDS, tmp_path)["logits"]
    assert np.abs(found - logits_of(model, IDS)).max() < 2e-4


@pytest.mark.parametrize("topk", [23, 5, 1])
def test_v32_chooses_as_transformers_does(tmp_path, topk):
    """With 23 every key is chosen. Both styles of config."""
    V32, folder = transformers.DeepseekV32ForCausalLM, tmp_path / "model"
    config = {**BASES["v3"], "model_type": "deepseek_v32", "max_position_embeddings": 23, "index_topk": topk,
              "index_n_heads": 2, "index_head_dim": 16, "rope_scaling": YARN}
    torch.manual_seed(1)
    model = V32(V32.config_class(**config, experts_implementation="eager")).eval()
    for name, p in model.named_parameters():
        torch.nn.init.normal_(p, 1.0 if "norm.weight" in name else 0.0, 0.1)
    model.save_pretrained(folder)
    for written in (json.loads((folder / "config.json").read_text()), config):
        write_config(folder, written)
        assert np.abs(score(folder, IDS, tmp_path)["logits"] - logits_of(model, IDS)).max() < 2e-4


def test_a_module_of_multi_token_prediction_too_many(tmp_path):
    """As transformers loads it: without the module."""
    model = save("v3", BASES["v3"], tmp_path / "model")
    path = tmp_path / "model" / "model.safetensors"
    weights, width = load_file(path), BASES["v3"]["hidden_size"]
    module = {name.replace("layers.3.", "layers.4."): w.clone() for name, w in weights.items()
              if "layers.3." in name}
    for name in ("enorm", "hnorm", "shared_head.norm"):
        module[f"model.layers.4.{name}.weight"] = torch.ones(width)
    module["model.layers.4.eh_proj.weight"] = torch.ones(width, 2 * width)
    save_file({**weights, **module}, path, metadata={"format": "pt"})
    loaded = CLASSES["v3"].from_pretrained(tmp_path / "model").eval()
    assert np.abs(logits_of(loaded, IDS) - logits_of(model, IDS)).max() < 2e-5
    found = score(tmp_path / "model", IDS, tmp_path)["logits"]
    assert np.abs(found - logits_of(model, IDS)).max() < 2e-4


def test_an_index_beside_a_whole_file(tmp_path):
    """The whole file counts, in transformers and here."""
    folder = tmp_path / "model"
    save("v3", BASES["v3"], folder)
    weights = load_file(folder / "model.safetensors")
    shard = "model-00001-of-00001.safetensors"
    save_file({n: 2 * w for n, w in weights.items()}, folder / shard, metadata={"format": "pt"})
    index = {"metadata": {}, "weight_map": {name: shard for name in weights}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    expected = logits_of(CLASSES["v3"].from_pretrained(folder).eval(), IDS)
    assert np.abs(score(folder, IDS, tmp_path)["logits"] - expected).max() < 2e-4


@pytest.mark.parametrize("kind", BASES)
def test_experts_that_are_saved_fused(kind, tmp_path):
    """The names that the classes have in memory."""
    model = save(kind, BASES[kind], tmp_path / "model")
    weights = {name: w.contiguous() for name, w in model.state_dict().items()}
    assert any(name.endswith("experts.gate_up_proj") for name in weights)
    save_file(weights, tmp_path / "model" / "model.safetensors", metadata={"format": "pt"})
    found = score(tmp_path / "model", IDS, tmp_path)["logits"]
    assert np.abs(found - logits_of(model, IDS)).max() < 2e-4
