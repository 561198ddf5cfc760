"""Colorize Strip from end to end, with the real engine: judged by what the sequencer then renders."""

from __future__ import annotations

import math
import os
import signal
from pathlib import Path

import bpy
import numpy as np
import pytest

from tests.addon.conftest import engine_python
from tests.addon.painting import add_image_strip, add_movie_strip, paint
from tests.addon.pictures import render, write_movie, write_png

WIDTH, HEIGHT, FRAMES = 160, 120, 12
SHORT = 3  # frames that are visible unless a test shows all
RED, BLUE = (0.72, 0.25, 0.2), (0.2, 0.35, 0.75)


@pytest.fixture
def movie(tmp_path) -> Path:
    """A textured scene that moves one pixel a frame, in grey."""
    rows, columns = np.mgrid[0:HEIGHT, 0 : WIDTH + FRAMES]
    scene = 120 + 50 * np.sin(columns / 9) * np.cos(rows / 13) + 25 * np.sin(columns / 3 + rows / 4)
    frames = np.stack([scene[:, number : number + WIDTH] for number in range(FRAMES)])
    return write_movie(engine_python(), tmp_path / "street.mp4", np.round(frames).astype(np.uint8))


@pytest.fixture
def strip(scene, addon, movie, tmp_path):
    strip = add_movie_strip(addon("versions").top_level_strips(scene.sequence_editor), movie, channel=2, start=11)
    scene.render.resolution_x, scene.render.resolution_y = WIDTH, HEIGHT
    scene.vse_colorizer.device = "cpu"
    scene.vse_colorizer.output_folder = str(tmp_path / "out")
    strip.vse_colorizer.working_size = 128
    addon("versions").place(strip, 11, 11, 11 + SHORT)
    bpy.context.preferences.addons["bl_ext.user_default.vse_colorizer"].preferences.cache_folder = str(
        tmp_path / "cache"
    )
    return strip


def _hint(scene, strip, addon, frame, color, points):
    """Paint a hint with the add-on's own operators; points in image coordinates."""
    scene.frame_set(frame)
    bpy.ops.vse_colorizer.add_hint_color(color=color)
    bpy.ops.vse_colorizer.add_hint_keyframe()
    annotation = addon("annotation_hints").kept_annotation(strip)
    annotation.vse_colorizer.active_radius = 0.03
    place = addon("strips").placement(strip)
    layer = annotation.layers[annotation.layers.active_index]
    paint(annotation, layer, frame, [place.to_canvas(x, y) for x, y in points])


def _result(scene, addon, strip):
    return addon("versions").top_level_strips(scene.sequence_editor)[f"{strip.name} colorized"]


def _lab(rgb: np.ndarray) -> np.ndarray:
    """CIE Lab (D65) of sRGB uint8, by the definitions of IEC 61966-2-1 and CIE 15."""
    value = rgb / 255
    linear = np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)
    xyz = linear @ np.array([[0.4124, 0.2126, 0.0193], [0.3576, 0.7152, 0.1192], [0.1805, 0.0722, 0.9505]])
    ratio = xyz / xyz.dtype.type(1) / np.array([0.9505, 1.0, 1.089])
    f = np.where(ratio > (6 / 29) ** 3, np.cbrt(ratio), ratio * (29 / 6) ** 2 / 3 + 4 / 29)
    return np.stack([116 * f[..., 1] - 16, 500 * (f[..., 0] - f[..., 1]), 200 * (f[..., 1] - f[..., 2])], axis=-1)


def _under(picture, x, y):
    row, column = round(y * HEIGHT), round(x * WIDTH)
    return picture[row - 2 : row + 3, column - 2 : column + 3].reshape(-1, 3).mean(axis=0)


def _hue_between(lab, color) -> float:
    """Degrees between a Lab colour's hue and a hint's."""
    wanted = _lab(np.array(color) * 255)
    difference = math.atan2(lab[2], lab[1]) - math.atan2(wanted[2], wanted[1])
    return abs(math.degrees(math.remainder(difference, 2 * math.pi)))


def test_a_hinted_movie_comes_back_in_colour(scene, strip, addon, tmp_path):
    addon("versions").place(strip, 11, 11, 23)
    _hint(scene, strip, addon, 11, RED, [(0.25, 0.3), (0.3, 0.3), (0.35, 0.3)])
    _hint(scene, strip, addon, 20, BLUE, [(0.6, 0.7), (0.7, 0.7)])
    grey = {frame: render(scene, frame, tmp_path / "grey.png") for frame in (11, 15, 20, 22)}

    assert bpy.ops.vse_colorizer.colorize_strip() == {"FINISHED"}

    result = _result(scene, addon, strip)
    assert addon("versions").handles(result) == addon("versions").handles(strip) == (11, 23)
    assert result.channel == 3
    colored = {frame: render(scene, frame, tmp_path / "color.png") for frame in grey}
    for frame, picture in colored.items():
        # One 8-bit step of the grey axis is 0.39 in L* on the mean.
        error = np.abs(_lab(picture)[..., 0] - _lab(grey[frame])[..., 0])
        assert error.max() < 0.39, frame
        assert np.hypot(*np.moveaxis(_lab(picture)[..., 1:], -1, 0)).mean() > 2, frame
    red, blue = _lab(_under(colored[11], 0.3, 0.3)), _lab(_under(colored[20], 0.65, 0.7))
    assert _hue_between(red, RED) < 8 and np.hypot(red[1], red[2]) > 20
    assert _hue_between(blue, BLUE) < 8 and np.hypot(blue[1], blue[2]) > 20
    # The scene moves one pixel a frame to the left: four frames on, the red stroke's place has moved along.
    assert _hue_between(_lab(_under(colored[15], 0.3 - 4 / WIDTH, 0.3)), RED) < 20


