"""The buttons for hint keyframes and hint colours."""

from __future__ import annotations

import bpy
import pytest

from tests.addon.painting import add_image_strip, paint, preview
from tests.addon.pictures import write_sequence


@pytest.fixture
def strip(scene, addon, tmp_path):
    paths = sorted(write_sequence(tmp_path / "shot", [100] * 10).iterdir())
    return add_image_strip(addon("versions").top_level_strips(scene.sequence_editor), paths)


def _annotation(addon, strip):
    return addon("annotation_hints").kept_annotation(strip)


def _keys(annotation):
    return [[key.frame_number for key in layer.frames] for layer in annotation.layers]


def test_the_first_hint_keyframe_makes_all_that_painting_needs(scene, strip, addon):
    versions = addon("versions")
    space = preview()["area"].spaces.active
    versions.show_annotation(space, None)
    scene.frame_set(3)
    assert bpy.ops.vse_colorizer.add_hint_keyframe() == {"FINISHED"}
    annotation = _annotation(addon, strip)
    assert _keys(annotation) == [[3]]
    assert annotation.layers[0].thickness > 0 and annotation.layers[0].annotation_opacity > 0
    assert not annotation.layers[0].use_annotation_onion_skinning
    assert versions.space_annotation(space) == annotation
    assert scene.tool_settings.annotation_stroke_placement_view2d == "IMAGE"
    tool = bpy.context.workspace.tools.from_space_sequencer("PREVIEW")
    assert tool.idname == "builtin.annotate"


def test_a_hint_keyframe_puts_a_blank_key_in_every_colour_once(scene, strip, addon):
    for frame in (1, 6, 6):
        scene.frame_set(frame)
        bpy.ops.vse_colorizer.add_hint_color()
        bpy.ops.vse_colorizer.add_hint_keyframe()
    annotation = _annotation(addon, strip)
    assert sorted(_keys(annotation), key=len) == [[6], [6], [1, 6]]
    assert len({tuple(layer.color) for layer in annotation.layers}) == 3


def test_a_hint_colour_may_be_given(scene, strip, addon):
    bpy.ops.vse_colorizer.add_hint_color(color=(0.25, 0.5, 0.75))
    annotation = _annotation(addon, strip)
    assert tuple(annotation.layers[annotation.layers.active_index].color) == pytest.approx((0.25, 0.5, 0.75))


def test_a_new_hint_colour_takes_the_radius_of_the_active_one(strip, addon):
    bpy.ops.vse_colorizer.add_hint_color()
    annotation = _annotation(addon, strip)
    annotation.vse_colorizer.active_radius = 0.05
    bpy.ops.vse_colorizer.add_hint_color()
    annotation.vse_colorizer.active_radius = 0.03
    radii = dict(
        zip(
            (tuple(layer.color) for layer in annotation.layers),
            addon("properties").layer_radii(annotation),
            strict=True,
        )
    )
    assert sorted(radii.values()) == pytest.approx([0.03, 0.05])
    assert radii[tuple(annotation.layers[annotation.layers.active_index].color)] == pytest.approx(0.03)


def test_a_second_strip_shares_the_hints_of_the_first(scene, strip, addon, tmp_path):
    bpy.ops.vse_colorizer.add_hint_keyframe()
    paths = sorted((tmp_path / "shot").iterdir())
    other = add_image_strip(addon("versions").top_level_strips(scene.sequence_editor), paths, start=21)
    scene.frame_set(21)
    bpy.ops.vse_colorizer.add_hint_keyframe()
    assert _annotation(addon, other) == _annotation(addon, strip)
    assert _keys(_annotation(addon, other)) == [[1, 21]]


def test_an_annotation_that_the_editor_already_shows_is_taken_over(scene, strip, addon):
    versions = addon("versions")
    mine = versions.annotation_collection().new("Mine")
    where = preview()
    versions.show_annotation(where["area"].spaces.active, mine)
    with bpy.context.temp_override(**where):
        bpy.ops.vse_colorizer.add_hint_keyframe()
    assert _annotation(addon, strip) == mine
    assert len(versions.annotation_collection()) == 1


def test_removing_a_hint_keyframe_takes_its_strokes_in_all_colours(scene, strip, addon):
    bpy.ops.vse_colorizer.add_hint_color()
    bpy.ops.vse_colorizer.add_hint_color()
    bpy.ops.vse_colorizer.add_hint_keyframe()
    annotation = _annotation(addon, strip)
    paint(annotation, annotation.layers[0], 1, [(0.0, 0.0)])
    paint(annotation, annotation.layers[0], 5, [(0.0, 0.0)])
    bpy.ops.vse_colorizer.remove_hint_keyframe(frame=1)
    assert [frame for keys in _keys(annotation) for frame in keys] == [5]
    with pytest.raises(RuntimeError, match="no hint keyframe on frame 1"):
        bpy.ops.vse_colorizer.remove_hint_keyframe(frame=1)


def test_going_to_a_hint_keyframe(scene, strip, addon):
    bpy.ops.vse_colorizer.go_to_hint_keyframe(frame=7)
    assert scene.frame_current == 7


def test_a_hint_keyframe_where_the_strip_is_not_visible_is_refused(scene, strip, addon):
    scene.frame_set(11)
    with pytest.raises(RuntimeError, match=r"is not visible at frame 11\. Go to a frame from 1 to 10"):
        bpy.ops.vse_colorizer.add_hint_keyframe()
    assert _annotation(addon, strip) is None


def test_a_hint_keyframe_with_no_strip_is_refused(scene):
    scene.sequence_editor.active_strip = None
    with pytest.raises(RuntimeError, match="No strip is active"):
        bpy.ops.vse_colorizer.add_hint_keyframe()
