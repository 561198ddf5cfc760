"""Painted annotations come out as hints: exact colours, places and source frames."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tests.addon.painting import add_image_strip, paint
from tests.addon.pictures import write_png, write_sequence


@pytest.fixture
def annotation(scene, addon):
    return addon("versions").annotation_collection().new("Hints")


def _layer(annotation, color=(1.0, 0.0, 0.0)):
    layer = annotation.layers.new("Hint", set_active=True)
    layer.color = color
    return layer


def _strip(scene, addon, tmp_path, count=10, start=1):
    paths = sorted(write_sequence(tmp_path / "shot", [100] * count).iterdir())
    return add_image_strip(addon("versions").top_level_strips(scene.sequence_editor), paths, start=start)


def _paint_on_picture(annotation, layer, frame, strip, addon, points):
    place = addon("strips").placement(strip)
    paint(annotation, layer, frame, [place.to_canvas(x, y) for x, y in points])


def test_a_stroke_keeps_its_place_colour_and_radius(annotation, scene, addon, tmp_path):
    strip = _strip(scene, addon, tmp_path)
    strip.transform.scale_x, strip.transform.rotation, strip.transform.offset_y = 2.5, 0.7, 11
    strip.use_flip_x = True
    layer = _layer(annotation, (0xB0 / 255, 0x4A / 255, 0x3C / 255))
    addon("properties").set_layer_radius(annotation, 0, 0.034)
    points = [(0.1, 0.2), (0.5, 0.5), (0.9, 0.75)]
    _paint_on_picture(annotation, layer, 4, strip, addon, points)

    (keyframe,) = addon("annotation_hints").read_hints(annotation, strip).keyframes
    (stroke,) = keyframe.strokes
    assert keyframe.frame == 3
    assert stroke.color == "#b04a3c"
    assert stroke.radius == pytest.approx(0.034)
    assert np.allclose(stroke.points, points, atol=1e-5)


def test_hints_make_a_valid_document(annotation, scene, addon, core, tmp_path):
    strip = _strip(scene, addon, tmp_path)
    _paint_on_picture(annotation, _layer(annotation), 2, strip, addon, [(0.5, 0.5)])
    track = addon("annotation_hints").read_hints(annotation, strip)
    assert core("hints").parse_hints(track.to_json()) == track


def test_keys_stand_on_their_own_source_frame_and_empty_keys_are_none(annotation, scene, addon, tmp_path):
    strip = _strip(scene, addon, tmp_path, start=101)
    addon("versions").place(strip, 101, 103, 109)
    layer, other = _layer(annotation), _layer(annotation, (0.0, 0.0, 1.0))
    for frame in (102, 103, 107, 109):  # before, first, inside, after the last
        _paint_on_picture(annotation, layer, frame, strip, addon, [(0.5, 0.5)])
    other.frames.new(105)
    _paint_on_picture(annotation, other, 107, strip, addon, [(0.2, 0.2), (0.3, 0.2)])

    track = addon("annotation_hints").read_hints(annotation, strip)
    assert [(keyframe.frame, len(keyframe.strokes)) for keyframe in track.keyframes] == [(2, 1), (6, 2)]
    assert addon("annotation_hints").stroke_counts(annotation, strip) == {103: 1, 105: 0, 107: 2}


def test_hidden_layers_give_no_hints(annotation, scene, addon, tmp_path):
    strip, layer = _strip(scene, addon, tmp_path), _layer(annotation)
    _paint_on_picture(annotation, layer, 1, strip, addon, [(0.5, 0.5)])
    layer.annotation_hide = True
    assert addon("annotation_hints").read_hints(annotation, strip).keyframes == ()


def test_strokes_beside_the_picture_fall_out_and_far_points_are_cut_off(annotation, scene, addon, tmp_path):
    strip, layer = _strip(scene, addon, tmp_path), _layer(annotation)
    _paint_on_picture(annotation, layer, 1, strip, addon, [(1.2, 0.5), (1.4, 0.5)])
    _paint_on_picture(annotation, layer, 1, strip, addon, [(0.4, 0.5), (1.2, 0.5), (3.0, 0.5), (0.6, 0.5)])
    ((first, second),) = [key.strokes for key in addon("annotation_hints").read_hints(annotation, strip).keyframes]
    assert np.allclose(first.points, [(0.4, 0.5), (1.2, 0.5)], atol=1e-5)
    assert np.allclose(second.points, [(0.6, 0.5)], atol=1e-5)


def test_all_keys_of_a_held_still_come_together(annotation, scene, addon, tmp_path):
    path = write_png(tmp_path / "still.png", np.full((24, 32, 3), 90, np.uint8))
    strip = add_image_strip(addon("versions").top_level_strips(scene.sequence_editor), [path])
    addon("versions").place(strip, 1, 1, 51)
    layer = _layer(annotation)
    for frame in (1, 30):
        _paint_on_picture(annotation, layer, frame, strip, addon, [(0.5, 0.5)])
    (keyframe,) = addon("annotation_hints").read_hints(annotation, strip).keyframes
    assert (keyframe.frame, len(keyframe.strokes)) == (0, 2)


def test_a_point_that_is_no_number_is_named(annotation, scene, addon, core, tmp_path):
    strip, layer = _strip(scene, addon, tmp_path), _layer(annotation)
    paint(annotation, layer, 3, [(0.0, 0.0), (math.nan, 0.0)])
    with pytest.raises(core("errors").InputError, match='layer "Hint" has a stroke on frame 3 with a point'):
        addon("annotation_hints").read_hints(annotation, strip)


def test_a_radius_follows_its_layer_through_renaming_and_new_layers(annotation, addon):
    properties = addon("properties")
    _layer(annotation)
    second = _layer(annotation)
    properties.set_layer_radius(annotation, 1, 0.2)
    second.info = "Coat"
    assert properties.layer_radii(annotation) == pytest.approx([properties.DEFAULT_RADIUS, 0.2])
    properties.keep_layer_radii(annotation)
    _layer(annotation)
    annotation.layers.remove(annotation.layers[0])
    properties.set_layer_radius(annotation, [layer.info for layer in annotation.layers].index("Coat"), 0.1)
    named = dict(zip((layer.info for layer in annotation.layers), properties.layer_radii(annotation), strict=True))
    assert named["Coat"] == pytest.approx(0.1)
    assert sorted(named.values()) == pytest.approx([properties.DEFAULT_RADIUS, 0.1])


def test_the_active_radius_is_the_active_layers(annotation, addon):
    _layer(annotation)
    _layer(annotation)
    annotation.layers.active_index = 0
    annotation.vse_colorizer.active_radius = 0.05
    annotation.layers.active_index = 1
    assert annotation.vse_colorizer.active_radius == pytest.approx(addon("properties").DEFAULT_RADIUS)
    assert addon("properties").layer_radii(annotation)[0] == pytest.approx(0.05)


@pytest.mark.parametrize(
    ("counts", "frame", "fuller"),
    [
        ({0: 20, 50: 1, 80: 30}, 50, 80),
        ({0: 20, 50: 1, 60: 0, 80: 5}, 50, 0),
        ({0: 3, 50: 1}, 50, 0),
        ({0: 2, 50: 1}, 50, None),  # not so few
        ({0: 20, 50: 1, 80: 5}, 80, None),  # frame 0 is not beside it
        ({0: 20, 50: 1}, 30, None),  # no keyframe
        ({0: 20, 50: 0}, 50, None),  # nothing painted yet: Carry Hints Here stands above anyway
    ],
)
def test_a_keyframe_with_few_strokes_beside_a_fuller_one_is_told(addon, counts, frame, fuller):
    assert addon("annotation_hints").fuller_keyframe(counts, frame) == fuller
