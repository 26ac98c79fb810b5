"""What ONNX Runtime computes with the networks in $CROMULENT_DATA/models: writes trained.json beside this file.

    CROMULENT_DATA=… venv/bin/python trained.py
"""

import gzip
import json
import os
import pathlib

import numpy as np
import onnxruntime

HERE = pathlib.Path(__file__).parent
DATA = pathlib.Path(os.environ["CROMULENT_DATA"])
IMAGENET = ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])
CIFAR = ([0.4914, 0.4822, 0.4465], [0.2470, 0.2435, 0.2616])
FASHION = ([0.2860], [0.3530])


def cifar(count):
    records = np.fromfile(DATA / "data/cifar10-test-first1000.bin", np.uint8).reshape(-1, 3073)
    return records[:count, 1:].reshape(-1, 3, 32, 32)


def fashion(count):
    bytes = (HERE / "../../../../docs/examples/fashion-100-images-idx3-ubyte").read_bytes()
    bytes = gzip.decompress(bytes) if bytes[:2] == b"\x1f\x8b" else bytes
    return np.frombuffer(bytes[16:], np.uint8).reshape(-1, 1, 28, 28)[:count]


logits = {}
for name, images, (mean, std) in [
    ("akamaster/resnet20", cifar, IMAGENET),
    ("akamaster/resnet44", cifar, IMAGENET),
    ("trained/cifar10-preresnet20", cifar, CIFAR),
    ("trained/fashion-preresnet8", fashion, FASHION),
    ("trained/fashion-densenet22", fashion, FASHION),
]:
    x = images(4) / 255 - np.reshape(mean, (1, -1, 1, 1))
    x = (x / np.reshape(std, (1, -1, 1, 1))).astype(np.float32)
    session = onnxruntime.InferenceSession(DATA / f"models/{name}.onnx")
    got = session.run(None, {session.get_inputs()[0].name: x})[0]
    logits[name] = [[round(float(value), 5) for value in row] for row in got]
(HERE / "trained.json").write_text(json.dumps(logits) + "\n")
