"""From footage to finished frames: the one way that the command line, the engine and Python callers take."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from functools import cache
from itertools import count
from pathlib import Path

import numpy as np

from .cache import FrameCache
from .colorizer import Colorizer
from .devices import choose_device
from .errors import InputError
from .flow import motion_shape
from .frame_keys import FrameKeys
from .frame_spool import FrameSpool
from .frames.bit_depth import as_dtype
from .frames.sink import encode_png
from .frames.source import FrameSource, open_source
from .hint_carrying import carried_strokes, keyframes_around
from .hints import HintTrack, Stroke
from .job import Job, Output, Settings, Source
from .job_output import open_output, output_folder
from .overlap import ahead, overlapped
from .prediction_pool import finisher_count
from .progress import JobCancelledError, Progress, ProgressClock
from .references import ReferenceFrames, check_frames, read_references
from .shots import LOOK_BACK
from .strip_coloring import StripColorizer, load_transfer_network, steady_reach
from .strip_motion import BLOCK, StripMotion
from .strip_style import StripStyle


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
    keyframe or reference, and some 50 frames where a shot may dissolve. hints: keyframes count from the first frame.
    references: frame → uint8 or uint16 (h, w, 3) sRGB of any size, a picture in colour: that frame's own, which then
    comes back exactly, or any other one. Yields arrays of the frames' shape and dtype.

    Raises InputError: "bad-frame", "bad-hints" and "bad-reference" (a keyframe or a reference after the last frame; a
    reference that is no picture), "no-device", "bad-weights".
    """
    settings, track = settings or Settings(), hints or HintTrack()
    with FrameSpool(frames) as spool:
        for frame in spool.read(0, 0):
            height, width = frame.shape[:2]
            stills = ReferenceFrames(references or {}, track, spool, width, height, frame.dtype)
            colorizer = _colorizer(settings)
            still = sum(1 for _ in spool.read(0, 1)) == 1
            strip = StripColorizer(spool, width, height, colorizer, track, settings, stills.pictures, still=still)
            for number, rgb in enumerate(strip.render(0, sys.maxsize)):
                yield stills.finished(number, rgb)
                # What a later frame may ask for again begins with the block of the earliest that its shot is told by.
                spool.release((number + 1 - steady_reach(settings) - LOOK_BACK) // BLOCK * BLOCK)


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
    with open_source(job.source.path) as source:
        first, last = _range(job.source, source.info.frame_count)
        job.hints.check_frames(0, source.info.frame_count - 1)
        check_frames(job.references, source.info.frame_count)
        total = last - first + 1
        width, height = source.info.width, source.info.height
        footage = _JobFootage(source, job.output.bit_depth, should_cancel)
        references = ReferenceFrames(read_references(job.references), job.hints, footage, width, height, footage.dtype)
        store = FrameCache(cache_folder)
        colorizer = _colorizer(job.settings)
        networks = colorizer.digest + load_transfer_network(colorizer.device).digest
        style = StripStyle(job.style, footage, source.info.frame_count, colorizer, job.settings.saturation)
        keys = FrameKeys(
            source.digest(), networks, choose_device(job.settings.device), job.output.bit_depth,
            job.settings, job.hints, references.digests(), style.digest,
        )  # fmt: skip
        strip = StripColorizer(
            footage, width, height, colorizer, job.hints, job.settings, references.pictures,
            still=source.info.frame_count == 1,
        )  # fmt: skip
        render = _Render(strip, references, style, store, keys, job.output.bit_depth)
        rendered = 0
        clock = ProgressClock(total)
        # A movie's encoder, and a disk that is waited for, have this thread to themselves.
        pngs = ahead(render.pngs(range(first, last + 1)))
        with open_output(job, source.info, total) as output, closing(pngs):
            on_progress(Progress(0, total))
            for done, (number, png, is_new) in enumerate(pngs, 1):
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


def suggest_colors(path: str, frame: int, x: float, y: float, n: int) -> list[str]:
    """At most n distinct plausible colours, "#rrggbb", for a point of a source frame, the likeliest first.

    x, y: 0..1, right and down. Raises InputError "frame-range", and for footage that does not open.
    """
    with open_source(path) as source:
        _range(Source(path, frame, frame), source.info.frame_count)
        rgb = next(iter(source.read(frame, frame)))
    return [suggestion.color for suggestion in _colorizer(Settings()).suggest(rgb, x, y, n)]


def carry_hints(
    path: str,
    frame: int,
    hints: HintTrack,
    on_progress: Callable[[Progress], None],
    should_cancel: Callable[[], bool],
) -> list[Stroke]:
    """The strokes of the keyframes around a source frame, as far as they can be followed to it (hint_carrying.py).

    on_progress: at the start and for each frame that strokes have passed. Raises JobCancelledError, and InputError
    "frame-range" and "bad-hints", and for footage that does not open.
    """
    with open_source(path) as source:
        _range(Source(path, frame, frame), source.info.frame_count)
        hints.check_frames(0, source.info.frame_count - 1)
        motion = StripMotion(_JobFootage(source, 8, should_cancel), motion_shape(source.info.width, source.info.height))
        total = sum(abs(keyframe.frame - frame) for keyframe in keyframes_around(hints, frame))
        clock, passed = ProgressClock(total), count(1)

        def step() -> None:
            if should_cancel():
                raise JobCancelledError
            on_progress(clock.tick(next(passed)))

        on_progress(Progress(0, total))
        return carried_strokes(hints, frame, motion, step)


class _JobFootage:
    """A job's source as footage: as deep as its output or deeper, ending where it ends, decoded in a thread of its own,
    and able to be cancelled."""

    def __init__(self, source: FrameSource, bit_depth: int, should_cancel: Callable[[], bool]) -> None:
        self._source = source
        self.dtype = np.dtype(np.uint16 if max(bit_depth, source.info.bit_depth) == 16 else np.uint8)
        self._should_cancel = should_cancel

    def read(self, first: int, last: int) -> Iterator[np.ndarray]:
        end = self._source.info.frame_count - 1
        for rgb in ahead(self._source.read(first, min(last, end))) if first <= end else ():
            if self._should_cancel():
                raise JobCancelledError
            yield as_dtype(rgb, self.dtype)


class _Render:
    """A job's frames as PNGs, from the cache or made now."""

    def __init__(
        self,
        strip: StripColorizer,
        references: ReferenceFrames,
        style: StripStyle,
        store: FrameCache,
        keys: FrameKeys,
        bit_depth: int,
    ) -> None:
        self._strip, self._references, self._style = strip, references, style
        self._store, self._keys, self._bit_depth = store, keys, bit_depth

    def pngs(self, numbers: range) -> Iterator[tuple[int, bytes, bool]]:
        """(source frame, PNG, whether it was rendered now) of every frame, in order: what the cache has comes from
        there, and what lies between is rendered a stretch at a time."""
        missing: list[int] = []
        for number in numbers:
            kept = self._store.get(self._keys.key(number))
            if kept is None:
                missing.append(number)
                continue
            yield from self._rendered(missing)
            missing = []
            yield number, kept, False
        yield from self._rendered(missing)

    def _rendered(self, numbers: list[int]) -> Iterator[tuple[int, bytes, bool]]:
        if not numbers:
            return

        def finished(frame: tuple[int, np.ndarray, np.ndarray | None]) -> np.ndarray:
            number, rgb, original = frame
            return self._style.finished(self._references.finished(number, rgb), original)

        def kept(frame: tuple[int, np.ndarray]) -> bytes:
            number, rgb = frame
            png = encode_png(as_dtype(rgb, np.uint8) if self._bit_depth == 8 else rgb)
            self._store.put(self._keys.key(number), png)
            return png

        originals = self._style.originals(numbers)
        frames = zip(numbers, self._strip.render(numbers[0], numbers[-1]), originals, strict=True)
        pngs = overlapped(kept, zip(numbers, overlapped(finished, frames), strict=True), finisher_count())
        for number, png in zip(numbers, pngs, strict=True):
            yield number, png, True


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
