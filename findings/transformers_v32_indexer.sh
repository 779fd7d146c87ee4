#!/bin/sh
# transformers 5.24.0 fine-tunes a DeepSeek-V3.2 around an indexer that never learns.
#
# Behaviour: the indexer of DeepseekV32ForCausalLM runs without gradients, and there is no loss for
#   it (equations 3 and 4 of arXiv:2512.02556). Its parameters say requires_grad True and are handed
#   to the optimizer; after backward() their grad is None, so they stay as they were. Nothing warns.
# Output seen:
#   parameters of the indexer that require gradients: 10 of 10
#   with a gradient after backward(): 0
#   of the other parameters with a gradient: all
#   the indexer after a step of AdamW: unchanged
# Consequence: attention moves during fine-tuning and the choice of its keys does not follow. The
#   report trains the indexer in both of its stages.
#
# Needs Python 3 and PyPI (torch is large). Prints what was seen; exit 0 if it is still so, 1 if not.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check torch==2.15.0 transformers==5.24.0
HF_HUB_OFFLINE=1 venv/bin/python - <<'PYTHON'
import sys, torch
from transformers import DeepseekV32Config, DeepseekV32ForCausalLM

torch.manual_seed(1)
model = DeepseekV32ForCausalLM(DeepseekV32Config(
    vocab_size=64, hidden_size=32, intermediate_size=32, moe_intermediate_size=16,
    num_hidden_layers=2, num_attention_heads=2, num_key_value_heads=2, q_lora_rank=16,
    kv_lora_rank=16, qk_nope_head_dim=8, qk_rope_head_dim=8, v_head_dim=8, n_routed_experts=4,
    num_experts_per_tok=4, n_group=1, topk_group=1, first_k_dense_replace=1, index_n_heads=2,
    index_head_dim=16, index_topk=4))
model.train()
ids = torch.randint(0, 64, (2, 20))
model(input_ids=ids, labels=ids).loss.backward()
indexer = {n: p for n, p in model.named_parameters() if ".indexer." in n}
others = {n: p for n, p in model.named_parameters() if ".indexer." not in n}
wanted = sum(p.requires_grad for p in indexer.values())
learned = sum(p.grad is not None for p in indexer.values())
rest = all(p.grad is not None for p in others.values())
before = {n: p.detach().clone() for n, p in indexer.items()}
torch.optim.AdamW(model.parameters(), lr=0.1).step()
moved = any(not torch.equal(before[n], p) for n, p in indexer.items())
print(f"parameters of the indexer that require gradients: {wanted} of {len(indexer)}")
print("with a gradient after backward():", learned)
print("of the other parameters with a gradient:", "all" if rest else "not all")
print("the indexer after a step of AdamW:", "moved" if moved else "unchanged")
sys.exit(0 if (wanted, learned, rest, moved) == (10, 0, True, False) else 1)
PYTHON