def test_the_result_follows_the_strips_trim_transform_and_crop(scene, strip, addon, tmp_path):
    strip.transform.scale_x = strip.transform.scale_y = 0.8
    strip.transform.rotation, strip.transform.offset_x = 0.2, 9
    strip.use_flip_y = True
    strip.crop.min_x, strip.crop.max_y = 12, 9
    addon("versions").place(strip, 11, 19, 25)
    grey = {frame: render(scene, frame, tmp_path / "grey.png") for frame in (19, 21, 24)}

    bpy.ops.vse_colorizer.colorize_strip()

    result = _result(scene, addon, strip)
    assert sorted(path.name for path in Path(bpy.path.abspath(result.directory)).iterdir()) == [
        f"frame_{number:06d}.png" for number in range(8, 12)
    ]
    assert addon("versions").handles(result) == (19, 25)
    for frame, picture in grey.items():
        lightness = _lab(render(scene, frame, tmp_path / "color.png"))[..., 0]
        assert np.abs(lightness - _lab(picture)[..., 0]).max() < 1.0, frame


def test_a_second_run_replaces_the_frames_and_keeps_the_strip(scene, strip, addon, tmp_path):
    _hint(scene, strip, addon, 11, RED, [(0.3, 0.3)])
    bpy.ops.vse_colorizer.colorize_strip()
    result = _result(scene, addon, strip)
    result.channel, result.blend_alpha = 7, 0.9
    before = render(scene, 11, tmp_path / "before.png")

    annotation = addon("annotation_hints").kept_annotation(strip)
    annotation.layers[0].color = BLUE
    addon("versions").place(strip, 11, 11, 13)
    bpy.ops.vse_colorizer.colorize_strip()

    strips = addon("versions").top_level_strips(scene.sequence_editor)
    assert sorted(item.name for item in strips) == ["street", "street colorized"]
    result = _result(scene, addon, strip)
    assert (result.channel, round(result.blend_alpha, 3), len(result.elements)) == (7, 0.9, 2)
    assert addon("versions").handles(result) == (11, 13)
    after = render(scene, 11, tmp_path / "after.png")
    assert _lab(_under(before, 0.3, 0.3))[1] > 20 > 0 > _lab(_under(after, 0.3, 0.3))[2]


def test_a_result_is_not_coloured_itself(scene, strip, addon):
    bpy.ops.vse_colorizer.colorize_strip()
    scene.sequence_editor.active_strip = _result(scene, addon, strip)
    with pytest.raises(RuntimeError, match='is the colored result of "street"'):
        bpy.ops.vse_colorizer.colorize_strip()


def test_the_halves_of_a_split_strip_get_a_result_each(scene, strip, addon):
    bpy.ops.vse_colorizer.colorize_strip()
    right = strip.split(frame=13, split_method="SOFT")
    scene.sequence_editor.active_strip = right
    bpy.ops.vse_colorizer.colorize_strip()
    result = _result(scene, addon, right)
    assert addon("versions").handles(result) == (13, 14)
    assert result.elements[0].filename == "frame_000002.png"


def test_an_image_sequence_and_a_still_are_coloured(scene, addon, strip, tmp_path):
    strips = addon("versions").top_level_strips(scene.sequence_editor)
    ramp = np.repeat(np.tile(np.arange(40, 200, 2, dtype=np.uint8), (60, 1))[..., None], 3, axis=2)
    paths = [write_png(tmp_path / "shot" / f"scan_{number:03d}.png", ramp + number) for number in range(5, 9)]
    sequence = add_image_strip(strips, paths[1:], channel=5, start=41)
    bpy.ops.vse_colorizer.colorize_strip()
    result = _result(scene, addon, sequence)
    assert [element.filename for element in result.elements] == [f"frame_{number:06d}.png" for number in (1, 2, 3)]

    still = add_image_strip(strips, paths[:1], channel=5, start=61)
    addon("versions").place(still, 61, 61, 90)
    bpy.ops.vse_colorizer.colorize_strip()
    assert addon("versions").handles(_result(scene, addon, still)) == (61, 90)


