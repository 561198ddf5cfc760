"""Convolutions that both colorizers are built from.

Norm-free residual blocks: weights are standardised per filter (Brock 2021, "Characterizing signal propagation",
eq. 5) and each branch starts at zero through a learned gain (De and Smith 2020, SkipInit), so that one picture's
answer never depends on its batch. A width is a number of channels.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

# sqrt(2 / (1 - 1/pi)): keeps the variance through a ReLU (Brock 2021, table 1).
_RELU_GAIN = 1.7139588594436646


Network = TypeVar("Network", bound=nn.Module)


class Conv(nn.Conv2d):
    """A convolution with standardised weights and the same size out as in (stride 1)."""

    def __init__(self, width_in: int, width_out: int, kernel: int = 3, stride: int = 1) -> None:
        super().__init__(width_in, width_out, kernel, stride, kernel // 2)
        self.gain = nn.Parameter(torch.ones(width_out, 1, 1, 1))
        self.frozen = False
        assert self.bias is not None
        nn.init.zeros_(self.bias)

    def forward(self, x: Tensor) -> Tensor:
        return F.conv2d(x, self._kernel(), self.bias, self.stride, self.padding)

    def beside(self, own: Tensor, shared: Tensor) -> Tensor:
        """The convolution of each of own (B, K, C, h, w) with shared (B, C', h, w) behind it, C + C' its width:
        (B, K, width_out, h, w). What they share is convolved once."""
        kernel, width = self._kernel(), own.shape[2]
        each = F.conv2d(own.flatten(0, 1), kernel[:, :width], None, self.stride, self.padding)
        common = F.conv2d(shared, kernel[:, width:], self.bias, self.stride, self.padding)
        return each.unflatten(0, own.shape[:2]) + common.unsqueeze(1)

    def _kernel(self) -> Tensor:
        return self.weight if self.frozen else self.standardised_weight()

    def standardised_weight(self) -> Tensor:
        mean = self.weight.mean((1, 2, 3), keepdim=True)
        variance = self.weight.var((1, 2, 3), keepdim=True, unbiased=False)
        fan_in = self.weight[0].numel()
        return (self.weight - mean) * torch.rsqrt(variance * fan_in + 1e-6) * self.gain


def freeze(network: Network) -> Network:
    """The network for inference: weights are standardised once and no longer train."""
    for module in network.modules():
        if isinstance(module, Conv) and not module.frozen:
            module.weight.data = module.standardised_weight().detach()
            module.frozen = True
    return network


class PlainBlock(nn.Module):
    """Two 3x3 convolutions around a skip; the two-tower colorizer's block."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first, self.second = Conv(width, width), Conv(width, width)
        self.branch_gain = nn.Parameter(torch.zeros(()))

    def forward(self, x: Tensor) -> Tensor:
        hidden = F.relu(self.first(F.relu(x) * _RELU_GAIN)) * _RELU_GAIN
        return x + self.second(hidden) * self.branch_gain


class FireBlock(nn.Module):
    """A Fire module (Iandola 2016, section 3.2) around a skip: squeeze by 1x1 to a quarter, expand by 1x1 and 3x3."""

    def __init__(self, width: int) -> None:
        super().__init__()
        squeezed, half = width // 4, width // 2
        self.squeeze = Conv(width, squeezed, kernel=1)
        self.expand_point, self.expand_square = Conv(squeezed, half, kernel=1), Conv(squeezed, width - half)
        self.branch_gain = nn.Parameter(torch.zeros(()))

    def forward(self, x: Tensor) -> Tensor:
        hidden = F.relu(self.squeeze(F.relu(x) * _RELU_GAIN)) * _RELU_GAIN
        return x + torch.cat((self.expand_point(hidden), self.expand_square(hidden)), 1) * self.branch_gain


Block = Callable[[int], nn.Module]


def stack(block: Block, width: int, depth: int) -> nn.Sequential:
    return nn.Sequential(*(block(width) for _ in range(depth)))
