# SPDX-License-Identifier: MIT
"""What vpf sample and vpf fill should give, in NumPy, written from the documents (docs/design.md,
sections 4 and 9; docs/math.md, section 8): pictures, models, images, noise, mean field, errors."""
import gzip, json, struct, zlib
import numpy as np


def read_png(path):
    """The pixels of an 8-bit grey PNG, [height x width]."""
    raw = open(path, "rb").read()
    assert raw[:8] == b"\x89PNG\r\n\x1a\n"
    at, packed = 8, b""
    while at < len(raw):
        length, kind = struct.unpack(">I4s", raw[at:at + 8])
        body = raw[at + 8:at + 8 + length]
        if kind == b"IHDR":
            width, height, depth, colour = struct.unpack(">IIBB", body[:10])
            assert (depth, colour) == (8, 0)
        packed += body if kind == b"IDAT" else b""
        at += 12 + length
    lines = zlib.decompress(packed)
    out = np.zeros((height, width), dtype=np.uint8)
    above = [0] * width
    for y in range(height):
        how, line = lines[y * (width + 1)], list(lines[y * (width + 1) + 1:(y + 1) * (width + 1)])
        for x in range(width):
            a, b, c = (line[x - 1] if x else 0), above[x], (above[x - 1] if x else 0)
            p = a + b - c
            paeth = min((abs(p - a), 0, a), (abs(p - b), 1, b), (abs(p - c), 2, c))[2]
            line[x] = (line[x] + [0, a, b, (a + b) // 2, paeth][how]) % 256
        out[y] = above = line
    return out


def tiles(path, width, height, gap=2):
    """The tiles of a picture, [rows x columns x height x width]; what is between them is grey."""
    pixels = read_png(path)
    rows, columns = (pixels.shape[0] - gap) // (height + gap), (pixels.shape[1] - gap) // (width + gap)
    assert pixels.shape == (rows * (height + gap) + gap, columns * (width + gap) + gap), pixels.shape
    out = np.zeros((rows, columns, height, width), dtype=np.uint8)
    rest = np.ones(pixels.shape, dtype=bool)
    for r in range(rows):
        for c in range(columns):
            top, left = gap + r * (height + gap), gap + c * (width + gap)
            box = np.s_[top:top + height, left:left + width]
            out[r, c] = pixels[box]
            rest[box] = False
    assert (pixels[rest] == 128).all()
    return out


def read_model(path):
    """The tensors of a model file, as float64."""
    raw = open(path, "rb").read()
    begin = 8 + int.from_bytes(raw[:8], "little")
    header = json.loads(raw[8:begin])
    header.pop("__metadata__")
    return {name: np.frombuffer(raw[begin + t["data_offsets"][0]:begin + t["data_offsets"][1]], "<f4")
            .reshape(t["shape"]).astype(float) for name, t in header.items()}


def read_images(path):
    """Grey levels, [rows x pixels], 0 .. 255."""
    raw = (gzip.open if path.endswith(".gz") else open)(path, "rb").read()
    rows, height, width = struct.unpack(">III", raw[4:16])
    return np.frombuffer(raw[16:], np.uint8).reshape(rows, height * width)


def philox(counter, key):
    """Philox4x32-10 (Salmon et al. 2011): counter four arrays of uint64 below 2^32, key two numbers."""
    x = [np.asarray(c, dtype=np.uint64) for c in counter]
    k, low = list(key), np.uint64(0xffffffff)
    for _ in range(10):
        a, b = x[0] * np.uint64(0xd2511f53), x[2] * np.uint64(0xcd9e8d57)
        high_a, high_b = a >> np.uint64(32), b >> np.uint64(32)
        x = [high_b ^ x[1] ^ np.uint64(k[0]), b & low, high_a ^ x[3] ^ np.uint64(k[1]), a & low]
        k = [(k[0] + 0x9e3779b9) % 2**32, (k[1] + 0xbb67ae85) % 2**32]
    return x


def fair_bits(seed, rows, columns):
    """Fair random bits of the purpose "corrupt", number 10: the top bit of each column's word."""
    stream = philox([10, 0x76706673, 0, 0], [seed % 2**32, seed >> 32])
    key = [int(stream[0]), int(stream[1])]
    blocks = (columns + 3) // 4
    block, row = np.meshgrid(np.arange(blocks), np.arange(rows))
    words = philox([block, np.zeros_like(block), row, np.zeros_like(row)], key)
    return (np.stack(words, axis=2).reshape(rows, 4 * blocks)[:, :columns] >> np.uint64(31)).astype(int)


def corrupt(bits, region, replace, seed):
    noise = fair_bits(seed, *bits.shape)
    return np.where(region, noise if replace else bits | noise, bits)


def region_of(name, width, height):
    rows, columns = max(1, int(height * 12 / 28 + 0.5)), max(1, int(width * 12 / 28 + 0.5))
    mask = np.zeros((height, width), dtype=bool)
    mask[{"top": np.s_[:rows], "bottom": np.s_[height - rows:], "left": np.s_[:, :columns],
          "right": np.s_[:, width - columns:]}[name]] = True
    return mask.ravel()


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def mean_field(model, bits, known, steps):
    """Of an RBM without intra-layer weights."""
    w, down, up = model["weight.0"], model["bias.0"], model["bias.1"]
    v = bits.astype(float)
    h = sigmoid(v @ w + up)
    for _ in range(steps):
        v = np.where(known, bits, sigmoid(h @ w.T + down))
        h = sigmoid(v @ w + up)
    return v


def error(answers, grey, region):
    """Mean over rows and its standard error."""
    each = np.abs(answers - grey / 255)[:, region].sum(axis=1)
    return each.mean(), each.std(ddof=1) / np.sqrt(len(each))


def printed_errors(path):
    """{region: (error, its standard error, black, its standard error)} from what vpf fill printed."""
    out = {}
    for line in open(path):
        word = line.replace("+-", " ").split()
        if word and word[0] in ("top", "bottom", "left", "right"):
            out[word[0]] = tuple(float(w) for w in word[1:5])
    return out
