#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Reads a model file with NumPy, without libvpf. The format is safetensors; docs/file-format.md describes it byte by
byte.

    python3 read_model.py MODEL     prints the contents of the file

    tensors, metadata = read_model.read_model("model.safetensors")
    p = read_model.hidden_probabilities(tensors, rows)
"""
import json
import math
import re
import sys
import zlib

import numpy as np

DTYPES = {"U8": "u1", "F32": "<f4", "F64": "<f8", "U64": "<u8"}
LONGEST_HEADER = 4 << 20


def read_model(path):
    """(tensors, metadata) of a model or a checkpoint: {name: array}, {key: text}.

    Raises ValueError, with the reason, unless the file is a complete and undamaged file of libvpf. The arrays are
    read-only."""
    with open(path, "rb") as file:
        raw = file.read()
    try:
        return _parse(raw)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise ValueError(f"{path}: {error if isinstance(error, ValueError) else repr(error)}") from error


def _parse(raw):
    length = int.from_bytes(raw[:8], "little")
    if len(raw) < 8 or not 2 <= length <= min(len(raw) - 8, LONGEST_HEADER):
        raise ValueError("not a safetensors file, or cut off")
    text, body = raw[8:8 + length], memoryview(raw)[8 + length:]
    header = json.loads(text)
    metadata = header.pop("__metadata__")
    if metadata["vpf_format"] != "1":
        raise ValueError(f"format {metadata['vpf_format']}, not 1")
    _check_crc(raw, text, metadata["vpf_crc32"])

    tensors, end = {}, 0
    for name, tensor in sorted(header.items(), key=lambda item: item[1]["data_offsets"]):
        begin, dtype = end, np.dtype(DTYPES[tensor["dtype"]])
        end = begin + dtype.itemsize * math.prod(tensor["shape"])
        if tensor["data_offsets"] != [begin, end] or end > len(body):
            raise ValueError(f"{name} is at {tensor['data_offsets']}, should be at {[begin, end]} of {len(body)} bytes")
        tensors[name] = np.frombuffer(body[begin:end], dtype).reshape(tensor["shape"])
    if end != len(body):
        raise ValueError(f"{len(body) - end} bytes are left over")
    return tensors, metadata


def _check_crc(raw, text, written):
    """The checksum covers the whole file, with its own eight digits replaced by zeros."""
    places = [match.start(1) for match in re.finditer(rb'"vpf_crc32"\s*:\s*"([0-9a-f]{8})"', text)]
    if len(places) != 1:
        raise ValueError("no checksum, or several")
    at = 8 + places[0]
    computed = f"{zlib.crc32(raw[:at] + b'0' * 8 + raw[at + 8:]):08x}"
    if computed != written:
        raise ValueError(f"checksum {computed}, but {written} is written: the file is damaged")


def sizes(metadata):
    """Units of each layer."""
    return [int(size) for size in metadata["vpf_sizes"].split(",")]


def hidden_probabilities(tensors, rows):
    """P(h = 1 | x) of the first hidden layer, leaving out any intra-layer weights: sigmoid(W^T x + b), [rows x n_1]."""
    return np.exp(-np.logaddexp(0, -_hidden_fields(tensors, rows)))


def free_energy(tensors, rows):
    """F(x) = -log sum_h exp(-E(x, h)) of each row, for a machine of one layer, or of two layers without intra-layer
    weights on the hidden one."""
    rows = np.asarray(rows, float)
    if "weight.1" in tensors or "intra.1" in tensors:
        raise ValueError("the free energy has this form only without further layers and without intra.1")
    energy = -rows @ tensors["bias.0"].astype(float)
    if "intra.0" in tensors:
        energy -= 0.5 * np.einsum("ri,ij,rj->r", rows, tensors["intra.0"].astype(float), rows)
    if "weight.0" in tensors:
        energy -= np.logaddexp(0, _hidden_fields(tensors, rows)).sum(axis=1)
    return energy


def _hidden_fields(tensors, rows):
    bias = tensors["bias.1"] if "bias.1" in tensors else tensors["bias.1.up"]  # middle layers have two
    return np.asarray(rows, float) @ tensors["weight.0"].astype(float) + bias.astype(float)


def main(arguments):
    if len(arguments) != 1 or arguments[0].startswith("-"):
        print(__doc__.strip(), file=sys.stderr if arguments != ["--help"] else sys.stdout)
        return 0 if arguments == ["--help"] else 2
    try:
        tensors, metadata = read_model(arguments[0])
    except (OSError, ValueError) as error:
        print(f"read_model: {error}", file=sys.stderr)
        return 1
    for key, value in sorted(metadata.items()):
        print(f"{key:12} {value}")
    width = max(map(len, tensors))
    print(f"\n{'tensor':{width}} {'type':8} {'shape':14} {'least':>12} {'mean':>12} {'greatest':>12}")
    for name, tensor in tensors.items():
        shape = " x ".join(map(str, tensor.shape))
        values = f"{tensor.min():12.5g} {tensor.mean(dtype=float):12.5g} {tensor.max():12.5g}" if tensor.size else ""
        print(f"{name:{width}} {tensor.dtype.name:8} {shape:14} {values}".rstrip())
    empty = np.zeros((1, sizes(metadata)[0]))
    if "weight.0" in tensors:
        print(f"\nhidden units on for the empty row, expected: {hidden_probabilities(tensors, empty).sum():.6f}")
    if "weight.1" not in tensors and "intra.1" not in tensors:
        print(f"free energy of the empty row: {free_energy(tensors, empty)[0]:.6f}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
