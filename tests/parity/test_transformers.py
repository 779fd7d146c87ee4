"""Seekling beside Hugging Face's classes, number by number. See README.md for how to run it.

The balance losses, the bias update and the training step of multi-token prediction are not in transformers: their PyTorch
side below is written from the papers' equations, apart from Seekling's code.
"""
import json
import os
import pathlib
import subprocess

import numpy as np
import pytest
import torch
import transformers
from safetensors.numpy import load_file, save_file

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("SEEKLING_BUILD", ROOT / "build" / "release"))
PROGRAM, TRAIN = BUILD / "src/cli/seekling", BUILD / "tests/parity/train_parity"
SMALL = dict(vocab_size=97, hidden_size=32, intermediate_size=48, moe_intermediate_size=12, num_hidden_layers=3,
             num_attention_heads=4, num_key_value_heads=4, q_lora_rank=12, kv_lora_rank=16, qk_nope_head_dim=8,
             qk_rope_head_dim=4, v_head_dim=6, n_routed_experts=8, n_shared_experts=1, num_experts_per_tok=2,
             first_k_dense_replace=1, n_group=4, topk_group=2, max_position_embeddings=128, rms_norm_eps=1e-6,
             bos_token_id=0, eos_token_id=1, initializer_range=0.1)
YARN = dict(rope_theta=10000.0, rope_type="yarn", factor=4.0, original_max_position_embeddings=32, beta_fast=32,
            beta_slow=1, mscale=1.0, mscale_all_dim=1.0)


def run(*words, **kwargs):
    done = subprocess.run([str(w) for w in words], capture_output=True, text=True, env=dict(os.environ, OMP_NUM_THREADS="1"), **kwargs)
    assert done.returncode == 0, done.stderr
    return done.stdout


def random_model(kind, seed=0, **more):
    torch.manual_seed(seed)
    if kind == "v2":
        config = transformers.DeepseekV2Config(**{**SMALL, "topk_method": "group_limited_greedy", "routed_scaling_factor": 4.0,
                                                  "norm_topk_prob": False, **more})
        model = transformers.DeepseekV2ForCausalLM(config)
    else:
        config = transformers.DeepseekV3Config(**{**SMALL, "num_nextn_predict_layers": 0, "rope_parameters": dict(YARN), **more})
        model = transformers.DeepseekV3ForCausalLM(config)
        for layer in model.model.layers[1:]:
            layer.mlp.gate.e_score_correction_bias.copy_(0.1 * torch.randn(config.n_routed_experts))
    for p in model.parameters():
        if p.dim() > 1:
            torch.nn.init.normal_(p, std=0.1)
    return model.eval()


def score(folder, ids, tmp_path):
    save_file({"input_ids": ids.astype(np.int64)}, tmp_path / "ids.safetensors")
    run(PROGRAM, "score", "--model", folder, "--ids", tmp_path / "ids.safetensors", "--out", tmp_path / "out.safetensors")
    return load_file(tmp_path / "out.safetensors")


def logits_of(model, ids):
    with torch.no_grad():
        return model(torch.from_numpy(ids), use_cache=False).logits.float().numpy()


@pytest.mark.parametrize("kind", ["v2", "v3"])
@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
@pytest.mark.parametrize("shards", [False, True])
def test_a_checkpoint_loads_here(kind, dtype, shards, tmp_path):
    model = random_model(kind).to(getattr(torch, dtype))
    model.save_pretrained(tmp_path / "hf", **({"max_shard_size": "50KB"} if shards else {}))
    assert (tmp_path / "hf" / "model.safetensors.index.json").exists() == shards
    ids = np.random.default_rng(1).integers(0, 97, (2, 23))
    found, expected = score(tmp_path / "hf", ids, tmp_path)["logits"], logits_of(model.float(), ids)
    print(f"\n{kind} {dtype} {'shards' if shards else 'one file'}: logits differ by {np.abs(found - expected).max():.1e}")
    assert np.abs(found - expected).max() < 2e-4


