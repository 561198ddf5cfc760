"""From footage to finished frames: the one way that the command line, the engine and Python callers take."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np

from .cache import FrameCache
from .colorizer import Colorizer
from .devices import choose_device
from .errors import InputError
from .frame_keys import FrameKeys
from .frame_spool import FrameSpool
from .frames.sink import encode_png
from .frames.source import FrameSource, open_source
from .hints import HintTrack
from .job import Job, Output, Settings, Source
from .job_output import open_output, output_folder
from .overlap import overlapped
from .progress import JobCancelledError, Progress, ProgressClock
from .strip_coloring import StripColorizer, steady_reach
from .strip_motion import BLOCK


@dataclass(frozen=True)
class JobResult:
    """What a job gave. frames = rendered + reused (from the cache). width, height: in pixels.
    path: the folder, movie or picture that was written. warnings: sentences on what in the source had to be made
    good."""

    frames: int
    rendered: int
    reused: int
    width: int
    height: int
    path: str
    warnings: tuple[str, ...] = ()


def colorize_frames(
    frames: Iterable[np.ndarray],
    hints: HintTrack | None = None,
    references: Mapping[int, np.ndarray] | None = None,
    settings: Settings | None = None,
) -> Iterator[np.ndarray]:
    """Colour frames, one for one, in order.

    frames: uint8 or uint16 (H, W, 3) sRGB, all of one size and dtype; they are read ahead as far as the next
    keyframe and the steadiness need. hints: keyframes count from the first frame. references: none in this
    release. Yields arrays of the frames' shape and dtype.

    Raises InputError: "unsupported", "bad-frame", "bad-hints" (a keyframe after the last frame), "no-device",
    "bad-weights".
    """
    settings = settings or Settings()
    if references:
        raise _unsupported("References are")
    with FrameSpool(frames) as spool:
        for frame in spool.read(0, 0):
            height, width = frame.shape[:2]
            strip = StripColorizer(spool, width, height, _colorizer(settings), hints or HintTrack(), settings)
            for number, rgb in enumerate(strip.render(0, sys.maxsize)):
                yield rgb
                # What a later frame may ask for again begins with the block of its earliest neighbour.
                spool.release((number + 1 - steady_reach(settings)) // BLOCK * BLOCK)


def run_job(
    job: Job,
    cache_folder: Path,
    on_progress: Callable[[Progress], None],
    on_frame: Callable[[int, Path], None],
    should_cancel: Callable[[], bool],
) -> JobResult:
    """Colour a job's frames and write them where it says, in order.

    Finished frames come from the cache where it has them. on_progress: at the start and after each frame.
    on_frame: each source frame that has become a file, with the file. should_cancel: asked for every frame read
    or written. Raises JobCancelledError, and InputError for everything that the user or the machine can mend.
    """
    if job.references:
        raise _unsupported("References are")
    if job.style is not None:
        raise _unsupported("A style is")
    with open_source(job.source.path) as source:
        first, last = _range(job.source, source.info.frame_count)
        job.hints.check_frames(0, source.info.frame_count - 1)
        total = last - first + 1
        store = FrameCache(cache_folder)
        colorizer = _colorizer(job.settings)
        keys = FrameKeys(
            source.digest(), colorizer.digest, choose_device(job.settings.device), job.output.bit_depth,
            job.settings, job.hints,
        )  # fmt: skip
        footage = _JobFootage(source, job.output.bit_depth, should_cancel)
        width, height = source.info.width, source.info.height
        strip = StripColorizer(footage, width, height, colorizer, job.hints, job.settings)
        rendered = 0
        clock = ProgressClock(total)
        with open_output(job, source.info, total) as output:
            on_progress(Progress(0, total))
            for done, (number, png, is_new) in enumerate(_pngs(strip, store, keys, job, range(first, last + 1)), 1):
                if should_cancel():
                    raise JobCancelledError
                path = output.write(number, png)
                rendered += is_new
                if path is not None:
                    on_frame(number, path)
                on_progress(clock.tick(done))
        return JobResult(total, rendered, total - rendered, width, height, job.output.path, tuple(source.warnings))


def run_preview(job: Job, frame: int, cache_folder: Path, should_cancel: Callable[[], bool]) -> Path:
    """Colour one source frame of a job, 8 bits, as `frame_000000.png` of its number in the job's output folder.

    Raises what `run_job` raises.
    """
    written: list[Path] = []
    single = replace(
        job, source=Source(job.source.path, frame, frame), output=Output(str(output_folder(job)), "png", 8)
    )
    run_job(single, cache_folder, lambda progress: None, lambda number, path: written.append(path), should_cancel)
    return written[0]


class _JobFootage:
    """A job's source as footage: as deep as its output or deeper, ending where it ends, and able to be cancelled."""

    def __init__(self, source: FrameSource, bit_depth: int, should_cancel: Callable[[], bool]) -> None:
        self._source = source
        self._deepen = bit_depth > source.info.bit_depth
        self._should_cancel = should_cancel

    def read(self, first: int, last: int) -> Iterator[np.ndarray]:
        for rgb in self._source.read(first, min(last, self._source.info.frame_count - 1)):
            if self._should_cancel():
                raise JobCancelledError
            yield rgb.astype(np.uint16) * np.uint16(257) if self._deepen else rgb


def _pngs(
    strip: StripColorizer, store: FrameCache, keys: FrameKeys, job: Job, numbers: range
) -> Iterator[tuple[int, bytes, bool]]:
    """(source frame, PNG, whether it was rendered now) of every frame, in order: what the cache has comes from
    there, and what lies between is rendered a stretch at a time."""
    missing: list[int] = []
    for number in numbers:
        kept = store.get(keys.key(number))
        if kept is None:
            missing.append(number)
            continue
        yield from _rendered(strip, store, keys, job, missing)
        missing = []
        yield number, kept, False
    yield from _rendered(strip, store, keys, job, missing)


def _rendered(
    strip: StripColorizer, store: FrameCache, keys: FrameKeys, job: Job, numbers: list[int]
) -> Iterator[tuple[int, bytes, bool]]:
    if not numbers:
        return

    def encoded(rgb: np.ndarray) -> bytes:
        return encode_png(_at_depth(rgb, job.output.bit_depth))

    frames = strip.render(numbers[0], numbers[-1])
    for number, png in zip(numbers, overlapped(encoded, frames), strict=True):
        store.put(keys.key(number), png)
        yield number, png, True


def _at_depth(rgb: np.ndarray, bit_depth: int) -> np.ndarray:
    if bit_depth == 8 and rgb.dtype == np.uint16:
        return ((rgb.astype(np.uint32) + 128) // 257).astype(np.uint8)
    return rgb


def _range(source: Source, frame_count: int) -> tuple[int, int]:
    """The first and last frame that a job asks for. Raises InputError "frame-range"."""
    last = frame_count - 1 if source.last is None else source.last
    if source.first >= frame_count or last >= frame_count:
        raise InputError(
            "frame-range",
            f"Frames {source.first} to {last} were asked for, but {source.path} has frames 0 to {frame_count - 1}.",
        )
    return source.first, last


def _colorizer(settings: Settings) -> Colorizer:
    return _load_colorizer(settings.variant, choose_device(settings.device), settings.working_size)


@cache
def _load_colorizer(variant: str, device: str, working_size: int) -> Colorizer:
    """Loaded once a process: the engine keeps it warm."""
    return Colorizer.load(variant, device, working_size=working_size)


def _unsupported(what: str) -> InputError:
    return InputError("unsupported", f"{what} not part of this release.", "Take it out of the job.")
