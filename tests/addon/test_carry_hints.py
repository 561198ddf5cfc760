"""Carry Hints, with the real engine: judged by where the strokes lie on the picture."""

from __future__ import annotations

import bpy
import numpy as np
import pytest

from tests.addon.painting import add_image_strip, paint, preview
from tests.addon.pictures import write_png

WIDTH, HEIGHT, FRAMES = 160, 120, 12
START = 11
RED, BLUE = (0.72, 0.25, 0.2), (0.2, 0.35, 0.75)


@pytest.fixture
def strip(scene, addon, tmp_path):
    """A textured scene that moves one pixel to the left a frame, flipped on the canvas and moved aside."""
    rows, columns = np.mgrid[0:HEIGHT, 0 : WIDTH + FRAMES]
    texture = 120 + 50 * np.sin(columns / 9) * np.cos(rows / 13) + 25 * np.sin(columns / 3 + rows / 4)
    grey = np.repeat(np.round(texture).astype(np.uint8)[..., None], 3, axis=2)
    paths = [
        write_png(tmp_path / "shot" / f"scan_{number:03d}.png", grey[:, number : number + WIDTH])
        for number in range(FRAMES)
    ]
    strip = add_image_strip(addon("versions").top_level_strips(scene.sequence_editor), paths, start=START)
    scene.render.resolution_x, scene.render.resolution_y = WIDTH, HEIGHT
    strip.use_flip_x, strip.transform.offset_x = True, 7
    addon("versions").show_annotation(preview()["area"].spaces.active, None)
    return strip


def _paint(scene, strip, addon, frame, color, points):
    """Paint a hint; points in image coordinates."""
    scene.frame_set(frame)
    bpy.ops.vse_colorizer.add_hint_color(color=color)
    annotation = addon("annotation_hints").kept_annotation(strip)
    annotation.vse_colorizer.active_radius = 0.04
    place = addon("strips").placement(strip)
    layer = annotation.layers[annotation.layers.active_index]
    paint(annotation, layer, frame, [place.to_canvas(x, y) for x, y in points])
    return annotation


def _hints(strip, addon):
    hints = addon("annotation_hints")
    return {
        keyframe.frame: keyframe.strokes for keyframe in hints.read_hints(hints.kept_annotation(strip), strip).keyframes
    }


def test_strokes_come_to_lie_where_the_footage_has_moved_them_to(scene, strip, addon):
    _paint(scene, strip, addon, START, RED, [(0.5, 0.3), (0.6, 0.4)])
    annotation = _paint(scene, strip, addon, START, BLUE, [(0.4, 0.7)])
    active = annotation.layers.active_index
    scene.frame_set(START + 8)
    assert bpy.ops.vse_colorizer.carry_hints() == {"FINISHED"}
    assert addon("runtime").message == "2 strokes carried to frame 19."
    assert scene.frame_current == START + 8 and annotation.layers.active_index == active
    hints = _hints(strip, addon)
    assert sorted(hints) == [0, 8]
    moved = 8 / WIDTH
    for before, after in zip(hints[0], hints[8], strict=True):
        assert (after.color, after.radius) == (before.color, before.radius)
        for old, new in ((before.points[0], after.points[0]), (before.points[-1], after.points[-1])):
            assert new == pytest.approx((old[0] - moved, old[1]), abs=1.5 / HEIGHT)


def test_a_second_time_there_is_nothing_left_to_carry(scene, strip, addon):
    _paint(scene, strip, addon, START, RED, [(0.5, 0.3)])
    scene.frame_set(START + 3)
    bpy.ops.vse_colorizer.carry_hints()
    before = _hints(strip, addon)
    with pytest.raises(RuntimeError, match="No hint around frame 14 can be followed to it"):
        bpy.ops.vse_colorizer.carry_hints()
    assert _hints(strip, addon) == before


def test_without_hints_on_other_frames_it_is_refused(scene, strip, addon):
    scene.frame_set(START)
    with pytest.raises(RuntimeError, match=f"No other frame has hints to carry to frame {START}"):
        bpy.ops.vse_colorizer.carry_hints()
    _paint(scene, strip, addon, START, RED, [(0.5, 0.3)])
    with pytest.raises(RuntimeError, match="No other frame has hints"):
        bpy.ops.vse_colorizer.carry_hints()


def test_a_locked_color_is_named(scene, strip, addon):
    annotation = _paint(scene, strip, addon, START, RED, [(0.5, 0.3)])
    annotation.layers[0].lock = True
    scene.frame_set(START + 3)
    with pytest.raises(RuntimeError, match='layer "Hint" is locked'):
        bpy.ops.vse_colorizer.carry_hints()


def test_a_blender_that_paints_in_previews_alone_asks_for_one(scene, strip, addon):
    annotation = _paint(scene, strip, addon, START, RED, [(0.5, 0.3)])
    if hasattr(annotation.layers[0].frames[0].strokes, "new"):
        pytest.skip("this Blender needs no preview")
    preview()["area"].spaces.active.view_type = "SEQUENCER"
    scene.frame_set(START + 3)
    with pytest.raises(RuntimeError, match="No preview of the sequencer is open"):
        bpy.ops.vse_colorizer.carry_hints()