def test_a_v3_that_transformers_saved_without_its_module_loads_here(tmp_path):
    model = random_model("v3", num_nextn_predict_layers=1)
    model.save_pretrained(tmp_path / "hf")
    assert json.loads((tmp_path / "hf" / "config.json").read_text())["num_nextn_predict_layers"] == 1
    ids = np.random.default_rng(1).integers(0, 97, (1, 9))
    assert np.abs(score(tmp_path / "hf", ids, tmp_path)["logits"] - logits_of(model, ids)).max() < 2e-4


@pytest.mark.parametrize("kind", ["v2", "v3"])
def test_a_run_loads_and_so_does_its_export(kind, tmp_path):
    v3 = ["--model-type", "deepseek_v3", "--topk-method", "noaux_tc", "--scoring-func", "sigmoid", "--norm-topk-prob", "true",
          "--num-nextn-predict-layers", "1", "--q-lora-rank", "24"]
    run(PROGRAM, "train", "--out", tmp_path / "run", "--steps", 3, "--documents", 300, "--vocab-size", 400, "--batch-size", 2,
        "--seq-len", 64, "--sample-every", 0, "--eval-every", 0, *(v3 if kind == "v3" else []))
    cls = {"v2": transformers.DeepseekV2ForCausalLM, "v3": transformers.DeepseekV3ForCausalLM}[kind]
    cls._keys_to_ignore_on_load_unexpected = [r"model\.layers\.4\..*"]  # the module of multi-token prediction, as HF has it for 61
    model, info = transformers.AutoModelForCausalLM.from_pretrained(tmp_path / "run", dtype=torch.float32, output_loading_info=True)
    assert isinstance(model, cls) and not any(info[k] for k in ("missing_keys", "unexpected_keys", "mismatched_keys")), info
    ids = np.random.default_rng(2).integers(0, 400, (2, 31))
    found = score(tmp_path / "run", ids, tmp_path)["logits"]
    print(f"\n{kind}: a run's logits differ by {np.abs(found - logits_of(model.eval(), ids)).max():.1e}")
    assert np.abs(found - logits_of(model.eval(), ids)).max() < 2e-4

    tokenizer = transformers.AutoTokenizer.from_pretrained(tmp_path / "run")
    for text in ("Tell me a story.\n\n12 apples", "お話を聞かせてください。", "  two  blanks\tand a tab\r\n"):
        ours = json.loads(run(PROGRAM, "tokenizer", "encode", "--tokenizer", tmp_path / "run", "--whole", input=text))
        assert tokenizer.encode(text, add_special_tokens=False) == ours
        assert tokenizer.encode(text) == [tokenizer.bos_token_id, *ours]
        assert tokenizer.decode(ours) == text
    chat = tokenizer.apply_chat_template([{"role": "user", "content": "hello"}], tokenize=False, add_generation_prompt=True)
    assert chat == tokenizer.bos_token + "User: hello\n\nAssistant:"
    assert transformers.GenerationConfig.from_pretrained(tmp_path / "run").eos_token_id == tokenizer.eos_token_id

    run(PROGRAM, "export", "--model", tmp_path / "run", "--out", tmp_path / "bf16", "--dtype", "bf16", "--shard-mib", 1)
    exported = transformers.AutoModelForCausalLM.from_pretrained(tmp_path / "bf16")
    assert exported.dtype == torch.bfloat16
    for (name, a), (_, b) in zip(model.named_parameters(), exported.named_parameters()):
        assert torch.equal(a.to(torch.bfloat16), b), name


# ---------------------------------------------------------------- training

