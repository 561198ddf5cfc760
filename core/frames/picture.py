"""One picture file as an array."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from ..errors import InputError

# OpenEXR is known and refused: scene-linear floats are no sRGB frame.
PICTURE_SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".tif", ".tiff", ".webp", ".bmp", ".exr"})


def is_picture_name(name: str) -> bool:
    """Whether a file's name says that it is a picture; names that begin with a dot never do."""
    return not name.startswith(".") and Path(name).suffix.lower() in PICTURE_SUFFIXES


def read_picture(path: str | Path) -> np.ndarray:
    """The picture as uint8 or uint16 (H, W, 3) sRGB. Grey becomes three equal channels, alpha is dropped.

    Raises InputError: missing-file, empty-file, unreadable-picture.
    """
    path = Path(path)
    try:
        data = np.fromfile(path, dtype=np.uint8)
    except FileNotFoundError as error:
        raise InputError("missing-file", f"There is no picture {path}.", "Check the path.") from error
    except OSError as error:
        raise InputError("unreadable-picture", f"{path} cannot be read: {error.strerror or error}.") from error
    if data.size == 0:
        raise InputError("empty-file", f"The file {path} is empty.")
    try:
        picture = cv2.imdecode(data, cv2.IMREAD_UNCHANGED)
    except cv2.error as error:
        raise InputError("unreadable-picture", f"{path} cannot be decoded: {error.err}.") from error
    if picture is None:
        raise InputError("unreadable-picture", f"{path} is no picture that can be read.")
    if picture.dtype not in (np.uint8, np.uint16):
        raise InputError(
            "unreadable-picture",
            f"{path} holds {picture.dtype} values, and a picture must have 8 or 16 bits a channel.",
            "Convert it to PNG.",
        )
    if picture.ndim == 2:
        return np.repeat(picture[..., None], 3, axis=2)
    return np.ascontiguousarray(picture[..., 2::-1])
