"""The engine as a process: messages in, messages out, whatever happens in between."""

from __future__ import annotations

import json
import queue
import re
import resource
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core import __version__
from core.color import ab_from_srgb, recolor
from core.engine import is_out_of_memory
from core.frames.picture import read_picture
from core.frames.sink import encode_png, write_whole

from .moving_pictures import HEIGHT, RED, WIDTH, camera_move

PROGRAM = Path(__file__).resolve().parents[2] / "core" / "__main__.py"


class EngineProcess:
    """A running engine; what it says is read all the time, so that it never waits."""

    def __init__(self, cache: Path, **options: Any) -> None:
        command = [sys.executable, "-I", str(PROGRAM), "serve", "--cache", str(cache)]
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options
        )
        self.lines: queue.Queue[bytes] = queue.Queue()
        self._err: list[bytes] = []
        for stream, take in ((self.process.stdout, self.lines.put), (self.process.stderr, self._err.append)):
            threading.Thread(target=self._read, args=(stream, take), daemon=True).start()

    @staticmethod
    def _read(stream: Any, take: Any) -> None:
        for line in stream:
            take(line)

    def send(self, **request: Any) -> None:
        self.send_line(json.dumps(request).encode())

    def send_line(self, line: bytes) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(line + b"\n")
        self.process.stdin.flush()

    def event(self, timeout: float = 120.0) -> dict[str, Any]:
        return json.loads(self.lines.get(timeout=timeout))

    def until(self, *kinds: str) -> list[dict[str, Any]]:
        """The events up to the first of one of these types."""
        events = [self.event()]
        while events[-1]["type"] not in kinds:
            events.append(self.event())
        return events

    def log(self) -> str:
        return b"".join(self._err).decode()

    def close(self) -> int:
        assert self.process.stdin is not None
        self.process.stdin.close()
        return self.process.wait(60)


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EngineProcess]:
    running = EngineProcess(tmp_path_factory.mktemp("cache"))
    yield running
    assert running.close() == 0


