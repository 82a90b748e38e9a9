#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Makes the files of this folder, without libvpf: they are the second opinion on its formats.

    python3 make_data.py        writes them beside this script; the same bytes each time
"""
import gzip
import json
import pathlib
import struct
import zlib

FOLDER = pathlib.Path(__file__).resolve().parent
TYPE = {"U8": "B", "F32": "f", "F64": "d", "U64": "Q"}


def safetensors(metadata, tensors):
    """tensors: (name, dtype, shape, values), in the order of their bytes."""
    header = {"__metadata__": {"vpf_crc32": "0" * 8, **metadata}}
    body = b""
    for name, dtype, shape, values in tensors:
        data = struct.pack(f"<{len(values)}{TYPE[dtype]}", *values)
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [len(body), len(body) + len(data)]}
        body += data
    text = json.dumps(header, separators=(",", ":")).encode("ascii")
    text += b" " * (-len(text) % 8)
    whole = struct.pack("<Q", len(text)) + text + body
    return whole.replace(b'"vpf_crc32":"00000000"', b'"vpf_crc32":"%08x"' % zlib.crc32(whole), 1)


def container():
    return safetensors({"note": "all types"}, [
        ("bytes", "U8", [5], [0, 1, 127, 128, 255]),
        ("floats", "F32", [2, 3], [0.0, -0.5, 1.25, 3.0e38, -1.0e-40, 7.0]),
        ("doubles", "F64", [3], [0.1, -2.5e300, 5e-324]),
        ("words", "U64", [1, 2], [0x0123456789abcdef, 2**64 - 1]),
    ])


def model():
    """4-3-2, pairwise, U_1 present; W_l[i][j] = (l + 1) + i / 4 - j / 8, U and biases see below."""
    sizes, intra = [4, 3, 2], [0, 1, 0]
    tensors = [(f"weight.{l}", "F32", [sizes[l], sizes[l + 1]],
                [l + 1 + i / 4 - j / 8 for i in range(sizes[l]) for j in range(sizes[l + 1])]) for l in range(2)]
    tensors.append(("intra.1", "F32", [3, 3], [0 if i == j else (i + j) / 2 for i in range(3) for j in range(3)]))
    for name, size, start in (("0", 4, 0), ("1.up", 3, 10), ("1.down", 3, 20), ("2", 2, 30)):
        tensors.append((f"bias.{name}", "F32", [size], [-(start + k) / 16 for k in range(size)]))
    return safetensors({
        "vpf_format": "1",
        "vpf_kind": "model",
        "vpf_sizes": ",".join(map(str, sizes)),
        "vpf_intra": ",".join(map(str, intra)),
        "vpf_coupling": "pairwise",
    }, tensors)


def idx():
    """3 images of 2 x 5, pixel k is 8 k."""
    return struct.pack(">4I", 0x803, 3, 2, 5) + bytes(8 * k for k in range(30))


FILES = {
    "container.safetensors": container(),
    "model-4-3-2.safetensors": model(),
    "images.idx": idx(),
    "images.idx.gz": gzip.compress(idx(), 9, mtime=0),
}

for name, content in FILES.items():
    (FOLDER / name).write_bytes(content)
