"""The demo's Blender: runs inside the bpy module, as a process of its own, on the installed extension.

    python demo_blender.py ORDER

ORDER is a JSON object of paths: extension, engine_python, cache_folder, movie, hints (or null), output_folder,
rendered_movie, log and result. The output folder gets the coloured frames, and the result file says which
folder of them is on the timeline. A refusal's sentence goes to stderr, with exit status 1.
"""

from __future__ import annotations

import json
import os
import sys
from fractions import Fraction
from importlib import import_module
from pathlib import Path
from typing import Any

import bpy

EXTENSION = "bl_ext.user_default.vse_colorizer"


def main(order: dict[str, Any]) -> None:
    """Do the whole order. Raises RuntimeError with the add-on's sentence where it refuses."""
    _send_blender_output_to(Path(order["log"]))
    _say(f"Blender {bpy.app.version_string} installs {Path(order['extension']).name}.")
    bpy.ops.wm.read_factory_settings(use_empty=True)
    install(order["extension"], order["engine_python"], order["cache_folder"])
    scene = bpy.context.scene
    strip = add_movie(scene, order["movie"], order["output_folder"])
    if order["hints"]:
        count = paint(scene, strip, json.loads(Path(order["hints"]).read_text(encoding="utf-8")))
        _say(f"{count} hint strokes are painted as annotations.")
    _say("Colorize Strip runs.")
    bpy.ops.vse_colorizer.colorize_strip()
    result = next(other for other in scene.sequence_editor.strips if other.vse_colorizer.result_of == strip.name)
    Path(order["result"]).write_text(json.dumps({"folder": bpy.path.abspath(result.directory)}), encoding="utf-8")
    _say(f'The strip "{result.name}" is on channel {result.channel}; Blender renders the timeline.')
    render(scene, order["rendered_movie"])


def _send_blender_output_to(log: Path) -> None:
    # Blender writes a line for every frame on stdout; the add-on's progress bar is on Python's stderr.
    sys.stderr = os.fdopen(os.dup(2), "w", encoding="utf-8")
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
    os.dup2(descriptor, 1)
    os.dup2(descriptor, 2)


def _say(sentence: str) -> None:
    print(sentence, file=sys.stderr, flush=True)


def install(extension: str, engine_python: str, cache_folder: str) -> None:
    """Install the extension's zip as a user does, and set its preferences."""
    bpy.ops.extensions.package_install_files(filepath=extension, repo="user_default", enable_on_install=True)
    preferences = bpy.context.preferences.addons[EXTENSION].preferences
    preferences.interpreter, preferences.cache_folder = engine_python, cache_folder


def add_movie(scene: bpy.types.Scene, movie: str, output_folder: str) -> bpy.types.Strip:
    """Put the movie on the timeline from frame 1, and give the scene its size, rate and length."""
    bpy.context.window.workspace.sequencer_scene = scene
    strips = scene.sequence_editor_create().strips
    # A strip takes its length from the scene's rate when it is added, so the rate has to be known before.
    probe = strips.new_movie("Probe", movie, channel=1, frame_start=1)
    width, height = probe.elements[0].orig_width, probe.elements[0].orig_height
    rate = Fraction(probe.fps).limit_denominator(1001)
    strips.remove(probe)
    if not (width and height and rate):
        raise RuntimeError(f"Blender cannot read the movie {movie}.")
    scene.render.fps = max(1, round(rate))
    scene.render.fps_base = scene.render.fps / rate
    # H.264 wants even sizes.
    scene.render.resolution_x, scene.render.resolution_y = width // 2 * 2, height // 2 * 2
    scene.view_settings.view_transform = "Standard"
    scene.vse_colorizer.output_folder = output_folder
    strip = strips.new_movie("Footage", movie, channel=1, frame_start=1, fit_method="ORIGINAL")
    scene.frame_start, scene.frame_end = strip.frame_final_start, strip.frame_final_end - 1
    scene.sequence_editor.active_strip = strip
    return strip


def paint(scene: bpy.types.Scene, strip: bpy.types.Strip, hints: dict[str, Any]) -> int:
    """Paint a hints document as annotations in the sequencer's preview. Returns the number of strokes."""
    window = bpy.context.window_manager.windows[0]
    area = window.screen.areas[0]
    area.type = "SEQUENCE_EDITOR"
    space = area.spaces.active
    space.view_type = "PREVIEW"
    region = next(region for region in area.regions if region.type == "PREVIEW")
    addon = {name: import_module(f"{EXTENSION}.addon.{name}") for name in ("annotation_hints", "versions")}
    element = strip.elements[0]
    count = 0
    for keyframe in hints["keyframes"]:
        frame = int(strip.frame_start) + keyframe["frame"]
        scene.frame_set(frame)
        with bpy.context.temp_override(window=window, area=area, region=region, space_data=space):
            bpy.ops.vse_colorizer.add_hint_keyframe()
        annotation = space.annotation
        for stroke in keyframe["strokes"]:
            layer = _layer(annotation, stroke["color"], stroke["radius"])
            addon["annotation_hints"].keep_hint_keyframe(annotation, frame)
            points = [((x - 0.5) * element.orig_width, (0.5 - y) * element.orig_height) for x, y in stroke["points"]]
            addon["versions"].add_stroke(bpy.context, annotation, layer, frame, points)
            count += 1
    return count


def _layer(annotation: bpy.types.Annotation, color: str, radius: float) -> bpy.types.AnnotationLayer:
    """The layer of one colour and radius, made if there is none, and made active."""
    name = f"{color} {radius:g}"
    if name not in annotation.layers:
        layer = annotation.layers.new(name, set_active=True)
        layer.color = [int(color[start : start + 2], 16) / 255 for start in (1, 3, 5)]
        annotation.vse_colorizer.active_radius = radius
    annotation.layers.active_index = annotation.layers.find(name)
    return annotation.layers[name]


def render(scene: bpy.types.Scene, path: str) -> None:
    """Render the timeline as H.264."""
    settings = scene.render
    settings.image_settings.media_type = "VIDEO"
    settings.image_settings.file_format = "FFMPEG"
    settings.ffmpeg.format, settings.ffmpeg.codec = "MPEG4", "H264"
    settings.ffmpeg.constant_rate_factor = "HIGH"
    settings.use_file_extension = False
    settings.filepath = path
    bpy.ops.render.render(animation=True)


if __name__ == "__main__":
    try:
        main(json.loads(sys.argv[1]))
    except RuntimeError as error:
        # An operator that refuses raises with what it reports.
        _say(str(error).strip())
        sys.exit(1)
