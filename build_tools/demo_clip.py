"""The demo's own clip, in the engine's environment: a photograph under a moving camera, colours known, made grey.

    python -m build_tools.demo_clip FOLDER

writes FOLDER/footage.mp4 (black and white), FOLDER/truth/0000.png ... (in colour) and FOLDER/hints.json (strokes
on two keyframes in the photograph's own colours, as somebody who knows the scene would paint them).
"""

from __future__ import annotations

import json
import math
import os
import sys
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
from av.video.reformatter import ColorRange, Colorspace
from skimage import data

from core.color import recolor
from core.hints import HINTS_VERSION

WIDTH, HEIGHT = 480, 270
FRAME_COUNT = 60
FPS = 24
KEYFRAMES = (12, 47)
RADIUS = 0.006
# The camera in the photograph (512×512 pixels): centre x, centre y, width in view, turn in degrees.
CAMERA_FIRST = np.array([258.0, 362.0, 496.0, 0.6])
CAMERA_LAST = np.array([246.0, 128.0, 440.0, -0.8])
# From one point to another, in the photograph's pixels; what is out of view on a keyframe is left out.
STROKES = {
    "suit, shoulder": ((78, 262), (105, 300)),
    "suit, sleeve": ((58, 365), (88, 410)),
    "suit, chest": ((140, 305), (180, 325)),
    "suit, right": ((300, 288), (335, 318)),
    "suit, left of the ring": ((114, 230), (124, 246)),
    "suit, right of the ring": ((308, 246), (324, 258)),
    "suit, belly": ((215, 380), (222, 440)),
    "suit, below the patch": ((105, 440), (150, 448)),
    "mission patch, right": ((196, 376), (198, 396)),
    "mission patch, left": ((147, 384), (149, 404)),
    "name tag": ((288, 366), (298, 368)),
    "face, cheek": ((192, 120), (196, 140)),
    "face, forehead": ((210, 82), (235, 86)),
    "hair, left": ((168, 75), (185, 45)),
    "hair, right": ((280, 60), (290, 90)),
    "flag, blue": ((51, 76), (46, 98)),
    "flag, upper red": ((40, 140), (72, 190)),
    "flag, lower red": ((30, 272), (40, 292)),
    "flag, white": ((46, 196), (62, 222)),
    "backdrop, left": ((112, 40), (128, 90)),
    "backdrop, right": ((325, 45), (345, 110)),
    "backdrop, below": ((325, 200), (345, 235)),
    "backdrop, beside the suit": ((347, 232), (355, 258)),
    "flag, lower white": ((56, 222), (70, 240)),
    "shuttle's tank": ((412, 45), (424, 100)),
    "shuttle": ((392, 150), (394, 190)),
    "collar": ((205, 205), (240, 212)),
    "table": ((415, 310), (470, 315)),
    "visor": ((340, 400), (400, 400)),
    "helmet": ((420, 352), (455, 370)),
    "strap": ((262, 385), (264, 440)),
}


def make(folder: Path) -> None:
    """Write the clip, its truth and its hints into an existing folder."""
    photograph = data.astronaut()
    cameras = [_camera(index / (FRAME_COUNT - 1)) for index in range(FRAME_COUNT)]
    truth = [_view(photograph, camera) for camera in cameras]
    (folder / "truth").mkdir(exist_ok=True)
    for index, frame in enumerate(truth):
        cv2.imwrite(str(folder / "truth" / f"{index:04d}.png"), frame[..., ::-1])
    colorless = np.zeros((HEIGHT, WIDTH, 2), np.float32)
    _write_movie(folder / "footage.mp4", [recolor(frame, colorless) for frame in truth])
    keyframes = [{"frame": index, "strokes": _strokes(truth[index], cameras[index])} for index in KEYFRAMES]
    document = {"version": HINTS_VERSION, "keyframes": keyframes}
    (folder / "hints.json").write_text(json.dumps(document, indent=1), encoding="utf-8")


def _camera(moment: float) -> np.ndarray:
    """The affine map (2, 3) from a frame's pixels to the photograph's. moment: 0 to 1."""
    eased = moment * moment * (3.0 - 2.0 * moment)
    x, y, width, degrees = CAMERA_FIRST + eased * (CAMERA_LAST - CAMERA_FIRST)
    scale, angle = width / WIDTH, math.radians(degrees)
    turn = scale * np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    centre = np.array([x, y]) - turn @ np.array([(WIDTH - 1) / 2, (HEIGHT - 1) / 2])
    return np.column_stack([turn, centre])


def _view(photograph: np.ndarray, camera: np.ndarray) -> np.ndarray:
    return cv2.warpAffine(
        photograph,
        camera,
        (WIDTH, HEIGHT),
        flags=cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REFLECT,
    )


def _strokes(truth: np.ndarray, camera: np.ndarray) -> list[dict[str, object]]:
    into_frame = cv2.invertAffineTransform(camera)
    strokes = []
    for ends in STROKES.values():
        start, end = (into_frame @ np.array([x, y, 1.0]) for x, y in ends)
        path = np.linspace(start, end, 5)
        margin = 2 * RADIUS * WIDTH
        if (path < margin).any() or (path > np.array([WIDTH, HEIGHT]) - margin).any():
            continue
        under = np.zeros(truth.shape[:2], np.uint8)
        cv2.polylines(under, [np.rint(path).astype(np.int32)], False, 1, round(RADIUS * WIDTH))
        red, green, blue = np.rint(np.median(truth[under > 0], axis=0)).astype(int)
        points = ((path + 0.5) / (WIDTH, HEIGHT)).round(5).tolist()
        strokes.append({"color": f"#{red:02x}{green:02x}{blue:02x}", "radius": RADIUS, "points": points})
    return strokes


def _write_movie(path: Path, frames: list[np.ndarray]) -> None:
    temporary = path.with_name(f"part-{path.name}")
    with av.open(str(temporary), "w") as container:
        stream = container.add_stream("libx264", rate=Fraction(FPS), options={"crf": "8"})
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        stream.colorspace, stream.color_range = Colorspace.ITU709, ColorRange.MPEG
        stream.color_primaries = stream.color_trc = 1  # BT.709, H.273
        for rgb in frames:
            frame = av.VideoFrame.from_ndarray(rgb, format="rgb24").reformat(
                format="yuv420p", dst_colorspace=Colorspace.ITU709, dst_color_range=ColorRange.MPEG
            )
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    os.replace(temporary, path)


if __name__ == "__main__":
    make(Path(sys.argv[1]))
