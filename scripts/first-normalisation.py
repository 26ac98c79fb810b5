#!/usr/bin/env python3
"""Why the Fashion-MNIST ResNet-8 is worse in L5 than in L4 when its first normalisation is coded (docs/results.md).

Float weights; codes by the formulae of Table 1. Needs numpy. Arguments: the safetensors file, the IDX images and labels of the
test set, gzip, and how many images.
"""
import gzip
import json
import struct
import sys

import numpy as np

EPSILON = 1e-5


def tensors(path):
    data = open(path, "rb").read()
    (length,) = struct.unpack("<Q", data[:8])
    found = {}
    for name, entry in json.loads(data[8:8 + length]).items():
        if name != "__metadata__" and entry["dtype"] == "F32":
            start, end = entry["data_offsets"]
            values = np.frombuffer(data[8 + length + start:8 + length + end], "<f4")
            found[name] = values.reshape(entry["shape"]).astype(float)
    return found


T = tensors(sys.argv[1])
COUNT = int(sys.argv[4])
PIXELS = np.frombuffer(gzip.open(sys.argv[2]).read()[16:], np.uint8).reshape(-1, 28, 28)[:COUNT]
LABELS = np.frombuffer(gzip.open(sys.argv[3]).read()[8:], np.uint8)[:COUNT]


def convolve(x, w, stride=1):
    side = w.shape[2]
    height, width = x.shape[2:]
    x = np.pad(x, ((0, 0), (0, 0)) + 2 * ((side // 2, side // 2),))
    taps = [(i, j) for i in range(side) for j in range(side)]
    y = sum(np.einsum("nchw,oc->nohw", x[:, :, i:i + height, j:j + width], w[:, :, i, j]) for i, j in taps)
    return y[:, :, ::stride, ::stride]


def by_channel(values):
    return values[None, :, None, None]


def normalised(x, name):
    sigma = np.sqrt(T[name + ".running_var"] + EPSILON)
    return (x - by_channel(T[name + ".running_mean"])) / by_channel(sigma)


def activated(n, name):
    return np.maximum(by_channel(T[name + ".weight"]) * n + by_channel(T[name + ".bias"]), 0)


def logarithmic(root, low, high, c):
    def code(n):
        steps = np.clip(np.floor(root * np.log2(np.maximum(c * abs(n), 1e-12))), low, high)
        return np.where(n < 0, -1, 1) * 2 ** (steps / root)
    return code


FORMATS = {"L4": logarithmic(1, -3, 4, 1.36), "L5": logarithmic(2, -6, 9, 1.177)}
FIRST = convolve((PIXELS[:, None] / 255 - 0.2860) / 0.3530, T["conv1.weight"])


def accuracy(first, others):
    y = FIRST
    for block, stride in enumerate((1, 2, 2)):
        at = f"blocks.{block}."
        h = activated((first if block == 0 else others)(normalised(y, at + "bn1")), at + "bn1")
        shortcut = T.get(at + "shortcut.weight")
        base = y if shortcut is None else convolve(h, shortcut, stride)
        h = activated(others(normalised(convolve(h, T[at + "conv1.weight"], stride), at + "bn2")), at + "bn2")
        y = base + convolve(h, T[at + "conv2.weight"])
    pooled = activated(others(normalised(y, "bn")), "bn").mean((2, 3))
    return 100 * ((pooled @ T["fc.weight"].T + T["fc.bias"]).argmax(1) == LABELS).mean()


# Positions whose 3×3 patch is black and inside: each channel has one value there, in every image.
outside = np.pad(PIXELS, ((0, 0), (1, 1), (1, 1)), constant_values=255)
black = np.all([outside[:, i:i + 28, j:j + 28] == 0 for i in range(3) for j in range(3)], axis=0)
n = normalised(FIRST, "blocks.0.bn1")
background = n.transpose(0, 2, 3, 1)[black][0]
sigma = np.sqrt(T["blocks.0.bn2.running_var"] + EPSILON)


def exactly(n):
    return n


print(f"{100 * black.mean():.1f} % of positions are background; fp32 {accuracy(exactly, exactly):.1f}")
for name, code in FORMATS.items():
    at = activated(by_channel(code(background)), "blocks.0.bn1") - activated(by_channel(background), "blocks.0.bn1")
    error = activated(code(n), "blocks.0.bn1") - activated(n, "blocks.0.bn1")
    power = ((convolve(error, T["blocks.0.conv1.weight"]) / by_channel(sigma)) ** 2).mean()
    shift = T["blocks.0.conv1.weight"].sum((2, 3)) @ at[0, :, 0, 0] / sigma
    print(f"{name}: error behind blocks.0.conv1 {power:.3f} variances; its background shifted by", np.round(shift, 2))
    ways = {
        "coded": code,
        "coded but for the background": lambda n: np.where(black[:, None], n, code(n)),
        "the background alone coded": lambda n: np.where(black[:, None], code(n), n),
        "coded, each channel's mean error taken off": lambda n: code(n) - (code(n) - n).mean((0, 2, 3), keepdims=True),
    }
    for way, first in ways.items():
        print(f"  first {way}: {accuracy(first, exactly):.1f}, all others coded too {accuracy(first, code):.1f}")