@pytest.fixture(scope="module")
def footage(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("footage")
    for number, frame in enumerate(camera_move(40, 0.5)):
        write_whole(folder / f"{number:03d}.png", encode_png(frame))
    return folder


def job(footage: Path, output: Path, **changes: Any) -> dict[str, Any]:
    stroke = {"color": RED, "radius": 0.04, "points": [[0.5, 0.5]]}
    return {
        "version": 1,
        "source": {"path": str(footage), "first": 0, "last": 5},
        "output": {"path": str(output)},
        "hints": {"version": 1, "keyframes": [{"frame": 2, "strokes": [stroke]}]},
        "settings": {"device": "cpu", "working_size": 128},
        **changes,
    }


def test_hello_is_answered_with_what_the_engine_is(engine: EngineProcess) -> None:
    engine.send(type="hello", id=1)
    ready = engine.event()
    assert (ready["type"], ready["id"], ready["version"]) == ("ready", 1, __version__)
    assert ready["device"] in ("cpu", "cuda", "mps")
    assert "two-tower" in ready["variants"]


def test_a_job_gives_progress_frames_and_a_result(engine: EngineProcess, footage: Path, tmp_path: Path) -> None:
    engine.send(type="colorize", id="job", job=job(footage, tmp_path / "out"))
    events = engine.until("result", "error")
    assert {event["id"] for event in events} == {"job"}
    *said, result = events
    assert {key: result[key] for key in ("frames", "rendered", "reused", "width", "height", "path")} == {
        "frames": 6, "rendered": 6, "reused": 0, "width": WIDTH, "height": HEIGHT, "path": str(tmp_path / "out"),
    }  # fmt: skip
    frames = [event for event in said if event["type"] == "frame"]
    assert [event["frame"] for event in frames] == list(range(6))
    assert all(np.abs(ab_from_srgb(read_picture(event["path"]))).max() > 5 for event in frames)
    progress = [event for event in said if event["type"] == "progress"]
    assert (progress[0]["done"], progress[0]["total"]) == (0, 6)
    assert progress[-1]["done"] == 6 and progress[-1]["fps"] > 0 and progress[-1]["eta_s"] == 0


def test_a_job_s_references_are_obeyed(engine: EngineProcess, footage: Path, tmp_path: Path) -> None:
    picture = recolor(read_picture(footage / "001.png"), np.full((HEIGHT, WIDTH, 2), 15.0, np.float32))
    write_whole(tmp_path / "still.png", encode_png(picture))
    references = {"1": str(tmp_path / "still.png")}
    engine.send(type="colorize", id=2, job=job(footage, tmp_path / "out", references=references))
    assert engine.until("result", "error")[-1]["type"] == "result"
    assert np.array_equal(read_picture(tmp_path / "out" / "frame_000001.png"), picture)
    engine.send(type="colorize", id=2, job=job(footage, tmp_path / "out", references={"1": str(tmp_path / "none.png")}))
    event = engine.until("result", "error")[-1]
    assert (event["type"], event["code"]) == ("error", "bad-reference")


def test_a_preview_writes_one_frame(engine: EngineProcess, footage: Path, tmp_path: Path) -> None:
    engine.send(type="preview", id=3, job=job(footage, tmp_path / "out"), frame=4)
    result = engine.event()
    assert (result["type"], result["id"]) == ("result", 3)
    assert [str(path) for path in (tmp_path / "out").iterdir()] == [result["path"]]
    assert read_picture(result["path"]).shape == (HEIGHT, WIDTH, 3)


def test_a_cancel_is_heard_while_a_job_runs_and_the_next_job_is_answered(
    engine: EngineProcess, footage: Path, tmp_path: Path
) -> None:
    long_job = job(footage, tmp_path / "out", source={"path": str(footage)})
    engine.send(type="colorize", id=10, job=long_job)
    engine.until("frame")
    engine.send(type="cancel", id=11, target=10)
    events = engine.until("cancelled", "result")
    assert (events[-1]["type"], events[-1]["id"]) == ("cancelled", 10)
    kept = sorted((tmp_path / "out").iterdir())
    assert 1 <= len(kept) < 40
    engine.send(type="colorize", id=12, job=job(footage, tmp_path / "again", source={"path": str(footage), "last": 1}))
    result = engine.until("result", "error")[-1]
    assert result["type"] == "result" and result["reused"] >= 1


def test_a_job_that_waits_can_be_cancelled_too(engine: EngineProcess, footage: Path, tmp_path: Path) -> None:
    # With settings of its own, so that the cache holds nothing of it.
    settings = {"device": "cpu", "working_size": 140}
    engine.send(type="colorize", id=20, job=job(footage, tmp_path / "first", settings=settings))
    engine.send(type="colorize", id=21, job=job(footage, tmp_path / "second"))
    engine.send(type="cancel", id=22, target=21)
    assert engine.until("result")[-1]["id"] == 20
    assert engine.event() == {"type": "cancelled", "id": 21}
    assert not (tmp_path / "second").exists()


def test_colours_are_suggested_for_a_point_of_a_frame(engine: EngineProcess, footage: Path) -> None:
    engine.send(type="suggest", id=25, path=str(footage), frame=1, x=0.5, y=0.5, n=6)
    event = engine.until("result")[-1]
    assert event["id"] == 25
    assert len(set(event["colors"])) == len(event["colors"]) == 6
    assert all(re.fullmatch("#[0-9a-f]{6}", color) for color in event["colors"])


def test_hints_are_carried_to_a_frame_as_strokes(engine: EngineProcess, footage: Path) -> None:
    stroke = {"color": RED, "radius": 0.03, "points": [[0.5, 0.5]]}
    hints = {"version": 1, "keyframes": [{"frame": 0, "strokes": [stroke]}]}
    engine.send(type="carry", id=26, path=str(footage), frame=24, hints=hints)
    events = engine.until("result")
    assert {event["id"] for event in events} == {26}
    assert [(event["done"], event["total"]) for event in (events[0], events[-2])] == [(0, 24), (24, 24)]
    (stroke,) = events[-1]["strokes"]
    assert (stroke["color"], stroke["radius"]) == (RED, 0.03)
    assert stroke["points"] == [pytest.approx((0.5 - 12 / WIDTH, 0.5), abs=1.5 / WIDTH)]


@pytest.mark.parametrize(
    "request_fields, code",
    [
        ({"type": "colorize", "job": {"version": 7}}, "bad-job"),
        ({"type": "colorize"}, "bad-job"),
        ({"type": "preview", "frame": "four"}, "bad-message"),
        ({"type": "suggest"}, "bad-message"),
        ({"type": "suggest", "path": "a.mp4", "x": 0.5, "y": 1.5}, "bad-message"),
        ({"type": "suggest", "path": "nowhere.mp4", "x": 0.5, "y": 0.5}, "missing-file"),
        ({"type": "carry", "path": "a.mp4", "frame": -1, "hints": {}}, "bad-message"),
        ({"type": "carry", "path": "a.mp4", "frame": 1}, "bad-hints"),
        (
            {"type": "carry", "path": "nowhere.mp4", "frame": 1, "hints": {"version": 1, "keyframes": []}},
            "missing-file",
        ),
        ({"type": "cancel", "target": "nobody"}, "nothing-to-cancel"),
    ],
)
def test_requests_that_cannot_be_done_get_an_error_with_their_id(
    engine: EngineProcess, request_fields: dict[str, Any], code: str
) -> None:
    engine.send(id=30, **request_fields)
    event = engine.event()
    assert (event["type"], event["id"], event["code"]) == ("error", 30, code)
    assert event["message"] and "\n" not in event["message"]


@pytest.mark.parametrize(
    "line",
    [b"no json", b"[]", b'{"type": "dance", "id": 1}', b'{"type": "hello"}', b'{"type": "hello", "id": [1]}', b"\xff"],
)
def test_lines_that_are_no_requests_get_an_error_and_the_engine_goes_on(engine: EngineProcess, line: bytes) -> None:
    engine.send_line(line)
    event = engine.event()
    assert (event["type"], event["id"], event["code"]) == ("error", None, "bad-message")
    engine.send(type="hello", id=40)
    assert engine.event()["type"] == "ready"


def test_footage_that_ends_early_or_is_none_is_an_error_event(engine: EngineProcess, tmp_path: Path) -> None:
    engine.send(type="colorize", id=50, job=job(tmp_path / "nowhere", tmp_path / "out"))
    event = engine.until("error")[-1]
    assert (event["id"], event["code"]) == (50, "missing-file")
    assert str(tmp_path / "nowhere") in event["message"]


def small_files_only() -> None:
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))


