#!/usr/bin/env python3
"""Make gguf_blocks.gguf: blocks of each of ggml's types that Seekling reads, and their numbers.

    python make_gguf_blocks.py --out .

For each type the file has a tensor TYPE of two rows of 512 numbers, and the same numbers as F32,
TYPE.values. The blocks of Q8_0, Q4_0 and Q5_0 are made by the package's quantize(). The package
has no quantize() for Q4_K and Q6_K, so their blocks are random bytes, with small halves as scales.
The values come from the package's dequantize().

Needs numpy and gguf 0.19.0. The output is byte-identical with these versions.
"""
import argparse
import pathlib

import gguf
import numpy as np

ROWS, WIDTH = 2, 512
HALVES = {"Q4_K": (0, 2), "Q6_K": (208,)}  # where a block has a half


def random_blocks(name, rng):
    numbers, size = gguf.GGML_QUANT_SIZES[gguf.GGMLQuantizationType[name]]
    blocks = rng.integers(0, 256, (ROWS * WIDTH // numbers, size), np.uint8)
    for at in HALVES[name]:
        halves = rng.uniform(-0.01, 0.01, len(blocks)).astype(np.float16)
        blocks[:, at:at + 2] = halves.view(np.uint8).reshape(-1, 2)
    return blocks.reshape(ROWS, -1)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path("."))
    out = parser.parse_args().out
    rng = np.random.default_rng(1)
    writer = gguf.GGUFWriter(out / "gguf_blocks.gguf", "blocks")
    for name in ("Q8_0", "Q4_0", "Q5_0", "Q4_K", "Q6_K"):
        kind = gguf.GGMLQuantizationType[name]
        if name in HALVES:
            blocks = random_blocks(name, rng)
        else:
            blocks = gguf.quantize(rng.standard_normal((ROWS, WIDTH)).astype(np.float32), kind)
        writer.add_tensor(name, blocks, raw_dtype=kind)
        writer.add_tensor(name + ".values", gguf.dequantize(blocks, kind))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


if __name__ == "__main__":
    main()
