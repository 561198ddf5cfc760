"""The kriging of errors: what the Gaussian process's formula says, and what unhinted pictures get."""

from __future__ import annotations

import torch

from core.nets.kriging import _LEAST_NOISE, Kriging


def test_the_mean_is_the_gaussian_processs_own() -> None:
    torch.manual_seed(3)
    kriging = Kriging(6).eval()
    features, error = torch.randn(1, 6, 8, 12), torch.randn(1, 2, 8, 12)
    weight = torch.zeros(1, 1, 8, 12)
    hinted = [(0, 0), (2, 6), (6, 10)]
    for y, x in hinted:
        weight[:, :, y : y + 2, x : x + 2] = 1.0
    # What lies elsewhere is the last of them: near nothing here, and so much the noisier.
    elsewhere = torch.randn(1, 6, 8, 12), torch.randn(1, 2, 8, 12), torch.zeros_like(weight)
    elsewhere[2][..., 4:6, 4:6] = 1.0
    _, _, remembered = kriging(*elsewhere)
    mean, told, _ = kriging(features, error, weight, remembered, explain=True)

    coordinates, log_amplitude = kriging.coordinates(features)

    def covariance(a: torch.Tensor, b: torch.Tensor, log_a: torch.Tensor, log_b: torch.Tensor) -> torch.Tensor:
        far = torch.exp(-0.5 * (a[:16] - b[:16]).square().sum())
        near = torch.exp(-0.5 * (a[16:] - b[16:]).square().sum())
        share = torch.sigmoid(kriging.near_share)
        return (share * near + (1 - share) * far) * torch.exp(log_a + log_b)

    def pooled(field: torch.Tensor) -> list[torch.Tensor]:
        return [field[0, :, y : y + 2, x : x + 2].mean((1, 2)) for y, x in hinted]

    places, amplitudes = pooled(coordinates), [value[0] for value in pooled(log_amplitude)]
    errors = torch.stack([*pooled(error), remembered.error[0, 0]])
    places.append(torch.cat((remembered.coordinates[0, 0, :16], torch.full((18,), 1e3))))
    amplitudes.append(remembered.log_amplitude[0, 0, 0])
    noise = (
        _LEAST_NOISE
        + torch.nn.functional.softplus(kriging.noise[0])
        + 0.05 * torch.nn.functional.softplus(kriging.noise[1]) / 1.01
    )
    known = torch.stack(
        [
            torch.stack([covariance(places[i], places[j], amplitudes[i], amplitudes[j]) for j in range(4)])
            for i in range(4)
        ]
    )
    shares = torch.linalg.solve(known + noise * torch.eye(4), errors)
    y, x = 4, 7
    to_hints = torch.stack(
        [covariance(coordinates[0, :, y, x], places[i], log_amplitude[0, 0, y, x], amplitudes[i]) for i in range(4)]
    )
    assert torch.allclose(mean[0, :, y, x], to_hints @ shares, atol=1e-4)
    taken = to_hints @ torch.linalg.solve(known + noise * torch.eye(4), to_hints)
    assert told is not None
    assert torch.allclose(told[0, 0, y, x], taken / torch.exp(2.0 * log_amplitude[0, 0, y, x]), atol=1e-4)


def test_without_hints_nothing_is_corrected() -> None:
    kriging = Kriging(6)
    features, error = torch.randn(2, 6, 8, 8), torch.randn(2, 2, 8, 8)
    assert not kriging(features, error, torch.zeros(2, 1, 8, 8))[0].any()


def test_a_picture_without_hints_is_not_touched_by_its_batch() -> None:
    kriging = Kriging(6)
    features, error, weight = torch.randn(2, 6, 8, 8), torch.randn(2, 2, 8, 8), torch.zeros(2, 1, 8, 8)
    weight[0, :, 3, 3] = 1.0
    mean, _, _ = kriging(features, error, weight)
    assert mean[0].abs().max() > 0.0
    assert mean[1].abs().max() < 1e-6


def test_two_hints_of_one_error_count_little_more_than_one() -> None:
    """What a normalised convolution cannot do: crowded hints do not outvote a lone one."""
    torch.manual_seed(1)
    kriging = Kriging(4)
    features = torch.zeros(1, 4, 16, 16)
    features[..., 8:] = 3.0
    error, weight = torch.zeros(1, 1, 16, 16), torch.zeros(1, 1, 16, 16)
    weight[..., 0:6, 0:6] = 1.0
    error[..., 0:6, 0:6] = 1.0
    weight[..., 14:16, 6:8] = 1.0
    error[..., 14:16, 6:8] = -1.0
    assert kriging(features, error, weight)[0][0, 0, 14, 6] < 0.0
