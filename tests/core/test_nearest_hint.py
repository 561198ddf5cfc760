"""The nearest hint along edges, against Dijkstra's distances."""

from __future__ import annotations

import heapq

import torch

from core.nets.domain_transform import step_costs
from core.nets.nearest_hint import nearest_hint

WAY = (64.0, 20.0)


def shortest(across: torch.Tensor, down: torch.Tensor, sources: list[tuple[int, int]]) -> torch.Tensor:
    """Distances (h, w) from the nearest of the sources by Dijkstra's algorithm, over four neighbours."""
    height, width = down.shape[0] + 1, across.shape[1] + 1
    distance = torch.full((height, width), torch.inf)
    queue = [(0.0, *source) for source in sources]
    while queue:
        so_far, y, x = heapq.heappop(queue)
        if so_far >= distance[y, x]:
            continue
        distance[y, x] = so_far
        steps = (
            (y, x + 1, across[y, x] if x + 1 < width else None),
            (y, x - 1, across[y, x - 1] if x else None),
            (y + 1, x, down[y, x] if y + 1 < height else None),
            (y - 1, x, down[y - 1, x] if y else None),
        )
        for to_y, to_x, cost in steps:
            if cost is not None:
                heapq.heappush(queue, (so_far + float(cost), to_y, to_x))
    return distance


def test_distances_are_those_of_shortest_paths() -> None:
    generator = torch.Generator().manual_seed(0)
    coarse = torch.rand(1, 1, 5, 7, generator=generator) * 100.0
    lightness = torch.nn.functional.interpolate(coarse, size=(20, 28), mode="bilinear")
    hints, weight = torch.randn(1, 2, 20, 28, generator=generator), torch.zeros(1, 1, 20, 28)
    sources = [(3, 4), (12, 22), (17, 6)]
    for y, x in sources:
        weight[..., y, x] = 0.3
    across, down = step_costs(lightness, *WAY)
    ab, way = nearest_hint(hints, weight, across, down)
    true = shortest(across[0], down[0], sources)
    assert torch.allclose(way[0, 0], true, atol=1e-4)
    owner = torch.stack([shortest(across[0], down[0], [source]) for source in sources]).argmin(0)
    colors = torch.stack([hints[0, :, y, x] for y, x in sources])
    assert torch.allclose(ab[0].permute(1, 2, 0), colors[owner], atol=1e-6)


def test_two_hints_part_at_the_edge_between_them_however_near_it_one_is() -> None:
    lightness = torch.full((1, 1, 16, 40), 30.0)
    lightness[..., 28:] = 70.0
    hints, weight = torch.zeros(1, 2, 16, 40), torch.zeros(1, 1, 16, 40)
    hints[0, :, 8, 2], hints[0, :, 8, 30] = torch.tensor([40.0, 0.0]), torch.tensor([-40.0, 0.0])
    weight[..., 8, 2] = weight[..., 8, 30] = 1.0
    ab, _ = nearest_hint(hints, weight, *step_costs(lightness, *WAY))
    assert (ab[0, 0, :, :28] == 40.0).all() and (ab[0, 0, :, 28:] == -40.0).all()


def test_without_hints_there_is_no_colour_and_nothing_near() -> None:
    ab, way = nearest_hint(
        torch.ones(2, 2, 8, 8), torch.zeros(2, 1, 8, 8), *step_costs(torch.rand(2, 1, 8, 8) * 100, *WAY)
    )
    assert not ab.any() and torch.exp(-way / 4.0).max() == 0.0
