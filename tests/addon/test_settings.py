"""Settings live in the file, on strips, and go where the strips go."""

from __future__ import annotations

import bpy
import pytest

from tests.addon.painting import add_image_strip, preview
from tests.addon.pictures import write_sequence


@pytest.fixture
def strip(scene, addon, tmp_path):
    paths = sorted(write_sequence(tmp_path / "shot", [100] * 10).iterdir())
    strip = add_image_strip(addon("versions").top_level_strips(scene.sequence_editor), paths)
    strip.vse_colorizer.saturation = 0.25
    strip.vse_colorizer.variant = "squeeze"
    return strip


def test_defaults_are_the_jobs(scene, strip, addon, core):
    other = addon("versions").top_level_strips(scene.sequence_editor).new_meta("meta", 5, 1).vse_colorizer
    defaults = core("job").Settings()
    for name in ("variant", "working_size", "temporal_strength", "saturation"):
        assert getattr(other, name) == pytest.approx(getattr(defaults, name))
    assert scene.vse_colorizer.device == defaults.device
    assert int(other.bit_depth) == core("job").Output("x").bit_depth


@pytest.mark.filterwarnings("error")
def test_an_output_folder_may_be_relative_to_the_file(scene, strip, addon, tmp_path):
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "file.blend"), copy=False)
    try:
        scene.vse_colorizer.output_folder = "//frames"
        assert addon("result_strip").output_folder(strip) == str(tmp_path / "frames" / "shot_0001")
    finally:
        bpy.ops.wm.read_homefile(use_empty=True)


def test_settings_survive_a_split(strip):
    right = strip.split(frame=5, split_method="SOFT")
    assert right.vse_colorizer.saturation == pytest.approx(0.25)
    assert right.vse_colorizer.variant == "squeeze"


def test_settings_survive_a_duplication(scene, strip, addon):
    where = preview()
    where["area"].spaces.active.view_type = "SEQUENCER"
    where["region"] = next(region for region in where["area"].regions if region.type == "WINDOW")
    strip.select = True
    with bpy.context.temp_override(**where):
        bpy.ops.sequencer.duplicate()
    strips = addon("versions").top_level_strips(scene.sequence_editor)
    assert [item.vse_colorizer.saturation for item in strips] == pytest.approx([0.25, 0.25])


def test_settings_hints_and_radii_survive_saving(scene, strip, addon, tmp_path):
    annotation = addon("versions").annotation_collection().new("Hints")
    annotation.layers.new("Hint", set_active=True)
    addon("properties").set_layer_radius(annotation, 0, 0.07)
    annotation.use_fake_user, strip.vse_colorizer.annotation_name = True, annotation.name
    scene.vse_colorizer.device = "cpu"
    path = str(tmp_path / "file.blend")
    bpy.ops.wm.save_as_mainfile(filepath=path)
    bpy.ops.wm.read_homefile(use_empty=True)
    bpy.ops.wm.open_mainfile(filepath=path)
    scene = bpy.context.scene
    assert scene.sequence_editor.active_strip.vse_colorizer.saturation == pytest.approx(0.25)
    assert scene.vse_colorizer.device == "cpu"
    kept = addon("annotation_hints").kept_annotation(scene.sequence_editor.active_strip)
    assert addon("properties").layer_radii(kept) == pytest.approx([0.07])
    bpy.ops.wm.read_homefile(use_empty=True)
