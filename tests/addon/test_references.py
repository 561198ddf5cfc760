"""References: chosen in the panel, kept on the strip, and followed by its result."""

from __future__ import annotations

import os

import bpy
import numpy as np
import pytest

from tests.addon.painting import add_ramp_strip
from tests.addon.pictures import read_picture, write_png


@pytest.fixture
def strip(scene, addon, tmp_path):
    # Another test may have saved the file, whose paths would be relative to it.
    paths = bpy.context.preferences.filepaths
    before, paths.use_relative_paths = paths.use_relative_paths, False
    yield add_ramp_strip(addon, scene, tmp_path, count=4, start=11)
    paths.use_relative_paths = before


def _kept(strip):
    return {item.frame: item.picture for item in strip.vse_colorizer.references}


def test_a_reference_stands_on_the_source_frame_and_a_second_one_takes_its_place(scene, strip):
    for timeline_frame, name in ((12, "/one.png"), (14, "/two.png"), (12, "/three.png")):
        scene.frame_set(timeline_frame)
        assert bpy.ops.vse_colorizer.add_reference(filepath=name) == {"FINISHED"}
    assert _kept(strip) == {1: "/three.png", 3: "/two.png"}
    assert bpy.ops.vse_colorizer.remove_reference(frame=1) == {"FINISHED"}
    assert _kept(strip) == {3: "/two.png"}
    with pytest.raises(RuntimeError, match="no reference for source frame 1"):
        bpy.ops.vse_colorizer.remove_reference(frame=1)


def test_a_reference_of_a_saved_project_moves_with_it(scene, strip, tmp_path):
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "film.blend"))
    scene.frame_set(12)
    for wanted, kept in ((True, "//stills/one.png"), (False, str(tmp_path / "stills" / "one.png"))):
        bpy.context.preferences.filepaths.use_relative_paths = wanted
        bpy.ops.vse_colorizer.add_reference(filepath=str(tmp_path / "stills" / "one.png"))
        assert _kept(strip) == {1: kept}


def test_a_reference_off_the_strip_or_without_a_picture_is_refused(scene, strip, tmp_path):
    scene.frame_set(40)
    with pytest.raises(RuntimeError, match="is not visible at frame 40"):
        bpy.ops.vse_colorizer.add_reference(filepath="/one.png")
    scene.frame_set(12)
    with pytest.raises(RuntimeError, match="No picture was chosen"):
        bpy.ops.vse_colorizer.add_reference()
    with pytest.raises(RuntimeError, match="No picture was chosen"):
        bpy.ops.vse_colorizer.add_reference(filepath=str(tmp_path) + os.sep)
    assert not _kept(strip)


def test_references_go_with_the_halves_of_a_split_strip(scene, strip):
    scene.frame_set(12)
    bpy.ops.vse_colorizer.add_reference(filepath="/one.png")
    right = strip.split(frame=13, split_method="SOFT")
    assert _kept(strip) == _kept(right) == {1: "/one.png"}


def test_a_reference_comes_back_exactly_in_the_result(scene, strip, tmp_path):
    grey = read_picture(tmp_path / "shot" / "scan_002.png")
    # Less red for more green, at the same luma.
    colored = np.clip(grey.astype(int) + np.array([-16, 10, -12]), 0, 255).astype(np.uint8)
    picture = write_png(tmp_path / "colored.png", colored)
    scene.frame_set(12)
    bpy.ops.vse_colorizer.add_reference(filepath=str(picture))
    assert bpy.ops.vse_colorizer.colorize_strip() == {"FINISHED"}
    results = sorted((tmp_path / "out").rglob("frame_*.png"))
    assert np.array_equal(read_picture(results[1]), colored)
    assert np.ptp(read_picture(results[2]).astype(int), axis=-1).mean() > 5


def test_a_missing_reference_gets_the_engines_sentence(scene, strip):
    scene.frame_set(12)
    bpy.ops.vse_colorizer.add_reference(filepath="/nowhere/still.png")
    with pytest.raises(RuntimeError, match="The reference for frame 1 cannot be used: There is no picture"):
        bpy.ops.vse_colorizer.colorize_strip()
