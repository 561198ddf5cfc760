"""A strip in colour: hints followed, chroma predicted at working size, steadied, and put onto the footage."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from functools import cache, lru_cache, partial
from typing import NamedTuple

import cv2
import numpy as np
import torch

from .chroma_detail import DETAIL_SIZE, Chroma, chroma_detail, with_detail
from .chroma_noise import without_noise
from .color import ab_from_srgb, lightness_from_srgb, recolor
from .colorizer import Colorizer
from .contradiction import uncontradicted
from .face_finding import FoundFace
from .flow import motion_shape
from .frame_store import keep
from .hint_reach import hinted_share, kept_share
from .hint_tracking import HintTracker, stroked_keyframes
from .hints import HintTrack
from .interpolation import PREDICTED_EVERY, Side, interpolated, predicted_around
from .job import Settings
from .leading import GATE_POWER, SURE, leading_places
from .nets.exemplar import Exemplar
from .noted_footage import NotedFootage
from .overlap import overlapped
from .prediction_pool import finisher_count, prediction_pool, worker_count
from .raster import rasterize
from .reduced_shape import reduced_shape
from .shading import log_chroma_room
from .skin import on_features
from .steadiness import STEADY_REACH, Looks, Motions, steady_correction, steady_look
from .strip_faces import StripFaces
from .strip_motion import Footage, StripMotion
from .transfer import Anchor, Evidence, StripTransfer, same_picture
from .transfer_network import TransferNetwork
from .transfer_paths import AnchorPaths
from .transferred import Transferred

# How far keyframes' sure colours count beside what the frame's own hints say. On four clips with 20 hints on three
# frames 0.3 to 1 are within 0.05 dB, and 0.1 dB better than leading the colorizer by them.
_KEYFRAMES_SHARE = 0.7
# Where these have few colours, which may be kept to their things on keyframes, it is all: followed hints are not.
_KEYFRAMES_SHARE_OF_FEW = 1.0
# How much a hint counts that was followed from a keyframe, beside a stroke on the frame itself: 0.1 dB on these clips
# from 0.5 down to 0.08.
_FOLLOWED = 0.25
# Keyframes that frames are followed to: those around a frame, and around what steadiness looks at.
_PATHS_KEPT = 4
# Frames whose lightness is measured at once, in threads of their own.
_SEEN_AHEAD = 2
# Keyframes whose strokes are recalled.
_STROKED_KEPT = 4
# More than one frame depends on, and are read ahead of it.
_FRAMES_KEPT = 24


class _Colored(NamedTuple):
    """A source frame with its L*, float32 (H, W). chroma: waits for its final one."""

    number: int
    rgb: np.ndarray
    lightness: np.ndarray
    chroma: Callable[[], Chroma]


class StripColorizer:
    """Colours any stretch of one strip; stretches asked for in ascending order share what they have in common.

    A frame's colours depend on the footage, the hints, the references, the settings and the networks alone, not on
    where a stretch begins. Memory does not grow with the strip's length.
    """

    def __init__(
        self,
        footage: Footage,
        width: int,
        height: int,
        colorizer: Colorizer,
        track: HintTrack,
        settings: Settings,
        references: Mapping[int, np.ndarray] | None = None,
        *,
        still: bool = False,
    ) -> None:
        """width, height: of the footage's frames, in pixels. references: source frame → picture in colour, uint8 or
        uint16 (height, width, 3) sRGB: that frame, or any other picture. still: whether the footage is one picture, for
        which there is time to look at it twice."""
        self._colorizer = colorizer
        self._settings = settings
        self._still = still
        self._shape = reduced_shape(width, height, settings.working_size)
        self._strokes = {keyframe.frame: keyframe.strokes for keyframe in stroked_keyframes(track)}
        # Anchors are seen by each of their neighbours: their lightness is asked for again and again.
        anchors = {*self._strokes, *(references or {})}
        self._footage = NotedFootage(footage, anchors, lambda rgb: self._small(lightness_from_srgb(rgb)))
        self._motion = StripMotion(self._footage, motion_shape(width, height))
        self._faces = StripFaces(colorizer.finder, self._motion)
        paths = lru_cache(_PATHS_KEPT)(lambda keyframe: AnchorPaths(self._motion, keyframe, fine=False))
        self._hints = HintTracker(track, self._motion, paths, self._shape, self._on_features)
        detail_shape = reduced_shape(width, height, max(DETAIL_SIZE, settings.working_size))
        self._references = {
            number: self._picture(picture, detail_shape) for number, picture in (references or {}).items()
        }
        # Of a reference some colours are told as hints are.
        places = leading_places(self._shape)
        self._exemplars = [colorizer.remember(one.lightness, one.ab, places) for one in self._references.values()]
        self._stroked = lru_cache(_STROKED_KEPT)(self._remember_strokes)
        self._network = load_transfer_network(colorizer.device)
        self._transfer = StripTransfer(
            self._motion, self._shape, self._network, sorted(self._strokes), self._keyframe,
            self._references, self._reference, paths,
        )  # fmt: skip
        self._reach = STEADY_REACH if settings.temporal_strength > 0.0 else 0
        self._running: dict[int, Future[Chroma]] = {}
        # Of the frames predicted last: their chroma, what steadiness looks at, and what it makes of it.
        self._chroma: OrderedDict[int, Chroma] = OrderedDict()
        self._looks: OrderedDict[int, np.ndarray] = OrderedDict()
        self._steadied: OrderedDict[int, Future[Chroma]] = OrderedDict()
        self._averaging = ThreadPoolExecutor(1, "steadiness")
        # From the frames between predicted ones that were read last, the ways to the predicted ones on both sides.
        self._ways: OrderedDict[int, dict[int, np.ndarray]] = OrderedDict()

    def render(self, first: int, last: int) -> Iterator[np.ndarray]:
        """Frames first..last, both included, in colour, in their own dtype; fewer where the footage ends."""
        return overlapped(self._at_full_size, self._colored(first, last), finisher_count())

    def _colored(self, first: int, last: int) -> Iterator[_Colored]:
        waiting: dict[int, tuple[np.ndarray, np.ndarray]] = {}
        unbegun: dict[int, np.ndarray] = {}
        # A frame waits for what it depends on, and until the pool has more to do meanwhile.
        ahead = (worker_count(self._colorizer.device) - 1) * (PREDICTED_EVERY if self._reach else 1)
        start, end = max(0, self._depends_on(first)[0]), self._depends_on(last)[1]
        frames = overlapped(_with_lightness, self._footage.read(start, end), _SEEN_AHEAD)
        # Closed here whatever happens: left to the garbage collector, it would wait for its threads in anyone's.
        with prediction_pool(self._colorizer.device) as pool, closing(frames):
            for number, (rgb, lightness) in enumerate(frames, start):
                self._motion.see(number, lightness)
                unbegun[number] = self._small(lightness)
                if first <= number <= last:
                    waiting[number] = rgb, lightness
                if self._reach and number not in predicted_around(number):
                    continue
                self._begin(unbegun, pool)
                unbegun = {}
                for ready in [frame for frame in waiting if self._depends_on(frame)[1] + ahead <= number]:
                    yield self._finished(ready, *waiting.pop(ready))
            self._begin(unbegun, pool)
            for ready in list(waiting):
                yield self._finished(ready, *waiting.pop(ready))

    def _depends_on(self, frame: int) -> tuple[int, int]:
        """The first and the last of the frames that a frame's colours may depend on."""
        if not self._reach:
            return frame, frame
        before, after = predicted_around(frame)
        return before - STEADY_REACH, after + STEADY_REACH

    def _begin(self, frames: Mapping[int, np.ndarray], pool: ThreadPoolExecutor) -> None:
        """Have frames predicted, unless a stretch before has done so, or find the ways to those that are. frames: their
        L* at working size, float32 (H, W), up to one that is to be predicted, or to the footage's end."""
        for number, lightness in frames.items():
            ways = self._ways_to_predicted(number, frames)
            if ways:
                keep(self._ways, number, ways, _FRAMES_KEPT)
            elif number not in self._chroma and number not in self._running:
                self._running[number] = self._begin_prediction(number, lightness, pool)

    def _ways_to_predicted(self, number: int, read: Container[int]) -> dict[int, np.ndarray]:
        """The ways from a frame to the predicted ones on both sides, by their numbers; empty if it is to be predicted
        itself: as one of these, and where a cut, a keyframe, a reference or the footage's end is as near. read: the
        frames from there on that the footage has."""
        sides = predicted_around(number)
        known = any(sides[0] <= one <= sides[1] for one in (*self._strokes, *self._references))
        if not self._reach or number in sides or sides[1] not in read or known:
            return {}
        ways = {side: self._motion.way(number, side) for side in sides}
        whole = {side: way for side, way in ways.items() if way is not None}
        return whole if len(whole) == len(sides) else {}

    def _begin_prediction(self, number: int, lightness: np.ndarray, pool: ThreadPoolExecutor) -> Future[Chroma]:
        """The chroma of a frame as the networks predict it, or as it is known. lightness: at working size."""
        known = None
        if number in self._references:
            known = self._transfer.reference(number).chroma
        elif number in self._strokes:
            known = self._transfer.keyframe(number)
        if known is not None:
            chroma = self._with_strokes(number, known)
            return pool.submit(lambda: chroma)
        hint_ab, mask = self._hints.at(number)
        evidence = self._transfer.evidence(number, log_chroma_room(lightness))
        strokes = [self._stroked(keyframe) for keyframe in evidence.keyframes]
        faces = self._faces_on(number, evidence)
        of_hints = _smallness(strokes), _FOLLOWED, strokes
        return pool.submit(self._predict, lightness, hint_ab, mask, evidence, faces, *of_hints)

    def _faces_on(self, number: int, evidence: Evidence) -> list[FoundFace] | None:
        """The faces on a frame that are to have a colour of skin if no hint is on them; None: those that the colorizer
        finds."""
        if self._still:
            return None
        if evidence.remembered and not evidence.support:
            return []
        return self._faces.at(number)

    def _on_features(self, keyframe: int, hint_ab: np.ndarray, mask: np.ndarray) -> np.ndarray:
        """Which of a keyframe's hints are meant for lips or eyes alone: too small to follow surely; its colours have
        them."""
        hints = torch.from_numpy(hint_ab).movedim(-1, 0)
        return on_features(self._faces.at(keyframe), hints, torch.from_numpy(mask).float()).numpy()

    def _predict(
        self,
        lightness: np.ndarray,
        hint_ab: np.ndarray,
        mask: np.ndarray,
        evidence: Evidence,
        faces: Sequence[FoundFace] | None,
        small: float | None = None,
        sureness: float = 1.0,
        strokes: Sequence[Exemplar] = (),
    ) -> Chroma:
        """A frame's chroma. faces: of `_faces_on`. small, sureness: of the hints. strokes: recalled of keyframes."""
        exemplars = [*self._exemplars, *strokes]
        transferred = evidence.answer(self._network, lightness)
        saturation = self._settings.saturation
        if transferred is None or evidence.support:
            ab = self._colorizer.predict(
                lightness, hint_ab, mask, saturation=saturation, sureness=sureness, mirrored=self._still,
                exemplars=exemplars, small=small, faces=faces,
            )  # fmt: skip
            if transferred is None:
                return Chroma(ab)
            share = _share_of_keyframes(strokes) * transferred.confidence
            # Both are guesses, and the mean errs less; but hints that were lost on the way tell one of them alone.
            share = 1.0 - (1.0 - share) * kept_share(lightness, mask, evidence.reached)
            return _drawn_to(transferred, ab, share)._replace(sureness=transferred.confidence)
        transferred = uncontradicted(lightness, hint_ab, mask, transferred, evidence.heard)
        # What is sure leads as hints do, so that it spreads to what is not; the rest is mixed by how sure it is.
        leads = leading_places(self._shape) & (transferred.confidence > SURE)
        trusted = transferred._replace(confidence=transferred.confidence**GATE_POWER, leads=leads)
        ab = self._colorizer.predict(
            lightness, hint_ab, mask, saturation=saturation, transferred=trusted, mirrored=self._still,
            exemplars=exemplars,
        )  # fmt: skip
        drawn = _drawn_to(transferred, ab, transferred.confidence * ~mask)
        return drawn._replace(sureness=transferred.confidence)

    def _reference(self, number: int) -> Anchor:
        """The colours of the frame that a reference stands on: its own, or, where it is another picture, colours like
        its."""
        lightness, reference = self._footage.note(number), self._references[number]
        if same_picture(reference.lightness, lightness):
            return Anchor(lightness, reference.ab, detail=reference.detail)
        nothing = np.zeros((*self._shape, 2), np.float32), np.zeros(self._shape, bool)
        return Anchor(lightness, self._predict(lightness, *nothing, self._transfer.likeness(), []).ab)

    def _keyframe(self, number: int, other: int | None) -> Anchor:
        """A keyframe's colours, told by its strokes, by those of another keyframe next to it, and by references."""
        if number in self._references:
            reference = self._transfer.reference(number)
            chroma = self._with_strokes(number, reference.chroma)
            return Anchor(reference.lightness, chroma.ab, detail=chroma.detail)
        lightness = self._footage.note(number)
        hint_ab, mask = self._hints.told(number, other)
        evidence = self._transfer.from_references(number, log_chroma_room(lightness))
        # Its own strokes': with what is left of followed ones a face would pass for a larger thing.
        faces = self._faces_on(number, evidence)
        chroma = self._predict(lightness, hint_ab, mask, evidence, faces, self._stroked(number).small)
        return Anchor(lightness, chroma.ab, hinted_share(lightness, mask), chroma.detail)

    def _remember_strokes(self, number: int) -> Exemplar:
        """What other frames may recall of a keyframe by its own strokes."""
        strokes = rasterize(self._strokes[number], self._shape[1], self._shape[0])
        return self._colorizer.remember(self._footage.note(number), *strokes)

    def _with_strokes(self, number: int, chroma: Chroma) -> Chroma:
        strokes = self._strokes.get(number, ())
        hint_ab, mask = rasterize(strokes, self._shape[1], self._shape[0])
        detail = chroma.detail
        if detail is not None:
            detail = detail * ~rasterize(strokes, detail.shape[1], detail.shape[0])[1][..., None]
        return Chroma(np.where(mask[..., None], hint_ab, chroma.ab), detail)

    def _picture(self, picture: np.ndarray, detail_shape: tuple[int, int]) -> Anchor:
        """A picture in colour, uint8 or uint16 (height, width, 3) sRGB."""
        lightness, ab = lightness_from_srgb(picture), ab_from_srgb(picture)
        size = detail_shape[::-1]
        fine_ab, fine = (cv2.resize(plane, size, interpolation=cv2.INTER_AREA) for plane in (ab, lightness))
        small = self._small(ab)
        return Anchor(self._small(lightness), small, detail=chroma_detail(fine_ab, fine, small))

    def _small(self, picture: np.ndarray) -> np.ndarray:
        return cv2.resize(picture, self._shape[::-1], interpolation=cv2.INTER_AREA)

    def _finished(self, number: int, rgb: np.ndarray, lightness: np.ndarray) -> _Colored:
        """The frame, all that it depends on being read."""
        self._take_predictions(self._depends_on(number)[1])
        ways = self._ways.pop(number, None)
        if ways is None:
            return _Colored(number, rgb, lightness, self._steady(number).result)
        sides = [(self._steady(side), way, abs(side - number)) for side, way in ways.items()]
        return _Colored(number, rgb, lightness, partial(_between, sides))

    def _take_predictions(self, last: int) -> None:
        """Put the predictions of frames up to `last` in store, in order."""
        for number in sorted(number for number in self._running if number <= last):
            chroma = self._running.pop(number).result()
            keep(self._chroma, number, chroma, _FRAMES_KEPT)
            keep(self._looks, number, steady_look(chroma, self._motion.picture(number)), _FRAMES_KEPT)

    def _steady(self, number: int) -> Future[Chroma]:
        """A predicted frame's final chroma. References stay as they are; nothing is taken from a keyframe or from
        beyond it, so that a frame depends on the keyframes on both sides alone."""
        if number not in self._steadied:
            before, after = self._transfer.around(number)
            looks = {
                other: look
                for other, look in self._looks.items()
                if before < other < after and abs(other - number) <= self._reach
            }
            if number in self._references:
                looks = {number: self._looks[number]}
            motions = {other: self._motion.between(other) for other in range(min(looks), max(looks))}
            of_all = looks, motions, self._settings.temporal_strength
            steadied = self._averaging.submit(_steadied, self._chroma[number], number, *of_all)
            keep(self._steadied, number, steadied, _FRAMES_KEPT)
        return self._steadied[number]

    def _at_full_size(self, frame: _Colored) -> np.ndarray:
        ab = with_detail(frame.chroma(), frame.lightness)
        if frame.number in self._strokes:
            height, width = frame.lightness.shape
            hint_ab, mask = rasterize(self._strokes[frame.number], width, height)
            ab = np.where(mask[..., None], hint_ab, ab)
        return recolor(frame.rgb, ab)