def test_a_full_disk_is_an_error_event_and_the_engine_goes_on(footage: Path, tmp_path: Path) -> None:
    engine = EngineProcess(tmp_path / "cache", preexec_fn=small_files_only)
    engine.send(type="colorize", id=1, job=job(footage, tmp_path / "out"))
    assert engine.until("error", "result")[-1]["code"] == "disk-full"
    engine.send(type="hello", id=2)
    assert engine.event()["type"] == "ready"
    assert engine.close() == 0
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_out_of_memory_is_an_error_event_and_the_engine_goes_on(footage: Path, tmp_path: Path) -> None:
    engine = EngineProcess(tmp_path / "cache")
    engine.send(type="colorize", id=1, job=job(footage, tmp_path / "out", source={"path": str(footage), "last": 0}))
    assert engine.until("result", "error")[-1]["type"] == "result"
    with open(f"/proc/{engine.process.pid}/statm") as file:
        in_use = int(file.read().split()[0]) * resource.getpagesize()
    resource.prlimit(engine.process.pid, resource.RLIMIT_AS, (in_use + 300_000_000, resource.RLIM_INFINITY))
    # Room for the picture, not for what is computed from it.
    large = tmp_path / "large.png"
    write_whole(large, encode_png(np.full((6000, 6000, 3), 128, np.uint8)))
    big_job = job(large, tmp_path / "big.png", source={"path": str(large)}, hints=None)
    engine.send(type="colorize", id=2, job=big_job)
    event = engine.until("result", "error")[-1]
    assert (event.get("code"), event["id"]) == ("out-of-memory", 2), event
    resource.prlimit(engine.process.pid, resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    engine.send(type="hello", id=3)
    assert engine.event()["type"] == "ready"
    assert engine.close() == 0


@pytest.mark.parametrize("how", ["stdin ends", "quit"])
def test_the_engine_ends_in_the_middle_of_a_job(footage: Path, tmp_path: Path, how: str) -> None:
    engine = EngineProcess(tmp_path / "cache")
    engine.send(type="colorize", id=1, job=job(footage, tmp_path / "out", source={"path": str(footage)}))
    engine.until("frame")
    asked = time.monotonic()
    if how == "quit":
        engine.send(type="quit", id=2)
        assert engine.process.wait(30) == 0
    else:
        assert engine.close() == 0
    assert time.monotonic() - asked < 10
    assert not list((tmp_path / "out").glob(".*"))
    assert "Traceback" not in engine.log()


def take_interrupts() -> None:
    """A shell's background jobs ignore interrupts, and so would every process that they start."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def test_an_interrupt_ends_an_idle_engine(tmp_path: Path) -> None:
    engine = EngineProcess(tmp_path / "cache", preexec_fn=take_interrupts)
    engine.send(type="hello", id=1)
    assert engine.event()["type"] == "ready"
    engine.process.send_signal(signal.SIGINT)
    assert engine.process.wait(30) == 130
    assert "Fatal" not in engine.log() and "Traceback" not in engine.log()


def test_what_anything_prints_does_not_reach_the_messages(tmp_path: Path) -> None:
    """A broken movie makes ffmpeg write to stderr; stdout still holds nothing but JSON."""
    movie = tmp_path / "broken.mp4"
    movie.write_bytes(b"\0\0\0\x18ftypmp42" + bytes(4000))
    engine = EngineProcess(tmp_path / "cache")
    engine.send(type="colorize", id=1, job=job(movie, tmp_path / "out"))
    assert engine.until("error", "result")[-1]["type"] == "error"
    engine.send(type="quit", id=2)
    assert engine.process.wait(60) == 0
    assert engine.lines.empty()


def test_every_library_s_way_to_run_out_of_memory_is_known() -> None:
    torch = pytest.importorskip("torch")
    with pytest.raises(Exception) as from_torch:
        torch.empty(2**60)
    with pytest.raises(Exception) as from_numpy:
        np.empty(2**45)
    assert is_out_of_memory(from_torch.value)
    assert is_out_of_memory(from_numpy.value)
    assert is_out_of_memory(torch.OutOfMemoryError())
    assert not is_out_of_memory(ValueError("memory"))
