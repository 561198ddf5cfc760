"""Which source frame a strip shows at which timeline frame: judged by what the sequencer renders."""

from __future__ import annotations

import bpy
import numpy as np
import pytest

from tests.addon.conftest import engine_python
from tests.addon.painting import add_image_strip, add_movie_strip, preview
from tests.addon.pictures import render, write_movie, write_png, write_sequence

LEVELS = [20 * number for number in range(1, 11)]
PLACES = {
    "untouched": (1, 1, 11),
    "moved": (31, 31, 41),
    "trimmed at the start": (1, 4, 11),
    "trimmed at both ends": (5, 8, 12),
    "held at both ends": (10, 5, 25),
    "only the held end": (1, 14, 18),
}


def _rendered_source_frame(scene, frame, tmp_path) -> int:
    level = int(render(scene, frame, tmp_path / "render.png")[60, 80, 0])
    return min(range(len(LEVELS)), key=lambda number: abs(LEVELS[number] - level))


def _check_against_renders(strip, scene, addon, tmp_path):
    footage = addon("strips").read_footage(strip)
    shown = [_rendered_source_frame(scene, frame, tmp_path) for frame in range(footage.left, footage.right)]
    assert [footage.source_frame(frame) for frame in range(footage.left, footage.right)] == shown
    assert (footage.first, footage.last) == (min(shown), max(shown))
    return footage


@pytest.mark.parametrize("name", PLACES)
def test_an_image_sequence_shows_the_source_frames_that_it_is_said_to(name, scene, addon, tmp_path):
    folder = write_sequence(tmp_path / "shot", LEVELS, first_number=7)
    strips = addon("versions").top_level_strips(scene.sequence_editor)
    strip = add_image_strip(strips, sorted(folder.iterdir()))
    start, left, right = PLACES[name]
    addon("versions").place(strip, start, left, right)
    assert addon("versions").handles(strip) == (left, right)
    footage = _check_against_renders(strip, scene, addon, tmp_path)
    assert footage.path == str(folder)


@pytest.mark.parametrize("name", ["untouched", "trimmed at both ends", "held at both ends"])
def test_a_movie_shows_the_source_frames_that_it_is_said_to(name, scene, addon, tmp_path):
    frames = np.repeat(np.array(LEVELS, np.uint8), 24 * 32).reshape(-1, 24, 32)
    path = write_movie(engine_python(), tmp_path / "movie.mp4", frames)
    strip = add_movie_strip(addon("versions").top_level_strips(scene.sequence_editor), path)
    start, left, right = PLACES[name]
    addon("versions").place(strip, start, left, right)
    footage = _check_against_renders(strip, scene, addon, tmp_path)
    assert footage.path == str(path)
    assert footage.open_end == (right - start >= len(LEVELS))


def test_content_that_is_trimmed_away_still_counts(scene, addon, tmp_path):
    folder = write_sequence(tmp_path / "shot", LEVELS)
    strip = add_image_strip(addon("versions").top_level_strips(scene.sequence_editor), sorted(folder.iterdir()))
    names = (
        ("content_trim_start", "content_trim_end")
        if hasattr(strip, "content_trim_start")
        else ("animation_offset_start", "animation_offset_end")
    )
    setattr(strip, names[0], 2)
    setattr(strip, names[1], 3)
    _check_against_renders(strip, scene, addon, tmp_path)


def test_a_strip_of_later_pictures_counts_from_the_folders_first(scene, addon, tmp_path):
    paths = sorted(write_sequence(tmp_path / "shot", LEVELS).iterdir())
    strip = add_image_strip(addon("versions").top_level_strips(scene.sequence_editor), paths[4:8], start=51)
    footage = _check_against_renders(strip, scene, addon, tmp_path)
    assert (footage.first, footage.last, footage.source_zero) == (4, 7, 47)


def test_a_still_is_one_source_frame(scene, addon, tmp_path):
    path = write_png(tmp_path / "still.png", np.full((24, 32, 3), LEVELS[0], np.uint8))
    strip = add_image_strip(addon("versions").top_level_strips(scene.sequence_editor), [path])
    addon("versions").place(strip, 1, 1, 50)
    footage = addon("strips").read_footage(strip)
    assert (footage.path, footage.first, footage.last) == (str(path), 0, 0)
    assert {footage.source_frame(frame) for frame in (1, 20, 49)} == {0}


def test_pictures_with_a_gap_are_refused(scene, addon, core, tmp_path):
    paths = sorted(write_sequence(tmp_path / "shot", LEVELS).iterdir())
    strip = add_image_strip(addon("versions").top_level_strips(scene.sequence_editor), [*paths[:3], *paths[4:]])
    with pytest.raises(core("errors").InputError, match="not numbered one after the other"):
        addon("strips").read_footage(strip)


def test_a_missing_file_is_named(scene, addon, core, tmp_path):
    path = write_png(tmp_path / "still.png", np.zeros((24, 32, 3), np.uint8))
    strip = add_image_strip(addon("versions").top_level_strips(scene.sequence_editor), [path])
    path.unlink()
    with pytest.raises(core("errors").InputError, match=r"is missing: .*still\.png"):
        addon("strips").read_footage(strip)


