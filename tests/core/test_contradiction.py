"""Hints against transferred colours: who is believed where they differ."""

from __future__ import annotations

import cv2
import numpy as np
import skimage.data

from core.color import ab_from_srgb, lightness_from_srgb
from core.contradiction import uncontradicted
from core.evaluation.clip_protocol import given, read_clips
from core.frames.sink import encode_png, write_whole
from core.hints import HintTrack
from core.job import Settings
from core.pipeline import colorize_frames
from core.transferred import Transferred

SHAPE = 256, 384
GREEN, RED = (-30.0, 20.0), (40.0, 20.0)
EVERYWHERE = np.full(SHAPE, 0.9, np.float32)


def plane(color: tuple[float, float]) -> np.ndarray:
    return np.broadcast_to(np.float32(color), (*SHAPE, 2)).copy()


def two_things() -> np.ndarray:
    """L*: a dark thing on the left, a light one on the right."""
    lightness = np.full(SHAPE, 30.0, np.float32)
    lightness[:, 192:] = 80.0
    return lightness


def dot(x: int) -> np.ndarray:
    mask = np.zeros(SHAPE, bool)
    mask[125:132, x - 3 : x + 4] = True
    return mask


def doubted(hint: tuple[float, float], brought: np.ndarray, mask: np.ndarray, heard: float = 1.0) -> np.ndarray:
    """The share of the confidence that is lost, (256, 384)."""
    left = uncontradicted(two_things(), plane(hint), mask, Transferred(brought, EVERYWHERE), heard)
    assert np.array_equal(left.ab, brought)
    return 1.0 - left.confidence / EVERYWHERE


def test_a_hint_of_another_colour_takes_the_confidence_of_what_it_lies_on_and_not_of_the_thing_beside_it() -> None:
    lost = doubted(RED, plane(GREEN), dot(96))
    assert lost[64:192, 48:144].min() > 0.9
    assert lost[:, 208:].max() < 0.15


def test_a_hint_of_the_same_colour_takes_nothing() -> None:
    assert doubted(GREEN, plane(GREEN), dot(96)).max() < 1e-6


def test_a_dot_on_two_things_that_has_their_mean_colour_contradicts_neither() -> None:
    brought = plane(GREEN)
    brought[:, 192:] = RED
    mask = dot(192)
    mean = tuple(float(value) for value in brought[mask].mean(0))
    assert doubted(mean, brought, mask).max() < 0.4  # type: ignore[arg-type]


def test_what_may_not_be_heard_takes_nothing_and_half_heard_half() -> None:
    full, half = (doubted(RED, plane(GREEN), dot(96), heard) for heard in (1.0, 0.5))
    np.testing.assert_allclose(half, 0.5 * full, atol=1e-6)
    assert not doubted(RED, plane(GREEN), dot(96), 0.0).any()


def test_strokes_mend_around_them_what_a_wrong_reference_says(tmp_path) -> None:
    photograph = cv2.resize(skimage.data.coffee(), (300, 200), interpolation=cv2.INTER_AREA)
    for number in range(13):
        write_whole(tmp_path / f"{number:03d}.png", encode_png(photograph[60:156, 40 + number : 168 + number].copy()))
    (clip,) = read_clips(tmp_path)
    told = given(clip, "corrected")
    middle = told.hints.keyframes[0].frame

    def error(hints: HintTrack) -> float:
        settings = Settings(device="cpu", working_size=128, saturation=0.0)
        frames = list(colorize_frames(clip.grey, hints, told.references, settings))
        return float(np.linalg.norm(ab_from_srgb(frames[middle]) - ab_from_srgb(clip.truth[middle]), axis=-1).mean())

    assert error(told.hints) < 0.75 * error(HintTrack())


def test_the_reference_of_the_corrected_setting_has_other_hues_and_the_same_lightness(tmp_path) -> None:
    picture = cv2.resize(skimage.data.coffee(), (96, 64), interpolation=cv2.INTER_AREA)
    for number in range(3):
        write_whole(tmp_path / f"{number}.png", encode_png(picture))
    (clip,) = read_clips(tmp_path)
    told = given(clip, "corrected")
    reference, truth = told.references[0], clip.truth[0]
    changed = lightness_from_srgb(reference) - lightness_from_srgb(truth)
    assert np.abs(changed).max() < 100.0 / 255.0
    a, b = np.moveaxis(ab_from_srgb(truth), -1, 0)
    assert np.mean(np.abs(ab_from_srgb(reference) - np.stack((-b, a), -1))) < 5.0
    assert [keyframe.frame for keyframe in told.hints.keyframes] == [1]
