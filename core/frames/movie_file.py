"""A movie file, opened and decoded through libav (PyAV)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import av
from av.container import InputContainer
from av.packet import Packet
from av.stream import Disposition
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from ..errors import InputError

# A demuxer that draws text: to libav any text file is a movie.
_TEXT_DEMUXER = "tty"

# A packet's byte in the file, and its size in bytes: what it is known by however it was reached.
PacketPlace = tuple[int, int]


def open_movie(path: Path) -> tuple[InputContainer, VideoStream]:
    """A movie's container and its first video stream that is no cover picture.

    Raises InputError: unreadable-source, not-a-video.
    """
    try:
        # The prefix and the list keep a strange name, or a playlist, from leading anywhere but to local files.
        container = av.open(f"file:{path}", options={"protocol_whitelist": "file"}, metadata_errors="replace")
    except (av.FFmpegError, OSError) as error:
        raise _open_error(path, error) from error
    for stream in container.streams.video:
        if container.format.name != _TEXT_DEMUXER and not stream.disposition & Disposition.attached_pic:
            stream.thread_type = "AUTO"
            return container, stream
    container.close()
    raise _no_movie(path, has_streams=len(container.streams) > 0)


def decoded(
    container: InputContainer, stream: VideoStream, times: Mapping[PacketPlace, int] | None = None
) -> Iterator[VideoFrame]:
    """The pictures from where the container stands, in presentation order; what does not decode is left out.

    times: when given, each packet's picture is timed by it, and a packet that it does not know is left out.
    """
    packets = container.demux(stream)
    at_end = False
    while not at_end:
        try:
            packet = next(packets, None)
        except (av.FFmpegError, OSError):
            packet = None
        at_end = packet is None or is_end(packet)
        if packet is not None and not at_end:
            if packet.size == 0:
                continue  # "no new picture" in AVI; a decoder would take it for the end
            if times is not None:
                time = times.get(place_of(packet))
                if time is None:
                    continue
                packet.pts = time
        try:
            yield from stream.decode(packet)
        except av.FFmpegError:
            continue


def is_end(packet: Packet) -> bool:
    """Whether this is the empty packet that PyAV ends a stream with."""
    return packet.size == 0 and packet.pts is None and packet.dts is None


def place_of(packet: Packet) -> PacketPlace:
    """The packet's place in the file; (-1, size) where the demuxer does not tell it."""
    return (-1 if packet.pos is None else packet.pos, packet.size)


def _open_error(path: Path, error: Exception) -> InputError:
    if isinstance(error, av.InvalidDataError):
        return _no_movie(path, has_streams=False)
    return InputError("unreadable-source", f"{path} cannot be read: {getattr(error, 'strerror', None) or error}.")


def _no_movie(path: Path, has_streams: bool) -> InputError:
    with path.open("rb") as file:
        is_mp4 = file.read(8)[4:] == b"ftyp"
    if is_mp4 and not has_streams:
        return InputError(
            "unreadable-source",
            f"The movie {path} is cut short or damaged: its index is missing, and without it no frame can be found.",
            "Copy it again from where it came.",
        )
    return InputError("not-a-video", f"{path} is no movie.", "Choose a movie, a picture or a folder of pictures.")
