"""When each picture of a movie file is shown, and how to find it."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import av
import numpy as np
from av.container import InputContainer
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from ..errors import InputError
from .movie_file import PacketPlace, decoded, is_end, open_movie, place_of

# So many pictures are decoded to see whether the packets' times are those of the pictures.
_PROBED_PICTURES = 24
# No codec shows a picture more than 16 places from where it is coded; more than this is a clock that jumps.
_MOST_REORDERED = 32
# A file that ends before its header says, by more than this share, is cut short.
_END_SLACK = 0.02
# A gap of more than this many usual lengths at the end of a file that is cut short is a lost picture.
_HOLE_LENGTHS = 1.5


@dataclass(frozen=True)
class MovieIndex:
    """The pictures of a movie in presentation order. Times are in ticks of the stream's clock.

    picture_count: how many can be read.
    times: int64 (picture_count,), rising, where decoded pictures carry the very same times; None where the file
    gives no such times, and its pictures can only be counted.
    keys: int64, rising, the times of pictures at which decoding may begin; empty where seeking is not safe.
    packet_times: the time of each packet, by its place: after a seek some demuxers time the same packet otherwise.
    None where places are shared.
    length: from the first picture to the end. ticks_per_frame, fps: None if no rate is known.
    first_picture: as decoded.
    cut_short: how the file is, "" if it is whole. undecodable_count: pictures that are there but left out.
    """

    picture_count: int
    times: np.ndarray | None
    keys: np.ndarray
    packet_times: dict[PacketPlace, int] | None
    length: int
    ticks_per_frame: Fraction | None
    fps: Fraction | None
    first_picture: VideoFrame
    cut_short: str
    undecodable_count: int


class _Packet(NamedTuple):
    time: int | None
    decode_time: int | None
    length: int
    is_key: bool
    is_shown: bool
    place: PacketPlace


def index_movie(path: Path) -> MovieIndex:
    """Read through the file once. Only its first pictures are decoded, if its packets say when each is shown.

    Raises InputError: unreadable-source, not-a-video, no-frames.
    """
    container, stream = open_movie(path)
    with container:
        packets, cut_short = _read_packets(container, stream)
        fps = Fraction(stream.guessed_rate) if stream.guessed_rate else None
        ticks_per_frame = 1 / (fps * Fraction(stream.time_base)) if fps and stream.time_base else None
        # AVI has no times of presentation; where pictures are reordered, libav guesses.
        has_guessed_times = container.format.name == "avi" and stream.codec_context.has_b_frames
        stated_length = 0 if cut_short else stream.duration or 0
    container, stream = open_movie(path)
    with container:
        pictures = decoded(container, stream)
        first_picture = next(pictures, None)
        if first_picture is None:
            raise InputError("no-frames", f"No frame of the movie {path} can be decoded.", "The file may be damaged.")
        probed = [first_picture.pts, *(picture.pts for picture in islice(pictures, _PROBED_PICTURES))]
    shown = [packet for packet in packets if packet.is_shown]
    times = _shown_times(shown, bool(cut_short), first_picture.pts)
    if times is not None and not _carry_times(probed, times, has_guessed_times):
        times = None
    picture_count = _count_pictures(path) if times is None else len(times)
    length = 0
    if times is not None:
        last_length = next(packet.length for packet in shown if packet.time == times[-1])
        length = stated_length or int(times[-1] - times[0]) + last_length
    packet_times = {packet.place: packet.time for packet in packets if packet.time is not None}
    has_own_places = len(packet_times) == len(packets)
    keys = sorted(packet.time for packet in shown if packet.is_key and packet.time is not None)
    return MovieIndex(
        picture_count=picture_count,
        times=times,
        keys=np.array(keys if has_own_places else [], np.int64),
        packet_times=packet_times if has_own_places else None,
        length=length,
        ticks_per_frame=ticks_per_frame,
        fps=fps,
        first_picture=first_picture,
        cut_short=cut_short,
        undecodable_count=0 if cut_short else max(0, len(shown) - picture_count),
    )


def _read_packets(container: InputContainer, stream: VideoStream) -> tuple[list[_Packet], str]:
    """The stream's packets in file order, and how the file is cut short, if it is."""
    packets: list[_Packet] = []
    ends: dict[int, int] = {}
    count, is_whole, failure = 0, True, ""
    try:
        for packet in container.demux():
            if packet.pts is not None:
                end = packet.pts + (packet.duration or 0)
                ends[packet.stream_index] = max(end, ends.get(packet.stream_index, end))
            if packet.stream_index != stream.index or is_end(packet):
                continue
            count += 1
            is_whole = not packet.is_corrupt
            if packet.size:
                packets.append(
                    _Packet(
                        packet.pts,
                        packet.dts,
                        packet.duration or 0,
                        packet.is_keyframe,
                        not packet.is_discard,
                        place_of(packet),
                    )
                )
    except (av.FFmpegError, OSError) as error:
        failure = getattr(error, "strerror", None) or str(error)
    if failure:
        return packets, f"reading it stops ({failure})"
    if not is_whole:
        return packets[:-1], "its last frame is not whole"
    seconds = [float(end * (container.streams[index].time_base or 0)) for index, end in ends.items()]
    return packets, _missing_end(container, stream, count, max(seconds, default=0.0))