def balance(scores, chosen, config, alphas):
    """V2 eq. 23-31, V3 eq. 17-20, for scores [B,T,E] (summing to 1) and chosen [B,T,K]: the mean over sequences."""
    B, T, E = scores.shape
    K, D, M = chosen.shape[-1], config.n_group, config.topk_group
    hit = torch.zeros(B, T, E).scatter_(2, chosen, 1.0)
    f, P = hit.sum(1) * E / (K * T), scores.mean(1)
    f_device, P_device = f.view(B, D, E // D).mean(2), P.view(B, D, E // D).sum(2)
    f_sent = hit.view(B, T, D, E // D).amax(3).sum(1) * D / (M * T)
    return sum(a * (x * y).sum(1).mean() for a, (x, y) in zip(alphas, ((f, P), (f_device, P_device), (f_sent, P_device))))


def mtp_layer(model):
    from transformers.modeling_layers import MtpLayer
    from transformers.models.deepseek_v3.modeling_deepseek_v3 import DeepseekV3DecoderLayer, DeepseekV3RMSNorm
    torch.manual_seed(3)
    layer = MtpLayer(model.config, DeepseekV3DecoderLayer, DeepseekV3RMSNorm, model.config.num_hidden_layers)
    for p in layer.parameters():
        torch.nn.init.normal_(p, std=0.1) if p.dim() > 1 else torch.nn.init.ones_(p)
    layer.mtp_block.mlp.gate.e_score_correction_bias.zero_()
    return layer.eval()


def mtp_tensors(layer, at):
    """A module's tensors under their released names."""
    for name, t in layer.state_dict().items():
        t = t.detach().numpy()
        if name.endswith("experts.gate_up_proj"):
            m = t.shape[1] // 2
            for e in range(t.shape[0]):
                yield f"{at}mlp.experts.{e}.gate_proj.weight", t[e, :m].copy()
                yield f"{at}mlp.experts.{e}.up_proj.weight", t[e, m:].copy()
        elif name.endswith("experts.down_proj"):
            for e in range(t.shape[0]):
                yield f"{at}mlp.experts.{e}.down_proj.weight", t[e].copy()
        elif name == "post_norm.weight":
            yield at + "shared_head.norm.weight", t
        else:
            yield at + name.removeprefix("mtp_block."), t


def mtp_loss(model, layer, h, ids):
    from transformers.masking_utils import create_causal_mask
    e = model.model.embed_tokens(ids[:, 1:])
    places = torch.arange(ids.shape[1] - 1)[None]
    mask = create_causal_mask(config=model.config, inputs_embeds=e, attention_mask=None, past_key_values=None, position_ids=places)
    out = layer(e, h[:, :-1], position_embeddings=model.model.rotary_emb(e, places), attention_mask=mask, position_ids=places,
                past_key_values=None)
    logits = model.lm_head(out)[:, :-1]
    return torch.nn.functional.cross_entropy(logits.reshape(-1, logits.shape[-1]), ids[:, 2:].reshape(-1))


@pytest.mark.parametrize("kind", ["v2", "v3"])
def test_training_follows_pytorch(kind, tmp_path, steps=50, B=4, T=24):
    v3 = kind == "v3"
    model = random_model(kind, attn_implementation="eager", **({"num_nextn_predict_layers": 1} if v3 else {}))
    layer = mtp_layer(model) if v3 else None
    model.save_pretrained(tmp_path / "start")
    if v3:
        weights = load_file(tmp_path / "start" / "model.safetensors")
        weights.update(mtp_tensors(layer, "model.layers.3."))
        save_file({k: np.ascontiguousarray(v) for k, v in weights.items()}, tmp_path / "start" / "model.safetensors", metadata={"format": "pt"})
    alphas = (1e-2, 0, 0) if v3 else (3e-3, 5e-2, 2e-2)  # V3's 1e-4 would not show
    config = json.loads((tmp_path / "start" / "config.json").read_text())
    config.update(aux_loss_alpha=alphas[0], seq_aux=True)
    (tmp_path / "start" / "config.json").write_text(json.dumps(config))

    # Sequences with something to learn: each id follows from the one before, but for some noise.
    rng = np.random.default_rng(4)
    ids = np.zeros((steps, B, T), np.int64)
    ids[:, :, 0] = rng.integers(0, 97, (steps, B))
    for t in range(1, T):
        ids[:, :, t] = np.where(rng.random((steps, B)) < 0.8, (5 * ids[:, :, t - 1] + 3) % 97, rng.integers(0, 97, (steps, B)))
    save_file({"input_ids": ids}, tmp_path / "batches.safetensors")
    settings = dict(steps=steps, batch_size=B, accumulate=1, seq_len=T, seed=1, lr=3e-3, schedule="constant", warmup_steps=10,
                    drop_at=[], drop_factor=0.3, floor=0.1, weight_decay=0.1, beta1=0.9, beta2=0.95, eps=1e-8, clip=1.0,
                    mtp_weight=0.3, mtp_late_weight=0.1, mtp_late_at=0.6, device_loss_alpha=alphas[1],
                    communication_loss_alpha=alphas[2], bias_speed=0.001, bias_still_at=0.9, capacity_factor=0, never_dropped=0.1,
                    eval_every=0, save_every=0, sample_every=0)
    (tmp_path / "settings.json").write_text(json.dumps(settings))
    run(TRAIN, tmp_path / "start", tmp_path / "batches.safetensors", tmp_path / "settings.json", tmp_path / "run")
    ours = [json.loads(line) for line in (tmp_path / "run" / "metrics.jsonl").read_text().splitlines()]

    seen = []
    gates = [m.mlp.gate for m in model.model.layers[1:]] + ([layer.mtp_block.mlp.gate] if v3 else [])
    for gate in gates:
        gate.register_forward_hook(lambda _m, _i, out: seen.append(out))
    parameters = list(model.parameters()) + (list(layer.parameters()) if v3 else [])
    optimizer = torch.optim.AdamW([{"params": [p for p in parameters if p.dim() > 1], "weight_decay": 0.1},
                                   {"params": [p for p in parameters if p.dim() == 1], "weight_decay": 0.0}],
                                  betas=(0.9, 0.95), eps=1e-8)
    worst = dict(loss=0.0, balance_loss=0.0, mtp_loss=0.0, grad_norm=0.0)
    for step in range(1, steps + 1):
        batch = torch.from_numpy(ids[step - 1])
        seen.clear()
        out = model.model(batch, use_cache=False).last_hidden_state
        logits = model.lm_head(out)[:, :-1]
        parts = dict(loss=torch.nn.functional.cross_entropy(logits.reshape(-1, 97), batch[:, 1:].reshape(-1)))
        total = parts["loss"]
        if v3:
            parts["mtp_loss"] = mtp_loss(model, layer, out, batch)
            total = total + (0.3 if step <= 0.6 * steps else 0.1) * parts["mtp_loss"]
        parts["balance_loss"] = 0
        for router, _, chosen in seen:
            s = torch.sigmoid(router) if v3 else torch.softmax(router, -1)
            s = (s / s.sum(-1, keepdim=True)).view(B, -1, s.shape[-1])
            parts["balance_loss"] = parts["balance_loss"] + balance(s, chosen.view(B, s.shape[1], -1), model.config, alphas)
        (total + parts["balance_loss"]).backward()
        parts["grad_norm"] = torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        for group in optimizer.param_groups:
            group["lr"] = 3e-3 * min(1, step / 10)
        optimizer.step()
        optimizer.zero_grad()
        if v3 and step <= 0.9 * steps:
            for gate, (router, _, chosen) in zip(gates, seen):
                c = torch.bincount(chosen.reshape(-1), minlength=8).float()
                gate.e_score_correction_bias += 0.001 * torch.sign(c.mean() - c)
        for key, value in parts.items():
            value = value.item()
            relative = abs(ours[step - 1][key] - value) / max(abs(value), 1e-9)
            worst[key] = max(worst[key], relative)
    print(f"\n{kind}: loss {ours[0]['loss']:.4f} -> {ours[-1]['loss']:.4f}; largest relative differences over {steps} steps: {worst}")
    assert worst["loss"] < 1e-4 and worst["mtp_loss"] < 1e-4 and worst["balance_loss"] < 1e-4
    if v3:
        run_weights = load_file(tmp_path / "run" / "model.safetensors")
        for i, gate in zip((1, 2, 3), gates):
            assert np.allclose(run_weights[f"model.layers.{i}.mlp.gate.e_score_correction_bias"], gate.e_score_correction_bias.numpy(), atol=1e-6)
