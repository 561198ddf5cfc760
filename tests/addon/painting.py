"""Strips and painted annotation strokes without a window."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

import bpy
import numpy as np

from tests.addon.pictures import write_png


def add_image_strip(strips: Any, paths: list[Path], channel: int = 1, start: int = 1) -> Any:
    """An image strip of some pictures of one folder. strips: the scene's top-level strips."""
    strip = strips.new_image(paths[0].stem, str(paths[0]), channel, start, fit_method="ORIGINAL")
    for path in paths[1:]:
        strip.elements.append(path.name)
    strip.colorspace_settings.name = "sRGB"
    strip.id_data.sequence_editor.active_strip = strip
    return strip


def add_ramp_strip(addon: Any, scene: Any, folder: Path, count: int, start: int) -> Any:
    """An image strip of a grey ramp that brightens, ready to be coloured on a CPU. folder: for all that is written."""
    ramp = np.repeat(np.tile(np.arange(40, 200, 2, dtype=np.uint8), (60, 1))[..., None], 3, axis=2)
    paths = [write_png(folder / "shot" / f"scan_{number:03d}.png", ramp + number) for number in range(1, count + 1)]
    strip = add_image_strip(addon("versions").top_level_strips(scene.sequence_editor), paths, start=start)
    scene.vse_colorizer.device, strip.vse_colorizer.working_size = "cpu", 128
    scene.vse_colorizer.output_folder = str(folder / "out")
    preferences = bpy.context.preferences.addons["bl_ext.user_default.vse_colorizer"].preferences
    preferences.cache_folder = str(folder / "cache")
    return strip


def add_movie_strip(strips: Any, path: Path, channel: int = 1, start: int = 1) -> Any:
    """A movie strip."""
    strip = strips.new_movie(path.stem, str(path), channel, start, fit_method="ORIGINAL")
    strip.colorspace_settings.name = "sRGB"
    strip.id_data.sequence_editor.active_strip = strip
    return strip


def preview() -> dict[str, Any]:
    """A sequence editor's preview, for `bpy.context.temp_override`: an area of the window that is turned into one."""
    window = bpy.context.window_manager.windows[0]
    areas = [area for area in window.screen.areas if area.type == "SEQUENCE_EDITOR"]
    area = areas[0] if areas else max(window.screen.areas, key=lambda area: area.width * area.height)
    area.type = "SEQUENCE_EDITOR"
    area.spaces.active.view_type = "PREVIEW"
    if hasattr(bpy.context.workspace, "sequencer_scene"):
        bpy.context.workspace.sequencer_scene = bpy.context.scene
    region = next(region for region in area.regions if region.type == "PREVIEW")
    return {"window": window, "area": area, "region": region}


def paint(annotation: Any, layer: Any, frame: int, points: list[tuple[float, float]]) -> None:
    """Paint one stroke in canvas coordinates on a layer's key at a timeline frame."""
    if all(key.frame_number != frame for key in layer.frames):
        layer.frames.new(frame)
    preview()
    versions = import_module("bl_ext.user_default.vse_colorizer.addon.versions")
    versions.add_stroke(bpy.context, annotation, layer, frame, points)