def _steadied(chroma: Chroma, number: int, looks: Looks, motions: Motions, strength: float) -> Chroma:
    """A predicted frame's chroma as the mean with its neighbours', and what was carried without its noise."""
    ab, size = chroma.ab, chroma.ab.shape[1::-1]
    if len(looks) > 1:
        correction = steady_correction(number, looks, motions, strength)
        ab = ab + cv2.resize(correction, size, interpolation=cv2.INTER_LINEAR)
    if chroma.sureness is not None:
        lightness = cv2.resize(looks[number][..., 0], size, interpolation=cv2.INTER_LINEAR)
        ab = without_noise(ab, lightness, chroma.sureness)
    return chroma._replace(ab=ab)


def _between(sides: Sequence[tuple[Future[Chroma], np.ndarray, int]]) -> Chroma:
    """As `interpolated`, once both sides' chroma is known."""
    one, other = (Side(chroma.result(), way, distance) for chroma, way, distance in sides)
    return interpolated((one, other))


def _smallness(strokes: Sequence[Exemplar]) -> float | None:
    """How small the things are that keyframes' strokes are on, 0..1; None where there are none."""
    return sum(one.small for one in strokes) / len(strokes) if strokes else None


def _share_of_keyframes(strokes: Sequence[Exemplar]) -> float:
    """How far keyframes' sure colours count, 0..1."""
    few = sum(one.few for one in strokes) / len(strokes) if strokes else 0.0
    return _KEYFRAMES_SHARE + few * (_KEYFRAMES_SHARE_OF_FEW - _KEYFRAMES_SHARE)


def _with_lightness(rgb: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return rgb, lightness_from_srgb(rgb)


def _drawn_to(transferred: Transferred, ab: np.ndarray, share: np.ndarray) -> Chroma:
    """ab, float32 (H, W, 2), and of transferred colours that share, float32 (H, W), in its place."""
    detail = transferred.detail
    if detail is not None:
        fine_share = cv2.resize(share, detail.shape[1::-1], interpolation=cv2.INTER_LINEAR)
        detail = detail * cv2.merge((fine_share, fine_share))
    # Both planes in one array: numpy takes four times as long to spread one over two.
    return Chroma(ab + cv2.merge((share, share)) * (transferred.ab - ab), detail)


@cache
def load_transfer_network(device: str) -> TransferNetwork:
    """The shipped transfer network, loaded once a process."""
    return TransferNetwork.load(device)


def steady_reach(settings: Settings) -> int:
    """How many frames on either side a frame's colours depend on."""
    return STEADY_REACH + PREDICTED_EVERY - 1 if settings.temporal_strength > 0.0 else 0