def test_a_missing_picture_of_a_sequence_is_named(scene, addon, core, tmp_path):
    paths = sorted(write_sequence(tmp_path / "shot", LEVELS).iterdir())
    strip = add_image_strip(addon("versions").top_level_strips(scene.sequence_editor), paths)
    paths[4].unlink()
    with pytest.raises(core("errors").InputError, match=r"is missing: .*shot_0005\.png"):
        addon("strips").read_footage(strip)


@pytest.mark.parametrize("kind", ["COLOR", "TEXT", "ADJUSTMENT"])
def test_strips_without_a_source_are_refused_by_kind(kind, scene, addon, core):
    strips = addon("versions").top_level_strips(scene.sequence_editor)
    length = {"length": 10} if "length" in strips.bl_rna.functions["new_effect"].parameters else {"frame_end": 11}
    strip = strips.new_effect("effect", kind, 1, 1, **length)
    with pytest.raises(core("errors").InputError, match=f"type {kind.lower()}.*cannot be colorized yet"):
        addon("strips").read_footage(strip)


def test_a_scene_strip_and_a_meta_strip_are_refused(scene, addon, core):
    strips = addon("versions").top_level_strips(scene.sequence_editor)
    for strip in (strips.new_scene("scene", scene, 1, 1), strips.new_meta("meta", 2, 1)):
        with pytest.raises(core("errors").InputError, match="cannot be colorized yet"):
            addon("strips").read_footage(strip)


def test_a_strip_inside_a_meta_strip_is_refused(scene, addon, core, tmp_path):
    path = write_png(tmp_path / "still.png", np.zeros((24, 32, 3), np.uint8))
    strips = addon("versions").top_level_strips(scene.sequence_editor)
    strip, meta = add_image_strip(strips, [path]), strips.new_meta("meta", 3, 1)
    strip.move_to_meta(meta)
    inside = (meta.strips if hasattr(meta, "strips") else meta.sequences)[0]
    with pytest.raises(core("errors").InputError, match="inside a meta strip"):
        addon("strips").read_footage(inside)


def test_a_reversed_strip_is_refused(scene, addon, core, tmp_path):
    folder = write_sequence(tmp_path / "shot", LEVELS)
    strip = add_image_strip(addon("versions").top_level_strips(scene.sequence_editor), sorted(folder.iterdir()))
    strip.use_reverse_frames = True
    with pytest.raises(core("errors").InputError, match="another speed or backwards"):
        addon("strips").read_footage(strip)


def test_a_movie_that_plays_at_another_speed_is_refused(scene, addon, core, tmp_path):
    if bpy.app.version >= (5, 0):
        pytest.skip("sequencer.movie_strip_add crashes Blender 5.0 and 5.2 without a window")
    frames = np.repeat(np.array(LEVELS, np.uint8), 24 * 32).reshape(-1, 24, 32)
    path = write_movie(engine_python(), tmp_path / "movie.mp4", frames)
    scene.render.fps = 48
    try:
        with bpy.context.temp_override(**preview()):
            bpy.ops.sequencer.movie_strip_add(
                filepath=str(path),
                frame_start=1,
                channel=1,
                sound=False,
                use_framerate=False,
                adjust_playback_rate=True,
            )
        strip = addon("strips").active_strip(scene)
        with pytest.raises(core("errors").InputError, match="another speed or backwards"):
            addon("strips").read_footage(strip)
            addon("strips").check_speed(strip)
    finally:
        scene.render.fps = 24


def test_a_movie_in_a_scene_of_another_rate_is_taken_frame_by_frame(scene, addon, tmp_path):
    frames = np.repeat(np.array(LEVELS, np.uint8), 24 * 32).reshape(-1, 24, 32)
    path = write_movie(engine_python(), tmp_path / "movie.mp4", frames)
    scene.render.fps = 48
    try:
        strip = add_movie_strip(addon("versions").top_level_strips(scene.sequence_editor), path)
        addon("strips").check_speed(strip)
        assert addon("strips").read_footage(strip).last == len(LEVELS) - 1
        assert not bpy.data.movieclips
    finally:
        scene.render.fps = 24


def test_a_strip_whose_transform_is_animated_is_refused(scene, addon, core, tmp_path):
    folder = write_sequence(tmp_path / "shot", LEVELS)
    strip = add_image_strip(addon("versions").top_level_strips(scene.sequence_editor), sorted(folder.iterdir()))
    strip.transform.keyframe_insert("offset_x", frame=1)
    try:
        with pytest.raises(core("errors").InputError, match=r"transform .* is animated"):
            addon("strips").read_footage(strip)
    finally:
        scene.animation_data_clear()


def test_the_free_channel_is_the_lowest_one_above(scene, addon, core, tmp_path):
    paths = sorted(write_sequence(tmp_path / "shot", LEVELS).iterdir())
    strips = addon("versions").top_level_strips(scene.sequence_editor)
    add_image_strip(strips, paths, channel=3, start=6)  # overlaps by time
    add_image_strip(strips, paths, channel=2, start=40)  # does not
    strip = add_image_strip(strips, paths, channel=1)
    assert addon("strips").free_channel_above(strip) == 2
    add_image_strip(strips, paths, channel=2, start=1)
    assert addon("strips").free_channel_above(strip) == 4
    top = add_image_strip(strips, paths, channel=128)
    with pytest.raises(core("errors").InputError, match="no free channel above"):
        addon("strips").free_channel_above(top)
