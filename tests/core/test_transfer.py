"""Colours carried through a strip from references and keyframes."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import skimage.data

from core.color import lightness_from_srgb
from core.colorizer import Colorizer
from core.hints import HintTrack, Keyframe, Stroke
from core.job import Settings
from core.strip_coloring import StripColorizer
from core.transfer import same_picture

from .moving_pictures import ListedFootage, error, grey

HEIGHT, WIDTH = 96, 128
SETTINGS = Settings(device="cpu", working_size=128, saturation=0.0)
RED = "#c03020"


@pytest.fixture(scope="module")
def colorizer() -> Colorizer:
    return Colorizer.load("two-tower", "cpu", working_size=128)


def pan(count: int, step: float = 1.0, name: str = "coffee") -> list[np.ndarray]:
    """uint8 (96, 128, 3): a colour photograph under a camera that moves right by `step` pixels a frame."""
    photograph = cv2.resize(getattr(skimage.data, name)(), (300, 200), interpolation=cv2.INTER_AREA)
    return [cv2.getRectSubPix(photograph, (WIDTH, HEIGHT), (100 + step * n, 100)) for n in range(count)]


def strip(
    colorizer: Colorizer,
    frames: list[np.ndarray],
    track: HintTrack | None = None,
    references: dict[int, np.ndarray] | None = None,
) -> StripColorizer:
    footage = ListedFootage(grey(frames))
    return StripColorizer(footage, WIDTH, HEIGHT, colorizer, track or HintTrack(), SETTINGS, references)


def test_a_reference_leads_its_shot_from_end_to_end(colorizer: Colorizer) -> None:
    frames = pan(20, 2.0)
    told = list(strip(colorizer, frames, references={10: frames[10]}).render(0, 19))
    for number in (0, 19):
        unaided = error(next(strip(colorizer, frames).render(number, number)), frames[number])
        assert error(told[number], frames[number]) < 0.5 * unaided


def test_a_keyframe_s_colours_do_not_cross_a_cut(colorizer: Colorizer) -> None:
    frames = pan(4, name="coffee") + pan(4, name="astronaut")
    red = HintTrack((Keyframe(1, (Stroke(RED, 0.05, ((0.2, 0.2), (0.8, 0.8))),)),))
    with_hint = list(strip(colorizer, frames, red).render(0, 7))
    without = list(strip(colorizer, frames).render(0, 7))
    assert error(with_hint[2], without[2]) > 5.0
    np.testing.assert_array_equal(with_hint[4:], without[4:])


def test_frames_recall_the_strokes_of_keyframes_in_their_shot_and_of_no_other(colorizer: Colorizer) -> None:
    frames = pan(14, 3.0)
    own = Keyframe(12, (Stroke("#808080", 0.02, ((0.9, 0.9),)),))
    # What is red on the first frame has left the picture on the last ones.
    red = Keyframe(0, (Stroke(RED, 0.04, ((0.02, 0.3), (0.1, 0.5))), Stroke("#808080", 0.02, ((0.8, 0.5),))))
    alone, with_red = (
        list(strip(colorizer, frames, HintTrack(track)).render(10, 11)) for track in ((own,), (red, own))
    )
    for with_it, without in zip(with_red, alone, strict=True):
        assert error(with_it, without) > 0.5
    cut = pan(4, name="astronaut") + frames[4:]
    after_a_cut = [list(strip(colorizer, cut, HintTrack(track)).render(10, 13)) for track in ((own,), (red, own))]
    np.testing.assert_array_equal(after_a_cut[0], after_a_cut[1])


def test_a_reference_of_another_shot_leads_where_it_is_like(colorizer: Colorizer) -> None:
    cup = pan(8, 2.0)
    frames = pan(4, name="astronaut") + cup[4:]
    reference = cup[0]
    told = list(strip(colorizer, frames, references={0: reference}).render(0, 7))
    unaided = list(strip(colorizer, frames).render(0, 7))
    assert error(told[6], frames[6]) < 0.7 * error(unaided[6], frames[6])


def test_frames_are_the_same_wherever_a_render_begins(colorizer: Colorizer) -> None:
    frames = pan(12)
    references = {2: frames[2], 9: frames[9]}
    whole = list(strip(colorizer, frames, references=references).render(0, 11))
    part = list(strip(colorizer, frames, references=references).render(6, 8))
    np.testing.assert_array_equal(whole[6:9], part)


def test_a_frame_in_colour_is_told_from_another_picture() -> None:
    first, later = (lightness_from_srgb(frame) for frame in pan(2, 30.0))
    assert same_picture(first, first)
    assert same_picture(first + 8.0, first)
    assert not same_picture(later, first)
