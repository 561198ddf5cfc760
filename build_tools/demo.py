"""The demo: the main job for real, from the extension's zip to a rendered movie.

Each step is a process of its own: the clip and the picture in the engine's environment, Blender in its own.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from pathlib import Path

from core.errors import InputError
from core.hints import load_hints

from . import environments, packaging

OUT = environments.ROOT / "out"


def run(movie: Path | None, hints: Path | None) -> int:
    """Colour a movie, or the demo's own clip, in Blender. Leaves out/demo.mp4 and out/demo.png. Returns 0.

    movie: any movie the engine reads; None makes a clip whose true colours are known. hints: a hints.json.
    Raises InputError if one of them cannot be read, or if a step fails.
    """
    if movie is not None and not movie.is_file():
        raise InputError("missing-file", f"There is no movie {movie}.", "Check the path.")
    if hints is not None:
        load_hints(hints)
    engine = environments.engine_python()
    blender = environments.blender_python(environments.NEWEST_BLENDER)
    started = time.monotonic()
    work = OUT / "demo"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    for product in ("demo.mp4", "demo.png"):
        (OUT / product).unlink(missing_ok=True)
    extension = packaging.build()

    truth = None
    if movie is None:
        print("The demo's clip is being made: a photograph under a moving camera.", flush=True)
        _step([str(engine), "-m", "build_tools.demo_clip", str(work)], "making the clip")
        movie, hints, truth = work / "footage.mp4", work / "hints.json", work / "truth"
    elif hints is None:
        print("Without --hints the movie is coloured by the network alone, with no strokes painted.", flush=True)

    order = {
        "extension": str(extension),
        "engine_python": str(engine),
        "cache_folder": str(work / "cache"),
        "movie": str(movie.resolve()),
        "hints": str(hints.resolve()) if hints else None,
        "output_folder": str(work / "colorized"),
        "rendered_movie": str(work / "demo.mp4"),
        "result": str(work / "result.json"),
        "log": str(work / "blender.log"),
    }
    # Blender's own settings and the user's extensions stay out of the way.
    user = {**os.environ, "BLENDER_USER_RESOURCES": str(work / "blender")}
    script = Path(__file__).with_name("demo_blender.py")
    _step([str(blender), "-I", str(script), json.dumps(order)], "Blender's part", user)
    os.replace(work / "demo.mp4", OUT / "demo.mp4")

    frames = json.loads((work / "result.json").read_text(encoding="utf-8"))["folder"]
    command = [str(engine), "-m", "build_tools.demo_report", str(movie), frames, str(OUT / "demo.png")]
    command += ["--hints", str(hints)] if hints else []
    command += ["--truth", str(truth)] if truth else []
    _step(command, "drawing the picture")
    print(f"out/demo.mp4 and out/demo.png are ready after {time.monotonic() - started:.0f} s.", flush=True)
    return 0


def _step(command: list[str], what: str, environment: dict[str, str] | None = None) -> None:
    status = subprocess.run(command, cwd=environments.ROOT, env=environment, check=False).returncode
    if status:
        raise InputError("demo-failed", f"The demo stopped at {what} (exit status {status}).", "Its reason is above.")
