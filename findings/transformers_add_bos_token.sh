#!/bin/sh
# transformers 5.24.0 ignores `add_bos_token` of tokenizer_config.json where tokenizer.json is there.
#
# Behaviour: AutoTokenizer opens a byte-level BPE tokenizer.json that has no post-processor. With
#   "add_bos_token": true in tokenizer_config.json it encodes a text without the BOS id and says
#   nothing. With a TemplateProcessing step in tokenizer.json the BOS id is there.
# Output seen:
#   add_bos_token true, no post-processor: [66, 67]
#   add_bos_token true, TemplateProcessing: [0, 66, 67]
# Consequence: a program that exports a tokenizer must write the post-processor. The key, which
#   DeepSeek's tokenizer_config.json files carry, is not enough.
#
# Needs Python 3 and PyPI. Prints what was seen; exit 0 if it is still so, 1 if it has changed.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check \
  transformers==5.24.0 tokenizers==0.23.3 jinja2==3.1.6
HF_HUB_OFFLINE=1 "$work/venv/bin/python" - "$work/model" <<'PYTHON'
import json, os, sys
import tokenizers, transformers
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors
from transformers import AutoTokenizer

folder = sys.argv[1]
os.makedirs(folder)
alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
vocab = {"<bos>": 0, "<eos>": 1, **{c: i + 2 for i, c in enumerate(alphabet)}}


def ids(post_processor):
    t = Tokenizer(models.BPE(vocab=vocab, merges=[]))
    t.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    t.decoder = decoders.ByteLevel()
    t.add_special_tokens(["<bos>", "<eos>"])
    if post_processor:
        t.post_processor = processors.TemplateProcessing(
            single="<bos> $A", special_tokens=[("<bos>", 0)])
    t.save(folder + "/tokenizer.json")
    config = {"tokenizer_class": "LlamaTokenizerFast", "add_bos_token": True,
              "bos_token": "<bos>", "eos_token": "<eos>"}
    json.dump(config, open(folder + "/tokenizer_config.json", "w"))
    return AutoTokenizer.from_pretrained(folder)("ab").input_ids


plain = [vocab["a"], vocab["b"]]
without, with_template = ids(False), ids(True)
print("transformers", transformers.__version__, "tokenizers", tokenizers.__version__)
print("add_bos_token true, no post-processor:", without)
print("add_bos_token true, TemplateProcessing:", with_template)
sys.exit(0 if without == plain and with_template == [0] + plain else 1)
PYTHON
