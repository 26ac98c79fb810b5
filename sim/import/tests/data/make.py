"""Small networks as PyTorch's exporter writes them, and what they compute.

    python -m venv venv && venv/bin/pip install torch onnx onnxruntime onnxscript numpy
    venv/bin/python make.py            # writes *.onnx and logits.json beside this file

Each network has random weights, statistics that are not 0 and 1, and scales of both signs. Its logits are ONNX
Runtime's, of the image that `tests/torch.rs` makes too, and PyTorch's agree with them.
"""

import io
import json
import pathlib

import numpy as np
import onnx
import onnxruntime
import torch
import torch.nn.functional as F
from torch import nn

HERE = pathlib.Path(__file__).parent
MEAN, STD = 0.45, 0.25


def norm(channels):
    layer = nn.BatchNorm2d(channels)
    nn.init.uniform_(layer.weight, 0.5, 1.5)
    layer.weight.data *= torch.where(torch.rand(channels) < 0.2, -1.0, 1.0)
    nn.init.uniform_(layer.bias, -0.5, 0.5)
    layer.running_mean.uniform_(-0.3, 0.3)
    layer.running_var.uniform_(0.5, 1.5)
    return layer


def conv(inputs, outputs, kernel=3, stride=1, bias=False):
    return nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=bias)


class Basic(nn.Module):
    """A post-activation block; its shortcut has no parameters, or is a 1×1 convolution."""

    def __init__(self, inputs, outputs, stride, projected):
        super().__init__()
        self.conv1, self.bn1 = conv(inputs, outputs, 3, stride), norm(outputs)
        self.conv2, self.bn2 = conv(outputs, outputs), norm(outputs)
        self.stride, self.pad = stride, (outputs - inputs) // 2
        self.downsample = None
        if projected:
            self.downsample = nn.Sequential(conv(inputs, outputs, 1, stride), norm(outputs))

    def forward(self, x):
        y = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        if self.downsample is not None:
            x = self.downsample(x)
        elif self.stride > 1:
            x = F.pad(x[:, :, :: self.stride, :: self.stride], (0, 0, 0, 0, self.pad, self.pad))
        return F.relu(y + x)


class PostResNet(nn.Module):
    def __init__(self, projected, imagenet):
        super().__init__()
        self.conv1 = conv(3, 4, 7, 2) if imagenet else conv(3, 4)
        self.bn1 = norm(4)
        self.pool = nn.MaxPool2d(3, 2, 1) if imagenet else nn.Identity()
        self.layer1 = nn.Sequential(Basic(4, 4, 1, projected), Basic(4, 4, 1, False))
        self.layer2 = nn.Sequential(Basic(4, 8, 2, projected), Basic(8, 8, 1, False))
        self.layer3 = nn.Sequential(Basic(8, 16, 2, projected))
        self.fc = nn.Linear(16, 5)

    def forward(self, x):
        x = self.pool(F.relu(self.bn1(self.conv1(x))))
        x = self.layer3(self.layer2(self.layer1(x)))
        return self.fc(torch.flatten(F.adaptive_avg_pool2d(x, 1), 1))


class PreBlock(nn.Module):
    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.bn1, self.conv1 = norm(inputs), conv(inputs, outputs, 3, stride)
        self.bn2, self.conv2 = norm(outputs), conv(outputs, outputs)
        self.shortcut = conv(inputs, outputs, 1, stride) if stride > 1 else None

    def forward(self, x):
        y = F.relu(self.bn1(x))
        shortcut = x if self.shortcut is None else self.shortcut(y)
        return self.conv2(F.relu(self.bn2(self.conv1(y)))) + shortcut


class PreResNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = conv(3, 4)
        self.blocks = nn.Sequential(PreBlock(4, 4, 1), PreBlock(4, 8, 2))
        self.bn, self.fc = norm(8), nn.Linear(8, 5)

    def forward(self, x):
        x = F.relu(self.bn(self.blocks(self.conv1(x))))
        return self.fc(x.mean((2, 3)))


class Vgg(nn.Module):
    """Batch-norms in the second half only; pools behind ReLUs; three linear layers behind an average pool."""

    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(
            conv(3, 4, bias=True), nn.ReLU(), nn.MaxPool2d(2, 2),
            conv(4, 6, bias=True), norm(6), nn.ReLU(), conv(6, 6, bias=True), norm(6), nn.ReLU(), nn.MaxPool2d(2, 2),
        )
        self.pool = nn.AvgPool2d(2)
        self.classifier = nn.Sequential(
            nn.Linear(6 * 4, 8), nn.ReLU(), nn.Dropout(), nn.Linear(8, 8), nn.ReLU(), nn.Dropout(), nn.Linear(8, 5)
        )

    def forward(self, x):
        x = self.pool(self.features(x))
        return self.classifier(x.view(x.size(0), -1))


