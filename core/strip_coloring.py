"""A strip in colour: hints followed, chroma predicted at working size, steadied, and put onto the footage."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cache, lru_cache
from typing import NamedTuple

import cv2
import numpy as np

from .chroma_detail import DETAIL_SIZE, Chroma, chroma_detail, with_detail
from .color import ab_from_srgb, lightness_from_srgb, recolor
from .colorizer import Colorizer, Transferred
from .contradiction import uncontradicted
from .flow import Motion, motion_shape
from .hint_reach import hinted_share, kept_share
from .hint_tracking import HintTracker, stroked_keyframes
from .hints import HintTrack
from .interpolation import PREDICTED_EVERY, Side, interpolated, predicted_around
from .job import Settings
from .leading import SURE, leading_places
from .nets.exemplar import Exemplar
from .noted_footage import NotedFootage
from .overlap import overlapped
from .prediction_pool import finisher_count, prediction_pool, worker_count
from .raster import rasterize
from .reduced_shape import reduced_shape
from .shading import log_chroma_room
from .steadiness import FAR, NEAR, STEADY_REACH, NearMean, near_mean, steady_correction, steady_look
from .strip_motion import Footage, StripMotion
from .transfer import Anchor, Evidence, StripTransfer, same_picture
from .transfer_network import TransferNetwork
from .transfer_paths import AnchorPaths

# How far keyframes' sure colours count beside what the frame's own hints say. On four clips with 20 hints on three
# frames 0.3 to 1 are within 0.05 dB, and 0.1 dB better than leading the colorizer by them.
_KEYFRAMES_SHARE = 0.7
# How much a hint counts that was followed from a keyframe, beside a stroke on the frame itself: 0.1 dB on these clips
# from 0.5 down to 0.08.
_FOLLOWED = 0.25
# Keyframes that frames are followed to: those around a frame, and around what steadiness looks at.
_PATHS_KEPT = 4
# Frames that are predicted at once, where not every one is.
_PREDICTED_AT_ONCE = 2
# Frames whose lightness is measured at once, in threads of their own.
_SEEN_AHEAD = 2
# Keyframes whose strokes are recalled.
_STROKED_KEPT = 4


class _Colored(NamedTuple):
    """A source frame with its L*, float32 (H, W), its chroma, and what makes it steady: `steady_look` of the frame and
    of those around it, empty where it stays as it is, the motion after each, and `near_mean` of those that count."""

    number: int
    rgb: np.ndarray
    lightness: np.ndarray
    chroma: Chroma
    looks: dict[int, np.ndarray]
    motions: dict[int, Motion]
    means: dict[int, Future[NearMean]]


class _Read(NamedTuple):
    """A frame that was read: its L* at working size, float32 (h, w), and `log_chroma_room` of that."""

    number: int
    lightness: np.ndarray
    room: np.ndarray


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
        paths = lru_cache(_PATHS_KEPT)(lambda keyframe: AnchorPaths(self._motion, keyframe, fine=False))
        self._hints = HintTracker(track, self._motion, paths, self._shape)
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
        self._reach = steady_reach(settings)
        # Of the frames seen last: their chroma, and what the steadiness looks at and makes of it.
        self._chroma: OrderedDict[int, Chroma] = OrderedDict()
        self._looks: OrderedDict[int, np.ndarray] = OrderedDict()
        self._means: OrderedDict[tuple[int, int, int], Future[NearMean]] = OrderedDict()
        self._averaging = ThreadPoolExecutor(1, "steadiness")
        self._running: dict[int, Future[Chroma]] = {}
        # The last frame that was to be predicted, and those that were read since.
        self._unbegun: list[_Read] = []
        self._interpolating = ThreadPoolExecutor(1, "interpolation")

    def render(self, first: int, last: int) -> Iterator[np.ndarray]:
        """Frames first..last, both included, in colour, in their own dtype; fewer where the footage ends."""
        return overlapped(self._at_full_size, self._colored(first, last), finisher_count())

    def _colored(self, first: int, last: int) -> Iterator[_Colored]:
        waiting: dict[int, tuple[np.ndarray, np.ndarray]] = {}
        start, end = first, last
        # A frame is ready when its last neighbour is predicted; meanwhile the pool has the next ones.
        behind = self._reach + worker_count(self._colorizer.device)
        if self._reach:
            start, end = predicted_around(max(0, first - self._reach))[0], predicted_around(last + self._reach)[1]
            behind = self._reach + _PREDICTED_AT_ONCE * PREDICTED_EVERY + PREDICTED_EVERY - 1
        self._unbegun = []
        with prediction_pool(self._colorizer.device) as pool:
            frames = overlapped(_with_lightness, self._footage.read(start, end), _SEEN_AHEAD)
            for number, (rgb, lightness) in enumerate(frames, start):
                self._motion.see(number, lightness)
                small = self._small(lightness)
                self._unbegun.append(_Read(number, small, log_chroma_room(small)))
                if not self._reach or number in predicted_around(number):
                    self._begin(pool)
                if first <= number <= last:
                    waiting[number] = rgb, lightness
                ready = number - behind
                if ready in waiting:
                    yield self._with_neighbours(ready, *waiting.pop(ready))
            self._begin(pool)
            for number in list(waiting):
                yield self._with_neighbours(number, *waiting.pop(number))

    def _begin(self, pool: ThreadPoolExecutor) -> None:
        """Have the chroma of the frames read made, unless a stretch before has done so."""
        between = []
        for frame in self._unbegun:
            if frame.number in self._chroma or frame.number in self._running:
                continue
            ways = self._ways_to_predicted(frame.number)
            if ways:
                between.append((frame, ways))
            else:
                self._running[frame.number] = self._begin_prediction(frame, pool)
        rooms = {frame.number: frame.room for frame in self._unbegun}
        for frame, ways in between:
            sides = [
                (self._made(number), rooms[number], way, abs(number - frame.number)) for number, way in ways.items()
            ]
            self._running[frame.number] = self._interpolating.submit(_between, frame.room, sides)
        self._unbegun = self._unbegun[-1:]

    def _ways_to_predicted(self, number: int) -> dict[int, np.ndarray]:
        """The ways from a frame to the predicted ones on both sides, by their numbers; empty if it is to be predicted
        itself: as one of these, and where a cut, a keyframe, a reference or the footage's end is nearer."""
        sides = predicted_around(number)
        before, after = self._transfer.around(number)
        between_anchors = before < sides[0] and sides[1] < after
        if not self._reach or number in sides or sides[1] > self._unbegun[-1].number or not between_anchors:
            return {}
        if any(sides[0] <= reference <= sides[1] for reference in self._references):
            return {}
        ways = {side: self._motion.way(number, side) for side in sides}
        known = {side: way for side, way in ways.items() if way is not None}
        return known if len(known) == len(sides) else {}

    def _made(self, number: int) -> Future[Chroma]:
        """The chroma of a frame that was begun."""
        if number in self._running:
            return self._running[number]
        made: Future[Chroma] = Future()
        made.set_result(self._chroma[number])
        return made

    def _begin_prediction(self, frame: _Read, pool: ThreadPoolExecutor) -> Future[Chroma]:
        """The chroma of a frame as the networks predict it, or as it is known."""
        number, small, room = frame
        known = None
        if number in self._references:
            known = self._transfer.reference(number).chroma
        elif number in self._strokes:
            known = self._transfer.keyframe(number)
        if known is not None:
            chroma = self._with_strokes(number, known)
            return pool.submit(lambda: chroma)
        hint_ab, mask = self._hints.at(number)
        evidence = self._transfer.evidence(number, room)
        strokes = [self._stroked(keyframe) for keyframe in evidence.keyframes]
        of_hints = _smallness(strokes), _FOLLOWED, strokes
        return pool.submit(self._predict, small, hint_ab, mask, evidence, *of_hints)

    def _predict(
        self,
        lightness: np.ndarray,
        hint_ab: np.ndarray,
        mask: np.ndarray,
        evidence: Evidence,
        small: float | None = None,
        sureness: float = 1.0,
        strokes: Sequence[Exemplar] = (),
    ) -> Chroma:
        """A frame's chroma. small, sureness: of the hints. strokes: what is recalled of keyframes."""
        exemplars = [*self._exemplars, *strokes]
        transferred = evidence.answer(self._network, lightness)
        saturation = self._settings.saturation
        if transferred is None or evidence.support:
            ab = self._colorizer.predict(
                lightness, hint_ab, mask, saturation=saturation, sureness=sureness, mirrored=self._still,
                exemplars=exemplars, small=small,
            )  # fmt: skip
            if transferred is None:
                return Chroma(ab)
            share = _KEYFRAMES_SHARE * transferred.confidence
            # Both are guesses, and the mean errs less; but hints that were lost on the way tell one of them alone.
            share = 1.0 - (1.0 - share) * kept_share(lightness, mask, evidence.reached)
            return _drawn_to(transferred, ab, share)._replace(sureness=transferred.confidence)
        transferred = uncontradicted(lightness, hint_ab, mask, transferred, evidence.heard)
        # What is sure leads as hints do, so that it spreads to what is not; the rest is mixed by how sure it is.
        leads = leading_places(self._shape) & (transferred.confidence > SURE)
        # The gate learned from confidences that promise less than the transfer network's: squared, what is half sure
        # leads less.
        trusted = transferred._replace(confidence=transferred.confidence**2, leads=leads)
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
        return Anchor(lightness, self._predict(lightness, *nothing, self._transfer.likeness()).ab)

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
        chroma = self._predict(lightness, hint_ab, mask, evidence, self._stroked(number).small)
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

    def _take_predictions(self, last: int) -> None:
        """Put the predictions of frames up to `last` in store, in order."""
        for number in sorted(number for number in self._running if number <= last):
            chroma = self._running.pop(number).result()
            self._chroma[number] = chroma
            self._looks[number] = steady_look(chroma, self._motion.picture(number))
            for store in (self._chroma, self._looks):
                while len(store) > 2 * self._reach + 1:
                    store.popitem(last=False)

    def _with_neighbours(self, number: int, rgb: np.ndarray, lightness: np.ndarray) -> _Colored:
        """References stay as they are; nothing is taken from a keyframe or from beyond it, so that a frame depends on
        the keyframes on both sides alone."""
        self._take_predictions(number + self._reach)
        before, after = self._transfer.around(number)
        looks = {other: look for other, look in self._looks.items() if before < other < after}
        if not self._reach or number in self._references:
            looks = {}
        motions = {other: self._motion.between(other) for other in looks if other + 1 in looks}
        counting = [other for other in looks if abs(other - number) in (0, NEAR, FAR)]
        means = {other: self._near_mean((before, other, after), looks, motions) for other in counting}
        return _Colored(number, rgb, lightness, self._chroma[number], looks, motions, means)

    def _near_mean(
        self, between: tuple[int, int, int], looks: dict[int, np.ndarray], motions: dict[int, Motion]
    ) -> Future[NearMean]:
        """That of a frame whose near neighbours are all known, begun when the first frame asks for it. between: the
        keyframe from which on frames count, the frame, and the keyframe up to which they do."""
        if between not in self._means:
            strength, look_up = self._settings.temporal_strength, motions.__getitem__
            self._means[between] = self._averaging.submit(near_mean, between[1], looks, look_up, strength)
            while len(self._means) > 2 * self._reach + 1:
                self._means.popitem(last=False)
        return self._means[between]

    def _at_full_size(self, frame: _Colored) -> np.ndarray:
        ab = with_detail(frame.chroma._replace(ab=self._steady(frame)), frame.lightness)
        if frame.number in self._strokes:
            height, width = frame.lightness.shape
            hint_ab, mask = rasterize(self._strokes[frame.number], width, height)
            ab = np.where(mask[..., None], hint_ab, ab)
        return recolor(frame.rgb, ab)

    def _steady(self, frame: _Colored) -> np.ndarray:
        """The frame's final ab at working size."""
        if not frame.looks:
            return frame.chroma.ab
        means = {number: mean.result() for number, mean in frame.means.items()}
        strength = self._settings.temporal_strength
        correction = steady_correction(frame.number, frame.looks, means, frame.motions.__getitem__, strength)
        ab = frame.chroma.ab
        return ab + cv2.resize(correction, ab.shape[1::-1], interpolation=cv2.INTER_LINEAR)


def _between(room: np.ndarray, sides: Sequence[tuple[Future[Chroma], np.ndarray, np.ndarray, int]]) -> Chroma:
    """As `interpolated`, once both sides' chroma is known."""
    one, other = (Side(chroma.result(), there, way, distance) for chroma, there, way, distance in sides)
    return interpolated(room, (one, other))


def _smallness(strokes: Sequence[Exemplar]) -> float | None:
    """How small the things are that keyframes' strokes are on, 0..1; None where there are none."""
    return sum(one.small for one in strokes) / len(strokes) if strokes else None


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
    return STEADY_REACH if settings.temporal_strength > 0.0 else 0
