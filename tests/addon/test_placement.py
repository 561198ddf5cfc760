"""Where the mapping says that a picture's point lies on the canvas, the renderer puts it."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from tests.addon.painting import add_image_strip
from tests.addon.pictures import render, write_png

CASES = {
    "as it is": {},
    "odd size": {"image_size": (101, 81)},
    "larger than the canvas": {"image_size": (301, 203)},
    "moved": {"offset": (10, -7)},
    "moved and mirrored": {"offset": (20, 5), "flip": (True, False)},
    "turned and flipped": {"offset": (20, 5), "flip": (False, True), "rotation": 0.4},
    "scaled and turned": {"scale": (1.5, 0.7), "rotation": 0.5, "offset": (-4, 6)},
    "about a corner": {"scale": (1.2, 1.2), "rotation": -0.6, "origin": (0.2, 0.9), "offset": (3, 3)},
    "all at once": {
        "image_size": (101, 81),
        "scale": (1.2, 0.8),
        "rotation": -0.6,
        "origin": (0.2, 0.9),
        "offset": (3, 3),
        "flip": (True, True),
    },
}
SHARP = 0.12  # pixels: what antialiasing of a turned square leaves


def _transform(strip: object, values: dict) -> None:
    strip.transform.offset_x, strip.transform.offset_y = values.get("offset", (0, 0))
    strip.transform.scale_x, strip.transform.scale_y = values.get("scale", (1, 1))
    strip.transform.rotation = values.get("rotation", 0.0)
    strip.transform.origin = values.get("origin", (0.5, 0.5))
    strip.use_flip_x, strip.use_flip_y = values.get("flip", (False, False))


@pytest.mark.parametrize("name", CASES)
def test_a_mark_is_rendered_where_the_mapping_says(name, scene, addon, tmp_path):
    width, height = CASES[name].get("image_size", (100, 80))
    column, row = round(width * 0.6), round(height * 0.4)
    picture = np.zeros((height, width, 3), np.uint8)
    picture[row - 3 : row + 4, column - 3 : column + 4] = 255
    strips = addon("versions").top_level_strips(scene.sequence_editor)
    strip = add_image_strip(strips, [write_png(tmp_path / "mark.png", picture)])
    _transform(strip, CASES[name])

    light = render(scene, 1, tmp_path / "render.png")[..., 0].astype(float)
    rows, columns = np.indices(light.shape)
    centre_x = (light * (columns + 0.5)).sum() / light.sum() - light.shape[1] / 2
    centre_y = light.shape[0] / 2 - (light * (rows + 0.5)).sum() / light.sum()

    place = addon("strips").placement(strip)
    said = place.to_canvas((column + 0.5) / width, (row + 0.5) / height)
    assert math.dist(said, (centre_x, centre_y)) < SHARP


@pytest.mark.parametrize("aspect", [1.0, 1.4222])
@pytest.mark.parametrize("name", CASES)
def test_canvas_and_image_coordinates_go_back_and_forth(name, aspect, addon):
    values = {"image_size": (100, 80), "canvas_size": (160, 120), "pixel_aspect": aspect, **CASES[name]}
    place = addon("placement").Placement(**values)
    for point in ((0.0, 0.0), (1.0, 1.0), (0.3, 0.9), (-0.4, 1.7)):
        assert place.to_image(*place.to_canvas(*point)) == pytest.approx(point, abs=1e-9)


def test_pixel_aspect_widens_what_is_shown(addon):
    place = addon("placement").Placement((100, 80), (160, 120), offset=(10.0, 4.0))
    x, y = place.to_canvas(0.9, 0.2)
    assert replace(place, pixel_aspect=2.0).to_canvas(0.9, 0.2) == pytest.approx((2 * x, y))


def test_a_strip_scaled_to_nothing_is_refused(addon, core):
    with pytest.raises(core("errors").InputError, match="scaled to nothing"):
        addon("placement").Placement((100, 80), (160, 120), scale=(0.0, 1.0))
