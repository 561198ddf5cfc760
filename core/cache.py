"""Finished frames, kept by what they were made from.

An entry is a frame's PNG with a seal behind it: what was cut short or damaged counts as absent. Entries are
written whole; when the cache has grown to its limit, the ones that were not used for longest go.
"""

from __future__ import annotations

import errno
import hashlib
import os
import tempfile
import threading
import time
from contextlib import suppress
from pathlib import Path

import platformdirs

from .errors import InputError

FOLDER_VARIABLE = "VSE_COLORIZER_CACHE"
LIMIT_BYTES = 20 * 1000**3
# Eviction leaves this much room, so that it does not run at every frame.
_EVICT_TO = 0.9
_SEAL = b"VSEC"
_DIGEST_BYTES = 16
# A temporary file this old belongs to a render that was killed.
_STALE_S = 3600.0


def default_cache_folder() -> Path:
    """$VSE_COLORIZER_CACHE, or the platform's cache folder of the user."""
    chosen = os.environ.get(FOLDER_VARIABLE)
    return Path(chosen) if chosen else Path(platformdirs.user_cache_dir("vse-colorizer", appauthor=False))


class FrameCache:
    """PNG bytes by key; a key is a hexadecimal digest.

    Several processes may use one folder at once, and several threads one cache. Raises InputError "unwritable-cache"
    if the folder cannot be made or written.
    """

    def __init__(self, folder: Path, limit_bytes: int = LIMIT_BYTES) -> None:
        self.folder = folder
        self._limit = limit_bytes
        self._size: int | None = None
        self._counting = threading.Lock()
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=folder):
                pass
        except OSError as error:
            raise self._unwritable(error) from error

    def get(self, key: str) -> bytes | None:
        """The PNG of a key, or None if there is none or it is damaged. It counts as used now."""
        path = self._path(key)
        try:
            entry = path.read_bytes()
            os.utime(path)
        except OSError:
            return None
        png = _opened(entry)
        if png is None:
            with suppress(OSError):
                path.unlink()
        return png

    def put(self, key: str, png: bytes) -> None:
        """Keep a frame. Raises InputError "disk-full" or "unwritable-cache"."""
        path = self._path(key)
        entry = png + _SEAL + _digest(png)
        temporary = None
        try:
            path.parent.mkdir(exist_ok=True)
            # No fsync: after a power cut the seal tells.
            descriptor, temporary = tempfile.mkstemp(suffix=".part", dir=path.parent)
            with os.fdopen(descriptor, "wb") as file:
                file.write(entry)
            os.replace(temporary, path)
        except OSError as error:
            if temporary is not None:
                with suppress(OSError):
                    os.unlink(temporary)
            raise self._unwritable(error) from error
        with self._counting:
            self._size = self._measure() if self._size is None else self._size + len(entry)
            if self._size > self._limit:
                self._evict(path)

    def _path(self, key: str) -> Path:
        return self.folder / key[:2] / f"{key}.png"

    def _entries(self) -> list[tuple[float, int, Path]]:
        """(time of last use, bytes, path) of every entry; temporary files of killed renders are removed."""
        entries = []
        for path in self.folder.glob("??/*"):
            with suppress(OSError):
                status = path.stat()
                if path.suffix == ".png":
                    entries.append((status.st_mtime, status.st_size, path))
                elif path.suffix == ".part" and status.st_mtime < time.time() - _STALE_S:
                    path.unlink()
        return entries

    def _measure(self) -> int:
        return sum(size for _, size, _ in self._entries())

    def _evict(self, newest: Path) -> None:
        entries = sorted(self._entries())
        self._size = sum(size for _, size, _ in entries)
        for _, size, path in entries:
            if self._size <= self._limit * _EVICT_TO:
                return
            if path != newest:
                with suppress(OSError):
                    path.unlink()
                    self._size -= size

    def _unwritable(self, error: OSError) -> InputError:
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            return InputError(
                "disk-full",
                f"The disk is full: nothing more can be written to the cache folder {self.folder}.",
                "Free some space, or choose another cache folder.",
            )
        return InputError(
            "unwritable-cache",
            f"The cache folder {self.folder} cannot be written: {error.strerror or error}.",
            "Choose another cache folder, or change its permissions.",
        )


def _digest(png: bytes) -> bytes:
    return hashlib.blake2b(png, digest_size=_DIGEST_BYTES).digest()


def _opened(entry: bytes) -> bytes | None:
    png, seal = entry[: -_DIGEST_BYTES - len(_SEAL)], entry[-_DIGEST_BYTES - len(_SEAL) :]
    return png if seal == _SEAL + _digest(png) else None
