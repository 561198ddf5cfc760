"""A style picture: chosen in the panel, kept on the strip, and followed by its result."""

from __future__ import annotations

import bpy
import numpy as np
import pytest

from tests.addon.painting import add_ramp_strip
from tests.addon.pictures import read_picture, write_png


@pytest.fixture
def strip(scene, addon, tmp_path):
    return add_ramp_strip(addon, scene, tmp_path, count=2, start=1)


def _colored(tmp_path):
    assert bpy.ops.vse_colorizer.colorize_strip() == {"FINISHED"}
    return read_picture(sorted((tmp_path / "out").rglob("frame_*.png"))[0]).astype(int)


def test_a_style_picture_turns_the_result_to_its_palette_and_strength_0_leaves_it(scene, strip, tmp_path):
    blue = np.zeros((64, 96, 3), np.uint8)
    blue[:], blue[::2] = (30, 60, 190), (90, 130, 230)
    plain = _colored(tmp_path)
    strip.vse_colorizer.style_picture = str(write_png(tmp_path / "blue.png", blue))
    styled = _colored(tmp_path)
    strip.vse_colorizer.style_strength = 0.0
    unstyled = _colored(tmp_path)
    blueness = [(picture[..., 2] - picture[..., 0]).mean() for picture in (plain, styled, unstyled)]
    assert blueness[1] > blueness[0] + 10
    assert np.abs(unstyled - plain).max() <= 1


def test_a_missing_style_picture_gets_the_engines_sentence(strip):
    strip.vse_colorizer.style_picture = "/nowhere/palette.png"
    with pytest.raises(RuntimeError, match="The style picture cannot be used: There is no picture"):
        bpy.ops.vse_colorizer.colorize_strip()
