#!/usr/bin/env python3
"""PyTorch (PyPI: torch, transformers) on the training step that `seekling bench step` times, as fast as it gets.

  peer_torch.py data/models/tiny.json --variant plain-compiled --batch-size 8 --seq-len 256 --steps 20 --threads 2
  peer_torch.py data/models/tiny.json --prefill 512 --variant plain      # a prompt read instead, in one forward pass
  peer_torch.py data/models/tiny.json --check      # the plain model is Hugging Face's: loss and gradients

A step is zero_grad, forward, cross entropy, backward, clipping to norm 1, AdamW (fused). Variants:
  hf               transformers' DeepseekV2ForCausalLM as it comes
  plain            the same model written for speed: gate and up in one product, tokens sorted by expert and multiplied
                   expert by expert, torch's own RMSNorm and attention kernels (V padded to the width of Q and K, without
                   which the CPU's flash kernel does not apply)
  hf-compiled, plain-compiled   the same through torch.compile
bf16 is autocast: weights, gradients and optimizer stay in fp32. With --device cuda the plain model in bf16 multiplies all
experts in one grouped product. On a CPU tcmalloc, where the machine has it, is preloaded, and
threads are bound to cores: both make PyTorch faster. Prints one JSON object with the keys of `seekling bench --json`.
"""
import argparse
import ctypes.util
import json
import os
import resource
import statistics
import sys
import time

VARIANTS = ["hf", "hf-compiled", "plain", "plain-compiled"]


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("config", help="a config.json of DeepSeek-V2's class")
    parser.add_argument("--variant", choices=VARIANTS, default="plain-compiled")
    parser.add_argument("--dtype", choices=["fp32", "bf16"], default="fp32")
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    parser.add_argument("--batch-size", type=int, default=8)
    parser.add_argument("--seq-len", type=int, default=256)
    parser.add_argument("--warmup", type=int, default=3)
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--prefill", type=int, help="time a prompt of so many tokens instead: the last one's logits")
    parser.add_argument("--check", action="store_true")
    return parser.parse_args()


def start_again_prepared(flags):
    """Allocator and binding of threads are settled when a process starts, so the script starts itself once more."""
    if "SEEKLING_PEER" in os.environ:
        return
    os.environ.update(SEEKLING_PEER="1", OMP_NUM_THREADS=str(flags.threads), OMP_PROC_BIND="true")
    tcmalloc = ctypes.util.find_library("tcmalloc_minimal") or ctypes.util.find_library("tcmalloc")
    if tcmalloc:
        os.environ["LD_PRELOAD"] = " ".join(filter(None, [os.environ.get("LD_PRELOAD"), tcmalloc]))
    os.execv(sys.executable, [sys.executable, *sys.argv])


flags = parse()
start_again_prepared(flags)

try:
    import torch
    import torch.nn.functional as F
    from torch import library, nn
    import transformers
except ImportError as missing:
    sys.exit(f"this Python has no {missing.name}: pip install torch transformers")


# One product an expert, over rows sorted by expert. An operator of its own, so that torch.compile sees one graph.
@library.custom_op("seekling::expert_linear", mutates_args=())
def expert_linear(x: torch.Tensor, weight: torch.Tensor, load: torch.Tensor) -> torch.Tensor:
    y = x.new_empty(x.shape[0], weight.shape[1])
    begin = 0
    for w, n in zip(weight, load.tolist()):
        if n:
            torch.mm(x[begin : begin + n], w.t(), out=y[begin : begin + n])
        begin += n
    return y


@expert_linear.register_fake
def _(x, weight, load):
    return x.new_empty(x.shape[0], weight.shape[1])


