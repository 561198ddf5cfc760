"""The encoder of the reference path: a VGG network up to conv5_1, our own or torchvision's VGG-19.

Simonyan and Zisserman 2014: blocks of 3x3 convolutions, each with a ReLU, between 2x2 poolings. Poolings are averages,
as Gatys 2015 has them for synthesis (section "Methods"). Layers are named as there: conv1_1 is block 1's first.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from ..errors import InputError
from .weights_file import WEIGHTS_FOLDER

SHIPPED_ENCODER = WEIGHTS_FOLDER / "encoder.safetensors"
# The statistics of ImageNet's pictures that torchvision's networks are trained with.
MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
_VGG19_DEPTHS = (2, 2, 4, 4, 1)
# torchvision/models/vgg.py, configuration "E": every convolution, ReLU and pooling counts one in `features`.
_VGG19_FEATURES = (0, 2, 5, 7, 10, 12, 14, 16, 19, 21, 23, 25, 28)
_VGG19_WIDTHS = (64, 128, 256, 512, 512)
_LAYER_KEY = re.compile(r"convolutions\.conv([1-5])_([1-9])\.weight")


class Encoder(nn.Module):
    """widths: channels of blocks 1 to 5. depths: convolutions of each block. float32, not trained any more."""

    def __init__(self, widths: Sequence[int], depths: Sequence[int]) -> None:
        super().__init__()
        self.convolutions = nn.ModuleDict()
        width_in = 3
        for (name, _), width in zip(layer_places(depths), layer_widths(widths, depths), strict=True):
            self.convolutions[name] = nn.Conv2d(width_in, width, 3, padding=1)
            width_in = width
        self.requires_grad_(False)

    def forward(self, rgb: Tensor, layers: Collection[str]) -> dict[str, Tensor]:
        """Activations after the ReLU of the named layers, (B, C, H/2^k, W/2^k), of sRGB (B, 3, H, W) in 0..1.

        What lies above the last named layer is not computed. Raises KeyError for a layer that is not there.
        """
        mean, deviation = (rgb.new_tensor(values).view(3, 1, 1) for values in (MEAN, DEVIATION))
        x = (rgb - mean) / deviation
        found: dict[str, Tensor] = {}
        for name, convolution in self.convolutions.items():
            if len(found) == len(layers):
                break
            if name.endswith("_1") and name != "conv1_1":
                x = F.avg_pool2d(x, 2)
            x = F.relu(convolution(x))
            if name in layers:
                found[name] = x
        return {name: found[name] for name in layers}


def layer_places(depths: Sequence[int]) -> list[tuple[str, int]]:
    """(name, block 0..4) of every convolution, from the picture on."""
    return [(f"conv{block + 1}_{i + 1}", block) for block, depth in enumerate(depths) for i in range(depth)]


def layer_widths(widths: Sequence[int], depths: Sequence[int]) -> list[int]:
    """Channels of every convolution, from the picture on."""
    return [widths[block] for _, block in layer_places(depths)]


def load_encoder(path: Path = SHIPPED_ENCODER) -> Encoder:
    """The encoder in a file: the project's own, or torchvision's VGG-19 state (vgg19-dcbb9e9d.pth, or .safetensors).

    Nothing in a .pth is run: it is loaded with weights only. Raises InputError ("bad-encoder") if the file is
    missing, damaged, of another network, or holds more than weights.
    """
    weights = _read_state(path)
    widths: Sequence[int] = _VGG19_WIDTHS
    depths: Sequence[int] = _VGG19_DEPTHS
    if "features.0.weight" in weights:
        weights = _vgg19_weights(path, weights)
    else:
        widths, depths = _plan(path, weights)
    if not all(torch.isfinite(value).all() for value in weights.values()):
        raise _bad(path, "holds values that are no numbers")
    encoder = Encoder(widths, depths)
    try:
        encoder.load_state_dict(weights)
    except RuntimeError as error:
        raise _bad(path, "is not a VGG encoder: its layers have other shapes") from error
    return encoder.eval()


def _read_state(path: Path) -> dict[str, Tensor]:
    try:
        if path.suffix == ".safetensors":
            state = load_file(path)
        else:
            state = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError as error:
        raise _bad(path, "is not there") from error
    except (OSError, SafetensorError) as error:
        raise _bad(path, f"cannot be read ({error})") from error
    except Exception as error:  # a damaged pickle raises anything, and a hostile one is refused with its own error
        raise _bad(path, "is damaged, or holds more than weights") from error
    if not isinstance(state, dict) or not all(isinstance(value, Tensor) for value in state.values()):
        raise _bad(path, "is not a state file: it must hold named tensors alone")
    return {str(name): value.float() for name, value in state.items()}


def _vgg19_weights(path: Path, state: dict[str, Tensor]) -> dict[str, Tensor]:
    weights = {}
    for (layer, _), index in zip(layer_places(_VGG19_DEPTHS), _VGG19_FEATURES, strict=True):
        for kind in ("weight", "bias"):
            if f"features.{index}.{kind}" not in state:
                raise _bad(path, f"is not torchvision's VGG-19: it has no features.{index}.{kind}")
            weights[f"convolutions.{layer}.{kind}"] = state[f"features.{index}.{kind}"]
    return weights


def _plan(path: Path, weights: dict[str, Tensor]) -> tuple[list[int], list[int]]:
    """widths and depths, read off the tensors' names and shapes."""
    widths, depths = [0] * 5, [0] * 5
    for name, value in weights.items():
        if (match := _LAYER_KEY.fullmatch(name)) is not None and value.ndim == 4:
            block = int(match[1]) - 1
            widths[block], depths[block] = value.shape[0], max(depths[block], int(match[2]))
    if 0 in depths:
        raise _bad(path, "is not a VGG encoder")
    return widths, depths


def _bad(path: Path, reason: str) -> InputError:
    return InputError(
        "bad-encoder",
        f"The encoder {path} {reason}.",
        "Give torchvision's vgg19-dcbb9e9d.pth, or weights written by `train encoder`.",
    )