def test_an_engine_that_dies_at_work_says_so_and_the_next_run_works(scene, strip, addon, core):
    runtime = addon("runtime")
    addon("versions").place(strip, 11, 11, 23)
    run = _started_run(strip, addon)
    os.kill(runtime.warm_engine(*_engine_key(addon))._process._process.pid, signal.SIGKILL)
    while not run.finished:
        run.step()
    assert str(run.error).startswith("The engine ended unexpectedly (ended by SIGKILL")
    assert not runtime.fit_interpreters
    assert bpy.ops.vse_colorizer.colorize_strip() == {"FINISHED"}


def test_an_engine_that_died_since_the_last_run_is_started_anew(scene, strip, addon):
    runtime = addon("runtime")
    bpy.ops.vse_colorizer.colorize_strip()
    process = runtime.warm_engine(*_engine_key(addon))._process._process
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert bpy.ops.vse_colorizer.colorize_strip() == {"FINISHED"}
    assert not runtime.failed


def _started_run(strip, addon):
    """A run that has coloured a frame, and is at work."""
    footage = addon("strips").read_footage(strip)
    job = addon("operators.colorize").colorize_job(bpy.context, strip, footage)
    run = addon("engine_run").EngineRun("colorize", {"job": job.to_json()}, *_engine_key(addon))
    while not run.finished and run.factor == 0.0:
        run.step()
    assert not run.finished
    return run


def _engine_key(addon):
    chosen = bpy.context.preferences.addons["bl_ext.user_default.vse_colorizer"].preferences
    return chosen.interpreter, chosen.cache_folder


def test_cancel_keeps_no_result_and_leaves_the_engine_warm(scene, strip, addon):
    runtime = addon("runtime")
    addon("versions").place(strip, 11, 11, 23)
    run = _started_run(strip, addon)
    client = runtime.warm_engine(*_engine_key(addon))
    run.cancel()
    while not run.finished:
        run.step()
    assert run.cancelled and run.result is None and run.error is None
    assert runtime.warm_engine(*_engine_key(addon)) is client
    addon("versions").place(strip, 11, 11, 12)
    assert bpy.ops.vse_colorizer.colorize_strip() == {"FINISHED"}
    assert runtime.warm_engine(*_engine_key(addon)) is client


@pytest.mark.parametrize(
    ("content", "sentence"),
    [(b"", "is empty"), (b"no movie at all" * 100, "")],
    ids=["empty", "not a movie"],
)
def test_a_file_that_is_no_movie_gets_the_engines_sentence(content, sentence, scene, strip, addon, movie, tmp_path):
    movie.write_bytes(content)
    with pytest.raises(RuntimeError, match=rf"street\.mp4.*{sentence}"):
        bpy.ops.vse_colorizer.colorize_strip()
    assert addon("runtime").failed
    assert "Traceback" not in addon("runtime").message
    assert len(addon("versions").top_level_strips(scene.sequence_editor)) == 1


def test_an_unsaved_file_without_an_output_folder_is_refused(scene, strip):
    scene.vse_colorizer.property_unset("output_folder")
    assert not bpy.data.filepath
    with pytest.raises(RuntimeError, match="Save the file, or choose an Output Folder"):
        bpy.ops.vse_colorizer.colorize_strip()


def test_an_output_folder_that_cannot_be_made_is_named(scene, strip, addon, tmp_path):
    (tmp_path / "file").write_text("in the way")
    scene.vse_colorizer.output_folder = str(tmp_path / "file")
    with pytest.raises(RuntimeError, match="cannot be written"):
        bpy.ops.vse_colorizer.colorize_strip()


def test_a_missing_interpreter_is_named(scene, strip, installed):
    bpy.context.preferences.addons[installed].preferences.interpreter = "/nowhere/python"
    with pytest.raises(RuntimeError, match="chosen in the preferences, /nowhere/python, does not exist"):
        bpy.ops.vse_colorizer.colorize_strip()


def test_blenders_own_python_without_torch_gets_the_doctors_sentence(scene, strip, installed):
    bpy.context.preferences.addons[installed].preferences.interpreter = ""
    with pytest.raises(RuntimeError, match="torch"):
        bpy.ops.vse_colorizer.colorize_strip()


def test_what_is_wrong_with_the_footage_is_said_with_the_result(scene, strip, addon, tmp_path):
    frames = np.random.default_rng(0).integers(0, 255, (FRAMES, HEIGHT, WIDTH), dtype=np.uint8)
    path = write_movie(engine_python(), tmp_path / "cut.mkv", frames)
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 3 // 4])
    strips = addon("versions").top_level_strips(scene.sequence_editor)
    cut = add_movie_strip(strips, path, channel=5, start=41)
    addon("versions").place(cut, 41, 41, 41 + SHORT)
    scene.sequence_editor.active_strip = cut
    assert bpy.ops.vse_colorizer.colorize_strip() == {"FINISHED"}
    assert not addon("runtime").failed
    assert addon("runtime").message.startswith("3 frames are in the strip")
    assert f"The movie {path} is cut short" in addon("runtime").message
