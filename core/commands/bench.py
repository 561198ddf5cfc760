"""`bench`: how long each stage takes on this machine, and how many frames a second come out."""

from __future__ import annotations

import argparse
import threading
import time
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from ..errors import InputError
from ..job import DEVICES, VARIANTS, Settings

if TYPE_CHECKING:
    import numpy as np

HELP = "time every stage on a synthetic clip"
_REPEATS = 10


def add_arguments(parser: argparse.ArgumentParser) -> None:
    defaults = Settings()
    parser.add_argument("--width", type=int, default=480, help="of the clip, in pixels (%(default)s)")
    parser.add_argument("--height", type=int, default=270, help="of the clip, in pixels (%(default)s)")
    parser.add_argument("--frames", type=int, default=48, help="of the clip (%(default)s)")
    parser.add_argument("--variant", choices=VARIANTS, default=defaults.variant, help="the network")
    parser.add_argument("--device", choices=DEVICES, default=defaults.device, help="where the network runs")


def run(args: argparse.Namespace) -> int:
    if not (16 <= args.width <= 8192 and 16 <= args.height <= 8192 and 4 <= args.frames <= 10_000):
        raise InputError("bad-arguments", "The clip must be 16 to 8192 pixels wide and high with 4 to 10000 frames.")

    from ..frames.sink import MovieSink
    from ..hints import HintTrack, Keyframe, Stroke
    from ..job import Job, Output, Source
    from ..memory import keep_freed_memory
    from ..pipeline import run_job

    keep_freed_memory()
    settings = Settings(variant=args.variant, device=args.device)
    hints = HintTrack((Keyframe(0, (Stroke("#b04a3c", 0.03, ((0.3, 0.5), (0.6, 0.5))),)),))
    with TemporaryDirectory() as folder:
        movie = Path(folder) / "clip.mp4"
        with MovieSink(movie, args.width, args.height, Fraction(25)) as sink:
            for frame in _moving_noise(args.frames, args.width, args.height):
                sink.write(frame)
        for stage, milliseconds in _stages(movie, settings, hints).items():
            print(f"{stage:<22}{milliseconds:8.2f} ms", flush=True)
        job = Job(Source(str(movie)), Output(str(Path(folder) / "out")), hints, settings=settings)
        done = [time.perf_counter()]
        walking: dict[int, float] = {}

        def should_cancel() -> bool:
            walking[threading.get_ident()] = time.thread_time()
            return False

        run_job(job, Path(folder) / "cache", lambda _: None, lambda *_: done.append(time.perf_counter()), should_cancel)
    start, first, *_, last = done
    # The thread that walks the strip is asked for each frame, as the one that writes is, which did more before.
    del walking[threading.get_ident()]
    print(f"{'walking the strip':<22}{max(walking.values()) / args.frames * 1000:8.2f} ms")
    print(f"{'until the first frame':<22}{(first - start) * 1000:8.2f} ms")
    print(f"{'then, frames a second':<22}{(args.frames - 1) / (last - first):8.2f}")
    print(f"{'all, frames a second':<22}{args.frames / (last - start):8.2f}")
    return 0


def _moving_noise(count: int, width: int, height: int) -> list[np.ndarray]:
    """A smooth texture that slides by a pixel a frame: uint8 (H, W, 3), grey."""
    import cv2
    import numpy as np

    noise = np.random.default_rng(0).normal(size=(height, width + count)).astype(np.float32)
    smooth = cv2.GaussianBlur(noise, (0, 0), 4.0)
    grey = np.interp(smooth, (smooth.min(), smooth.max()), (0, 255)).astype(np.uint8)
    return [np.repeat(grey[:, number : number + width, None], 3, axis=2) for number in range(count)]


def _stages(movie: Path, settings: Settings, hints: Any) -> dict[str, float]:
    """Milliseconds a frame of each stage by itself: network and steadiness of one frame in PREDICTED_EVERY."""
    import cv2

    from ..chroma import upsample_chroma
    from ..chroma_detail import Chroma
    from ..color import lightness_from_srgb, recolor
    from ..colorizer import Colorizer
    from ..flow import measure_motion, motion_picture, motion_shape
    from ..frame_spool import FrameSpool
    from ..frames.sink import encode_png
    from ..frames.source import open_source
    from ..interpolation import PREDICTED_EVERY, Side, interpolated
    from ..overlap import overlapped
    from ..raster import rasterize
    from ..reduced_shape import reduced_shape
    from ..steadiness import STEADY_REACH, steady_correction, steady_look
    from ..strip_motion import StripMotion

    timings = {}
    start = time.perf_counter()
    with open_source(movie) as source:
        width, height = source.info.width, source.info.height
        frames = list(source.read())
        timings["decode"] = (time.perf_counter() - start) * 1000 / len(frames)
    window = range(min(2 * STEADY_REACH + 1, len(frames)))
    with FrameSpool(frames) as footage:
        motion = StripMotion(footage, motion_shape(width, height))
        motions = {number: motion.between(number) for number in window[:-1]}
        ways = motion.way(1, 0), motion.way(1, PREDICTED_EVERY)
    lightness = lightness_from_srgb(frames[0])
    small = reduced_shape(width, height, settings.working_size)
    seen = cv2.resize(lightness, small[::-1], interpolation=cv2.INTER_AREA)
    ab, mask = rasterize(hints.keyframes[0].strokes, small[1], small[0])
    colorizer = Colorizer.load(settings.variant, settings.device, working_size=settings.working_size)
    predicted = colorizer.predict(seen, ab, mask, saturation=settings.saturation, faces=())
    looks = {number: steady_look(Chroma(predicted), motion.picture(number)) for number in window[::PREDICTED_EVERY]}
    middle = list(looks)[len(looks) // 2]
    sides = [Side(Chroma(predicted), way, 1) for way in ways if way is not None]

    full = upsample_chroma(predicted, lightness)
    pictures = [motion_picture(lightness_from_srgb(frame), motion.shape) for frame in frames[:2]]
    colored = recolor(frames[0], full)
    timings |= {
        "lightness": _time(lambda: lightness_from_srgb(frames[0])),
        "flow, both ways": _time(lambda: measure_motion(pictures[0], pictures[1])),
        "network": _time(lambda: colorizer.predict(seen, ab, mask, saturation=settings.saturation, faces=())),
    }
    # What finishes a frame has a core of its own, as in a strip.
    finishing: dict[str, Callable[[], object]] = {
        "steadiness": lambda: steady_correction(middle, looks, motions, settings.temporal_strength),
        "interpolate": lambda: interpolated((sides[0], sides[-1])),
        "upsample chroma": lambda: upsample_chroma(predicted, lightness),
        "recolor": lambda: recolor(frames[0], full),
        "encode PNG": lambda: encode_png(colored),
    }
    return timings | dict(zip(finishing, overlapped(_time, finishing.values()), strict=True))


def _time(stage: Callable[[], object]) -> float:
    stage()
    start = time.perf_counter()
    for _ in range(_REPEATS):
        stage()
    return (time.perf_counter() - start) * 1000 / _REPEATS