@library.custom_op("seekling::expert_linear_backward", mutates_args=())
def expert_linear_backward(
    dy: torch.Tensor, x: torch.Tensor, weight: torch.Tensor, load: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    dy, dx, dw = dy.contiguous(), torch.empty_like(x), torch.empty_like(weight)
    begin = 0
    for e, n in enumerate(load.tolist()):
        rows = slice(begin, begin + n)
        if n:
            torch.mm(dy[rows], weight[e], out=dx[rows])
            torch.mm(dy[rows].t(), x[rows], out=dw[e])
        else:
            dw[e].zero_()
        begin += n
    return dx, dw


@expert_linear_backward.register_fake
def _(dy, x, weight, load):
    return torch.empty_like(x), torch.empty_like(weight)


def experts_linear(x, weight, load):
    if x.is_cuda and x.dtype == torch.bfloat16:
        return F.grouped_mm(x, weight.transpose(-2, -1), offs=load.cumsum(0).to(torch.int32))
    return expert_linear(x, weight, load)


def keep_inputs(ctx, inputs, output):
    ctx.save_for_backward(*inputs)


def backward_of_expert_linear(ctx, dy):
    return *torch.ops.seekling.expert_linear_backward(dy, *ctx.saved_tensors), None


expert_linear.register_autograd(backward_of_expert_linear, setup_context=keep_inputs)


def linear(inner, outer):
    layer = nn.Linear(inner, outer, bias=False)
    nn.init.normal_(layer.weight, std=0.02)
    return layer


def turned(x, cos, sin):  # RoPE, adjacent pairs
    a, b = x[..., 0::2], x[..., 1::2]
    return torch.stack((a * cos - b * sin, a * sin + b * cos), -1).flatten(-2)


class Norm(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))

    def forward(self, x):
        return F.rms_norm(x, (x.shape[-1],), self.weight, 1e-6)


