"""Random walks end where they are expected to, and do not go around edges."""

from __future__ import annotations

import torch

from core.random_walk import conductances, expected_at_rest


def solved(values: torch.Tensor, weight: torch.Tensor, across: torch.Tensor, down: torch.Tensor) -> torch.Tensor:
    """The same, by elimination."""
    height, width = values.shape
    matrix = torch.diag(weight.flatten())
    number = torch.arange(height * width).view(height, width)
    for part, one, other in (
        (across, number[:, 1:], number[:, :-1]),
        (down, number[1:], number[:-1]),
    ):
        for passes, a, b in zip(part.flatten(), one.flatten(), other.flatten(), strict=True):
            matrix[a, a] += passes
            matrix[b, b] += passes
            matrix[a, b] -= passes
            matrix[b, a] -= passes
    return torch.linalg.solve(matrix, (weight * values).flatten()).view(height, width)


def test_it_is_the_solution_of_the_whole_system_whatever_the_guess() -> None:
    torch.manual_seed(1)
    values, weight, lightness = torch.rand(9, 12), 0.01 + torch.rand(9, 12), 20.0 * torch.rand(9, 12)
    edges = conductances(lightness, 5.0, 0.001)
    expected = solved(values.double(), weight.double(), *(part.double() for part in edges)).float()
    for start in (None, torch.rand(9, 12)):
        assert torch.allclose(expected_at_rest(values, weight, *edges, start), expected, atol=1e-4)


def test_what_is_known_on_one_side_of_an_edge_stays_there_and_fills_it() -> None:
    lightness = torch.full((32, 32), 40.0)
    lightness[:, 16:] = 52.0
    values, weight = torch.zeros(32, 32), torch.full((32, 32), 5e-4)
    values[8, 4], weight[8, 4] = 1.0, 2.0
    found = expected_at_rest(values, weight, *conductances(lightness, 2.0, 1e-3))
    assert found[:, :16].min() > 3.0 * found[:, 16:].max()


def test_what_leaks_through_a_gap_is_shared_out_beyond_it() -> None:
    """A sum along rows and columns would go through whole."""
    lightness = torch.full((48, 48), 40.0)
    lightness[:, 16:18] = 80.0
    lightness[24, 16:18] = 40.0
    values, weight = torch.zeros(48, 48), torch.full((48, 48), 5e-4)
    values[20:28, 4:8], weight[20:28, 4:8] = 1.0, 2.0
    found = expected_at_rest(values, weight, *conductances(lightness, 2.0, 0.0))
    assert found[:, :16].min() > 0.7 and found[:, 18:].max() < 0.5


def test_shading_passes_where_an_edge_of_as_much_lightness_does_not() -> None:
    values, weight = torch.zeros(8, 64), torch.full((8, 64), 5e-4)
    values[:, :4], weight[:, :4] = 1.0, 2.0
    shaded = torch.linspace(30.0, 60.0, 64).expand(8, 64)
    stepped = torch.where(torch.arange(64) < 32, 30.0, 60.0).expand(8, 64)
    ends = []
    for lightness in (shaded, stepped):
        found = expected_at_rest(values, weight, *conductances(lightness, 2.0, 1e-3))
        ends.append(float(found[:, 40].mean()))
    assert ends[0] > 0.5 > 0.1 > ends[1]
