"""The size at which a picture is looked at: its proportions, and no padding where there need be none."""

from __future__ import annotations

import pytest

from core.reduced_shape import reduced_shape


@pytest.mark.parametrize(
    ("size", "short_side", "shape"),
    [
        ((1920, 1080), 256, (256, 448)),  # 455 is 1.6 % more
        ((1080, 1920), 256, (448, 256)),
        ((640, 480), 256, (256, 341)),  # 320 would be 6 % less
        ((1998, 1080), 256, (256, 474)),  # 480 would be more than there is
        ((512, 512), 256, (256, 256)),
        ((455, 256), 256, (256, 455)),
        ((160, 96), 256, (96, 160)),
        ((3, 2), 256, (2, 3)),
        ((100_000, 300), 128, (128, 42656)),
    ],
)
def test_the_short_side_is_as_asked_and_the_long_one_fits_the_networks(
    size: tuple[int, int], short_side: int, shape: tuple[int, int]
) -> None:
    assert reduced_shape(*size, short_side) == shape