def _missing_end(container: InputContainer, stream: VideoStream, count: int, end: float) -> str:
    """What the header announces and the file does not have; "" if that is nothing, or the header does not say.

    count: the packets that are there. end: the latest time of any stream, in seconds.
    """
    kind = container.format.name
    if "mp4" in kind and count < stream.frames:
        return f"its header announces {stream.frames - count} more frames"
    stated_end = 0.0
    if "matroska" in kind:
        stated_end = (container.duration or 0) / av.time_base
    elif kind == "avi" and stream.time_base:
        stated_end = float(stream.frames * stream.time_base)  # repeated frames count, but have no packet
    return f"it ends after {end:.1f} of {stated_end:.1f} seconds" if end < stated_end * (1.0 - _END_SLACK) else ""


def _shown_times(shown: list[_Packet], is_cut_short: bool, first: int | None) -> np.ndarray | None:
    """The packets' times in presentation order, from that of the first decoded picture on: int64 (pictures,).
    None if times are missing, doubled or jump."""
    known = [packet.time for packet in shown if packet.time is not None]
    if first is None or not known or len(known) < len(shown):
        return None
    in_file = np.array(known, np.int64)
    order = np.argsort(in_file, kind="stable")
    times = in_file[order]
    if np.any(np.diff(times) == 0) or np.abs(order - np.arange(len(order))).max() > _MOST_REORDERED:
        return None
    times = times[np.searchsorted(times, first) :]
    if is_cut_short:
        decode_times = [packet.decode_time for packet in shown if packet.decode_time is not None]
        times = _up_to_first_hole(times, max(decode_times, default=first))
    return times if len(times) else None


def _carry_times(probed: list[int | None], times: np.ndarray, without_gap: bool) -> bool:
    """Whether the first decoded pictures carry the first of these times, in their order. A picture may be missing,
    since it may be damaged, unless without_gap."""
    carried = [time for time in probed if time is not None and time <= times[-1]]
    if without_gap:
        return carried == list(times[: len(carried)])
    return bool(np.all(np.diff(carried) > 0)) and bool(np.all(np.isin(carried, times)))


def _up_to_first_hole(times: np.ndarray, last_decode_time: int) -> np.ndarray:
    """The times before the first one that is lost with the end of the file. No picture is shown before it is
    decoded, so only beyond the last decode time one can be missing."""
    if len(times) < 2:
        return times
    lengths = np.diff(times)
    is_hole = (times[:-1] >= last_decode_time) & (lengths > _HOLE_LENGTHS * np.percentile(lengths, 25))
    holes = np.flatnonzero(is_hole)
    return times[: holes[0] + 1] if len(holes) else times


def _count_pictures(path: Path) -> int:
    container, stream = open_movie(path)
    with container:
        return sum(1 for _ in decoded(container, stream))