class Attention(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.c = c
        D, H, width = c.hidden_size, c.num_attention_heads, c.qk_nope_head_dim + c.qk_rope_head_dim
        if c.q_lora_rank:
            self.q_a_proj, self.q_a_layernorm = linear(D, c.q_lora_rank), Norm(c.q_lora_rank)
            self.q_b_proj = linear(c.q_lora_rank, H * width)
        else:
            self.q_proj = linear(D, H * width)
        self.kv_a_proj_with_mqa = linear(D, c.kv_lora_rank + c.qk_rope_head_dim)
        self.kv_a_layernorm = Norm(c.kv_lora_rank)
        self.kv_b_proj = linear(c.kv_lora_rank, H * (c.qk_nope_head_dim + c.v_head_dim))
        self.o_proj = linear(H * c.v_head_dim, D)

    def forward(self, x, cos, sin):
        c = self.c
        B, T, H, nope, rope = *x.shape[:2], c.num_attention_heads, c.qk_nope_head_dim, c.qk_rope_head_dim
        q = self.q_b_proj(self.q_a_layernorm(self.q_a_proj(x))) if c.q_lora_rank else self.q_proj(x)
        q = q.view(B, T, H, nope + rope).transpose(1, 2)
        q = torch.cat((q[..., :nope], turned(q[..., nope:], cos, sin)), -1)
        latent, k_r = self.kv_a_proj_with_mqa(x).split((c.kv_lora_rank, rope), -1)
        kv = self.kv_b_proj(self.kv_a_layernorm(latent)).view(B, T, H, nope + c.v_head_dim).transpose(1, 2)
        k_r = turned(k_r.unsqueeze(1), cos, sin).to(kv.dtype).expand(B, H, T, rope)
        k, v = torch.cat((kv[..., :nope], k_r), -1), F.pad(kv[..., nope:], (0, nope + rope - c.v_head_dim))
        o = F.scaled_dot_product_attention(q.to(k.dtype), k, v, is_causal=True)[..., : c.v_head_dim]
        return self.o_proj(o.transpose(1, 2).reshape(B, T, H * c.v_head_dim))


class Mlp(nn.Module):
    def __init__(self, D, width):
        super().__init__()
        self.gate_up_proj, self.down_proj = linear(D, 2 * width), linear(width, D)

    def forward(self, x):
        gate, up = self.gate_up_proj(x).chunk(2, -1)
        return self.down_proj(F.silu(gate) * up)


class MoE(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.c = c
        E, D, m = c.n_routed_experts, c.hidden_size, c.moe_intermediate_size
        self.gate = linear(D, E)
        self.gate_up = nn.Parameter(torch.randn(E, 2 * m, D) * 0.02)
        self.down = nn.Parameter(torch.randn(E, D, m) * 0.02)
        self.shared_experts = Mlp(D, m * c.n_shared_experts)

    def forward(self, x3):
        c, x = self.c, x3.view(-1, self.c.hidden_size)
        with torch.autocast(flags.device, enabled=False):
            scores = torch.softmax(F.linear(x.float(), self.gate.weight), -1)
        g, experts = torch.topk(scores, c.num_experts_per_tok, dim=-1, sorted=False)
        chosen = experts.view(-1)
        order = torch.sort(chosen)[1]
        load = torch.zeros(c.n_routed_experts, dtype=torch.long, device=x.device).scatter_add_(0, chosen, torch.ones_like(chosen))
        gate_up, down, token = self.gate_up, self.down, order // c.num_experts_per_tok
        if torch.is_autocast_enabled(flags.device):
            kind = torch.get_autocast_dtype(flags.device)
            x, gate_up, down = x.to(kind), gate_up.to(kind), down.to(kind)
        gate, up = experts_linear(x.index_select(0, token), gate_up, load).chunk(2, -1)
        y = experts_linear(F.silu(gate) * up, down, load) * g.view(-1)[order].unsqueeze(1).to(x.dtype)
        out = torch.zeros(x.shape, dtype=y.dtype, device=x.device).index_add_(0, token, y)
        return out.view_as(x3) + self.shared_experts(x3)


class Layer(nn.Module):
    def __init__(self, c, i):
        super().__init__()
        self.input_layernorm, self.post_attention_layernorm = Norm(c.hidden_size), Norm(c.hidden_size)
        self.self_attn = Attention(c)
        self.mlp = Mlp(c.hidden_size, c.intermediate_size) if i < c.first_k_dense_replace else MoE(c)

    def forward(self, x, cos, sin):
        x = x + self.self_attn(self.input_layernorm(x), cos, sin)
        return x + self.mlp(self.post_attention_layernorm(x))


class Plain(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.embed_tokens, self.lm_head = nn.Embedding(c.vocab_size, c.hidden_size), linear(c.hidden_size, c.vocab_size)
        nn.init.normal_(self.embed_tokens.weight, std=0.02)
        self.layers = nn.ModuleList([Layer(c, i) for i in range(c.num_hidden_layers)])
        self.norm = Norm(c.hidden_size)
        base, rope = (getattr(c, "rope_parameters", None) or {}).get("rope_theta", 10000.0), c.qk_rope_head_dim
        angle = torch.outer(torch.arange(4096.0), base ** (-torch.arange(0, rope, 2).float() / rope))
        self.register_buffer("cos", angle.cos(), False)
        self.register_buffer("sin", angle.sin(), False)

    def forward(self, ids, targets=None):
        x, cos, sin = self.embed_tokens(ids), self.cos[: ids.shape[1]], self.sin[: ids.shape[1]]
        for layer in self.layers:
            x = layer(x, cos, sin)
        if targets is None:
            return self.lm_head(self.norm(x[:, -1]))
        logits = self.lm_head(self.norm(x))
        return F.cross_entropy(logits.view(-1, logits.shape[-1]).float(), targets.reshape(-1))

    @torch.no_grad()
    def take_weights_of(self, hf):
        theirs, mine = hf.state_dict(), {}
        for name in self.state_dict():
            key = name if name.startswith("lm_head") else "model." + name
            if name.endswith(("mlp.gate_up", "mlp.down")):
                head, tail = key.rsplit(".", 1)
                mine[name] = theirs[f"{head}.experts.{tail}_proj"]
            elif "gate_up_proj" in name:
                mine[name] = torch.cat([theirs[key.replace("gate_up", part)] for part in ("gate", "up")])
            else:
                mine[name] = theirs[key]
        self.load_state_dict({name: weight.clone() for name, weight in mine.items()})
        return self


class HuggingFace(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.model = transformers.DeepseekV2ForCausalLM(c)

    def forward(self, ids, targets=None):
        logits = self.model(input_ids=ids, use_cache=False, logits_to_keep=0 if targets is not None else 1).logits
        if targets is None:
            return logits
        return F.cross_entropy(logits.view(-1, logits.shape[-1]).float(), targets.reshape(-1))


def check(config):
    hf = HuggingFace(config)
    plain = Plain(config).take_weights_of(hf.model)
    ids, targets = torch.randint(0, config.vocab_size, (2, 2, 33))
    losses = [model(ids, targets) for model in (hf, plain)]
    for loss in losses:
        loss.backward()
    theirs, mine = hf.model.model, plain
    pairs = {
        "embed_tokens": (theirs.embed_tokens.weight, mine.embed_tokens.weight),
        "kv_a_proj_with_mqa": tuple(m.layers[-1].self_attn.kv_a_proj_with_mqa.weight for m in (theirs, mine)),
        "router": tuple(m.layers[-1].mlp.gate.weight for m in (theirs, mine)),
        "experts.down": (theirs.layers[-1].mlp.experts.down_proj, mine.layers[-1].mlp.down),
    }
    values = [float(loss.detach()) for loss in losses]
    print(f"loss {values[0]:.6f} (hf), {values[1]:.6f} (plain)")
    worst = abs(values[0] - values[1])
    for name, (a, b) in pairs.items():
        error = float((a.grad - b.grad).abs().max() / a.grad.abs().max())
        worst = max(worst, error)
        print(f"gradient of {name}: apart by {error:.1e} of the largest")
    if not worst < 1e-4:
        sys.exit("the plain model is not Hugging Face's")


def say(tokens, times, **more):
    print(json.dumps({
        "peer": flags.variant, "package": torch.__version__, "transformers": transformers.__version__,
        "device": torch.cuda.get_device_name() if flags.device == "cuda" else "cpu", "threads": flags.threads,
        "dtype": flags.dtype, "tcmalloc": "tcmalloc" in os.environ.get("LD_PRELOAD", ""),
        "tokens_per_s": tokens / statistics.median(times), "tokens_per_s_best": tokens / min(times),
        "peak_rss_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, **more,
    }))


def prefill(model, config):
    run, times = torch.compile(model) if flags.variant.endswith("compiled") else model, []
    with torch.inference_mode(), torch.autocast(flags.device, dtype=torch.bfloat16, enabled=flags.dtype == "bf16"):
        for i in range(flags.warmup + flags.steps):
            ids = torch.randint(0, config.vocab_size, (1, flags.prefill), device=flags.device)
            begin = time.perf_counter()
            int(run(ids).argmax())
            times += [time.perf_counter() - begin] if i >= flags.warmup else []
    say(flags.prefill, times)


def main():
    torch.set_num_threads(flags.threads)
    torch.manual_seed(0)
    config = transformers.DeepseekV2Config.from_json_file(flags.config)
    config.bos_token_id = config.eos_token_id = None
    if flags.check:
        return check(config)
    model = (HuggingFace if flags.variant.startswith("hf") else Plain)(config).to(flags.device)
    if flags.prefill:
        return prefill(model, config)
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-4, fused=True)
    run = torch.compile(model) if flags.variant.endswith("compiled") else model
    B, T = flags.batch_size, flags.seq_len
    data = torch.randint(0, config.vocab_size, (64, B, T + 1), generator=torch.Generator().manual_seed(1)).to(flags.device)

    def step(i):
        optimizer.zero_grad(set_to_none=True)
        with torch.autocast(flags.device, dtype=torch.bfloat16, enabled=flags.dtype == "bf16"):
            loss = run(data[i % 64, :, :-1], data[i % 64, :, 1:])
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        return float(loss.detach())

    times = []
    for i in range(flags.warmup + flags.steps):
        begin = time.perf_counter()
        loss = step(i)
        times += [time.perf_counter() - begin] if i >= flags.warmup else []
    say(B * T, times, last_loss=loss, step_ms_median=1e3 * statistics.median(times), step_ms_min=1e3 * min(times))


if __name__ == "__main__":
    main()
