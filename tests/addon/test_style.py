"""A style picture: chosen in the panel, kept on the strip, and followed by its result."""

from __future__ import annotations

import bpy
import numpy as np
import pytest

from tests.addon.painting import add_image_strip
from tests.addon.pictures import read_picture, write_png


@pytest.fixture
def strip(scene, addon, tmp_path):
    ramp = np.repeat(np.tile(np.arange(40, 200, 2, dtype=np.uint8), (60, 1))[..., None], 3, axis=2)
    paths = [write_png(tmp_path / "shot" / f"scan_{number:03d}.png", ramp + number) for number in range(1, 3)]
    strip = add_image_strip(addon("versions").top_level_strips(scene.sequence_editor), paths, start=1)
    scene.vse_colorizer.device, strip.vse_colorizer.working_size = "cpu", 128
    scene.vse_colorizer.output_folder = str(tmp_path / "out")
    bpy.context.preferences.addons["bl_ext.user_default.vse_colorizer"].preferences.cache_folder = str(
        tmp_path / "cache"
    )
    return strip


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