class DenseLayer(nn.Module):
    def __init__(self, inputs, growth):
        super().__init__()
        self.norm1, self.conv1 = norm(inputs), conv(inputs, 2 * growth, 1)
        self.norm2, self.conv2 = norm(2 * growth), conv(2 * growth, growth)

    def forward(self, x):
        return torch.cat([x, self.conv2(F.relu(self.norm2(self.conv1(F.relu(self.norm1(x))))))], 1)


class DenseNet(nn.Module):
    """torchvision's DenseNet: its stem has a pool behind batch-norm and ReLU."""

    def __init__(self):
        super().__init__()
        self.conv0, self.norm0, self.pool0 = conv(3, 4), norm(4), nn.MaxPool2d(3, 2, 1)
        self.block1 = nn.Sequential(DenseLayer(4, 2), DenseLayer(6, 2))
        self.norm, self.conv, self.pool = norm(8), conv(8, 4, 1), nn.AvgPool2d(2, 2)
        self.block2 = nn.Sequential(DenseLayer(4, 2), DenseLayer(6, 2))
        self.norm5, self.classifier = norm(8), nn.Linear(8, 5)

    def forward(self, x):
        x = self.pool0(F.relu(self.norm0(self.conv0(x))))
        x = self.pool(self.conv(F.relu(self.norm(self.block1(x)))))
        x = F.relu(self.norm5(self.block2(x)))
        return self.classifier(torch.flatten(F.adaptive_avg_pool2d(x, (1, 1)), 1))


def image(side):
    """The image that the test makes: pixel i is (i·73 + i²·11) mod 251, row by row, channel fastest."""
    i = np.arange(side * side * 3)
    pixels = ((i * 73 + i * i * 11) % 251).astype(np.uint8).reshape(side, side, 3)
    x = (pixels.astype(np.float64) / 255 - MEAN) / STD
    return torch.from_numpy(x.transpose(2, 0, 1)[None].astype(np.float32))


NETWORKS = {
    "post-resnet": (lambda: PostResNet(False, False), 16),
    "post-resnet-projected": (lambda: PostResNet(True, False), 16),
    "post-resnet-imagenet": (lambda: PostResNet(True, True), 32),
    "pre-resnet": (PreResNet, 16),
    "vgg": (Vgg, 16),
    "densenet": (DenseNet, 16),
}


# Opset and exporter. Before opset 10 there is no Slice with steps.
VARIANTS = {
    "post-resnet": [(11, False), (17, False), (18, True)],
    "pre-resnet": [(9, False), (21, True)],
    "vgg": [(9, False), (20, True)],
}


def export(network, x, opset, dynamo):
    if dynamo:
        program = torch.onnx.export(network, (x,), dynamo=True, opset_version=opset, verbose=False)
        return program.model_proto
    file = io.BytesIO()
    torch.onnx.export(
        network, (x,), file, dynamo=False, opset_version=opset, do_constant_folding=False, training=torch.onnx.TrainingMode.PRESERVE,
        input_names=["image"], output_names=["logits"], dynamic_axes={"image": {0: "batch"}, "logits": {0: "batch"}},
    )
    return onnx.load_from_string(file.getvalue())


def main():
    logits = {}
    for number, (name, (make, side)) in enumerate(NETWORKS.items()):
        torch.manual_seed(number)
        network, x = make().eval(), image(side)
        wanted = network(x)[0].tolist()
        for opset, dynamo in VARIANTS.get(name, [(13, False), (18, True)]):
            model = export(network, x, opset, dynamo)
            found = model.opset_import[0].version
            file = f"{name}-{found}{'-dynamo' if dynamo else ''}.onnx"
            del model.metadata_props[:]
            for node in model.graph.node:
                node.doc_string = ""
                del node.metadata_props[:]
            onnx.save(model, HERE / file)
            session = onnxruntime.InferenceSession(model.SerializeToString())
            got = session.run(None, {session.get_inputs()[0].name: x.numpy()})[0][0]
            assert np.allclose(got, wanted, atol=1e-4), (file, got, wanted)
            logits[file] = [round(float(value), 6) for value in got]
    (HERE / "logits.json").write_text(json.dumps(logits, indent=1) + "\n")


main()
