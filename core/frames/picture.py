"""One picture file as an array."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from ..errors import InputError

PICTURE_SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".tif", ".tiff", ".webp", ".bmp"})
# A picture too, but refused.
_OPENEXR = ".exr"

# What OpenCV would print about a bad picture is said once, by the InputError. Its wheels and the builds of Linux
# distributions have two names for that.
_set_log_level = cv2.setLogLevel if hasattr(cv2, "setLogLevel") else cv2.utils.logging.setLogLevel
_set_log_level(0)


def is_picture_name(name: str) -> bool:
    """Whether a file's name says that it is a picture; names that begin with a dot never do."""
    return not name.startswith(".") and Path(name).suffix.lower() in PICTURE_SUFFIXES | {_OPENEXR}


def read_picture(path: str | Path) -> np.ndarray:
    """The picture as uint8 or uint16 (H, W, 3) sRGB. Grey becomes three equal channels, alpha is dropped.

    A camera's orientation tag (EXIF) is ignored, as Blender 4.2 and 5.0 do; only in TIFF files OpenCV obeys it.
    Raises InputError: missing-file, empty-file, unreadable-picture.
    """
    path = Path(path)
    if path.suffix.lower() == _OPENEXR:
        raise InputError(
            "unreadable-picture",
            f"{path} is an OpenEXR picture, and those hold scene-linear light instead of sRGB.",
            "Convert it to PNG with 16 bits a channel.",
        )
    try:
        data = np.fromfile(path, dtype=np.uint8)
    except (FileNotFoundError, NotADirectoryError, ValueError) as error:
        raise InputError("missing-file", f"There is no picture {str(path)!r}.", "Check the path.") from error
    except OSError as error:
        raise InputError("unreadable-picture", f"{path} cannot be read: {error.strerror or error}.") from error
    if data.size == 0:
        raise InputError("empty-file", f"The file {path} is empty.")
    try:
        picture = cv2.imdecode(data, cv2.IMREAD_UNCHANGED)
    except cv2.error as error:
        raise InputError("unreadable-picture", f"The picture {path} cannot be decoded: {error.err}.") from error
    if picture is None:
        raise InputError(
            "unreadable-picture", f"{path} is no picture, or it is damaged or cut short.", "Copy or export it again."
        )
    if picture.dtype not in (np.uint8, np.uint16):
        raise InputError(
            "unreadable-picture",
            f"{path} holds {picture.dtype} values, and a picture must have 8 or 16 bits a channel.",
            "Convert it to PNG.",
        )
    if picture.ndim == 2:
        return np.repeat(picture[..., None], 3, axis=2)
    return np.ascontiguousarray(picture[..., 2::-1])
