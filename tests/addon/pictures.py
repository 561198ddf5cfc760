"""Pictures and movies for the add-on's tests, and what the sequencer renders of them."""

from __future__ import annotations

import struct
import subprocess
import zlib
from pathlib import Path

import bpy
import numpy as np


def write_png(path: Path, rgb: np.ndarray) -> Path:
    """Write uint8 (H, W, 3) as a PNG."""
    rows = np.concatenate([np.zeros((rgb.shape[0], 1), np.uint8), rgb.reshape(rgb.shape[0], -1)], axis=1)
    size = struct.pack(">IIBBBBB", rgb.shape[1], rgb.shape[0], 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", size), (b"IDAT", zlib.compress(rows.tobytes(), 1)), (b"IEND", b""))
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        file.write(b"\x89PNG\r\n\x1a\n")
        for kind, data in chunks:
            file.write(struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)))
    return path


def write_sequence(folder: Path, grey_levels: list[int], first_number: int = 1) -> Path:
    """Write plain grey pictures of 32 by 24 pixels, shot_0001.png and so on."""
    for number, level in enumerate(grey_levels, first_number):
        write_png(folder / f"shot_{number:04d}.png", np.full((24, 32, 3), level, np.uint8))
    return folder


def read_picture(path: Path) -> np.ndarray:
    """An 8-bit picture as uint8 (H, W, 3), read by Blender."""
    image = bpy.data.images.load(str(path))
    width, height = image.size
    pixels = np.empty(width * height * 4, np.float32)
    image.pixels.foreach_get(pixels)
    bpy.data.images.remove(image)
    return np.round(pixels.reshape(height, width, 4)[::-1, :, :3] * 255).astype(np.uint8)


def render(scene: bpy.types.Scene, frame: int, path: Path) -> np.ndarray:
    """The sequencer's picture at a timeline frame: uint8 (H, W, 3)."""
    settings = scene.render.image_settings
    if hasattr(settings, "media_type"):
        settings.media_type = "IMAGE"
    settings.file_format, settings.color_mode, settings.color_depth = "PNG", "RGB", "8"
    scene.render.filepath = str(path)
    scene.frame_set(frame)
    bpy.ops.render.render(write_still=True)
    return read_picture(path)


def write_movie(engine_python: str, path: Path, frames: np.ndarray) -> Path:
    """Write uint8 (frames, H, W) as a lossless grey H.264 movie of 24 frames a second, with the engine's PyAV."""
    raw = path.with_suffix(".npy")
    np.save(raw, frames)
    program = """
import sys, av, numpy
frames = numpy.load(sys.argv[1])
with av.open(sys.argv[2], "w") as container:
    stream = container.add_stream("libx264", rate=24, options={"qp": "0", "preset": "ultrafast"})
    stream.height, stream.width = frames.shape[1:]
    stream.pix_fmt = "yuv420p"
    stream.codec_context.color_range = 2
    for grey in frames:
        planes = numpy.concatenate([grey, numpy.full((grey.shape[0] // 2, grey.shape[1]), 128, numpy.uint8)])
        frame = av.VideoFrame.from_ndarray(planes, format="yuv420p")
        frame.color_range = 2
        container.mux(stream.encode(frame))
    container.mux(stream.encode())
"""
    subprocess.run([engine_python, "-I", "-c", program, str(raw), str(path)], check=True)
    raw.unlink()
    return path
