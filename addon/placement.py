"""Where a strip's picture lies on the preview's canvas: image coordinates to canvas coordinates and back.

No bpy: measured against the renders of Blender 4.2, 4.5 and 5.0 in the tests.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from ..core.errors import InputError


@dataclass(frozen=True)
class Placement:
    """A strip's transform as numbers.

    image_size, canvas_size: (width, height) in pixels, of the source and of the render at 100%.
    offset: pixels. scale: factors. rotation: radians, counter-clockwise. origin: the pivot, a fraction of the
    image from its bottom-left corner. flip: mirror the canvas left-right, top-bottom, after all else.
    pixel_aspect: how many times wider than high a render pixel is shown.

    Canvas coordinates are those of a painted annotation: display pixels from the canvas's centre, y up.
    Image coordinates are normalised: x right, y down, (0, 0) the picture's top-left corner.
    """

    image_size: tuple[int, int]
    canvas_size: tuple[int, int]
    offset: tuple[float, float] = (0.0, 0.0)
    scale: tuple[float, float] = (1.0, 1.0)
    rotation: float = 0.0
    origin: tuple[float, float] = (0.5, 0.5)
    flip: tuple[bool, bool] = (False, False)
    pixel_aspect: float = 1.0

    def __post_init__(self) -> None:
        if 0.0 in self.scale or 0 in self.image_size:
            raise InputError(
                "bad-transform",
                "The strip's picture is scaled to nothing, so no hint can be read on it.",
                "Give the strip a scale other than 0.",
            )

    def to_canvas(self, x: float, y: float) -> tuple[float, float]:
        """The canvas point of an image point."""
        across, up = self._from_pivot(x, y)
        cos, sin = math.cos(self.rotation), math.sin(self.rotation)
        scaled_x, scaled_y = across * self.scale[0], up * self.scale[1]
        pivot_x, pivot_y = self._pivot()
        canvas_x = cos * scaled_x - sin * scaled_y + pivot_x
        canvas_y = sin * scaled_x + cos * scaled_y + pivot_y
        return self._mirrored(canvas_x * self.pixel_aspect, canvas_y)

    def to_image(self, x: float, y: float) -> tuple[float, float]:
        """The image point of a canvas point; outside 0..1 where the point lies beside the picture."""
        canvas_x, canvas_y = self._mirrored(x, y)
        pivot_x, pivot_y = self._pivot()
        turned_x, turned_y = canvas_x / self.pixel_aspect - pivot_x, canvas_y - pivot_y
        cos, sin = math.cos(self.rotation), math.sin(self.rotation)
        across = (cos * turned_x + sin * turned_y) / self.scale[0]
        up = (cos * turned_y - sin * turned_x) / self.scale[1]
        width, height = self.image_size
        return across / width + self.origin[0], 1.0 - (up / height + self.origin[1])

    def _from_pivot(self, x: float, y: float) -> tuple[float, float]:
        width, height = self.image_size
        return (x - self.origin[0]) * width, (1.0 - y - self.origin[1]) * height

    def _pivot(self) -> tuple[float, float]:
        width, height = self.image_size
        # Blender centres the picture with whole-number division: half a pixel is lost on odd differences.
        centre_x = math.trunc((self.canvas_size[0] - width) / 2) - (self.canvas_size[0] - width) / 2
        centre_y = math.trunc((self.canvas_size[1] - height) / 2) - (self.canvas_size[1] - height) / 2
        return (
            (self.origin[0] - 0.5) * width + centre_x + self.offset[0],
            (self.origin[1] - 0.5) * height + centre_y + self.offset[1],
        )

    def _mirrored(self, x: float, y: float) -> tuple[float, float]:
        return (-x if self.flip[0] else x), (-y if self.flip[1] else y)
