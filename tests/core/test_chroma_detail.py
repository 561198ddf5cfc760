"""What references' chroma has beyond working size."""

from __future__ import annotations

import cv2
import numpy as np

from core.chroma import upsample_chroma
from core.chroma_detail import CarriedDetail, Chroma, chroma_detail, with_detail
from core.color import ab_from_srgb, lightness_from_srgb, recolor
from core.colorizer import Colorizer
from core.hints import HintTrack, Keyframe, Stroke
from core.job import Settings
from core.strip_coloring import StripColorizer

from .moving_pictures import ListedFootage, grey

HEIGHT, WIDTH = 256, 384
WORKING = 128
COUNT = 6


def checked() -> tuple[np.ndarray, np.ndarray]:
    """ab and L* of red and green squares of 5 pixels that lightness hardly tells apart."""
    rows, columns = np.indices((HEIGHT, WIDTH)) // 5
    odd = ((rows + columns) % 2).astype(np.float32)
    return np.dstack((60.0 * odd - 30.0, 0.0 * odd + 20.0)), 50.0 + 2.0 * odd


def small(picture: np.ndarray) -> np.ndarray:
    return cv2.resize(picture, (WIDTH // 2, HEIGHT // 2), interpolation=cv2.INTER_AREA)


def moved(count: int) -> list[np.ndarray]:
    """uint8 (HEIGHT, WIDTH, 3): a textured ground with such squares under a camera that moves 2 pixels a frame."""
    rng = np.random.default_rng(5)
    wide = WIDTH + 2 * count
    ground = cv2.resize(rng.random((HEIGHT // 4, wide // 4), dtype=np.float32), (wide, HEIGHT)) * 60.0 + 20.0
    rows, columns = np.indices((HEIGHT, wide)) // 4
    odd = ((rows + columns) % 2).astype(np.float32)
    plain = np.dstack([np.clip(ground * 2.0, 0, 255).astype(np.uint8)] * 3)
    colored = recolor(plain, np.dstack((50.0 * odd - 25.0, 0.0 * odd)))
    return [np.ascontiguousarray(colored[:, 2 * n : 2 * n + WIDTH]) for n in range(count)]


def render(track: HintTrack, references: dict[int, np.ndarray], frames: list[np.ndarray]) -> list[np.ndarray]:
    colorizer = Colorizer.load("squeeze", "cpu", working_size=WORKING)
    settings = Settings(device="cpu", working_size=WORKING, saturation=0.0)
    strip = StripColorizer(ListedFootage(grey(frames)), WIDTH, HEIGHT, colorizer, track, settings, references)
    return list(strip.render(0, len(frames) - 1))


def contrast(frame: np.ndarray, truth: np.ndarray) -> float:
    """How much of the true squares' a the frame has, away from the edges."""
    inside = (slice(8, -8), slice(8, -24))
    found, true = ab_from_srgb(frame)[inside][..., 0], ab_from_srgb(truth)[inside][..., 0]
    return float((found * true).sum() / (true * true).sum())


def test_detail_gives_back_what_working_size_lost() -> None:
    ab, lightness = checked()
    detail = chroma_detail(ab, lightness, small(ab))
    assert detail is not None
    without = np.abs(upsample_chroma(small(ab), lightness) - ab).mean()
    assert np.abs(with_detail(Chroma(small(ab), detail), lightness) - ab).mean() < 0.1 * without


def test_faint_noise_is_no_detail() -> None:
    noise = np.random.default_rng(3).normal(0.0, 0.5, (HEIGHT, WIDTH, 2)).astype(np.float32)
    detail = chroma_detail(noise, np.full((HEIGHT, WIDTH), 50.0, np.float32), small(noise))
    assert detail is not None
    assert np.abs(detail).mean() < 0.2 * np.abs(noise).mean()


def test_a_picture_no_larger_than_working_size_has_none() -> None:
    ab, lightness = checked()
    assert chroma_detail(ab, lightness, ab) is None


def test_carried_detail_comes_from_where_the_flow_leads() -> None:
    detail = np.random.default_rng(4).normal(0.0, 9.0, (HEIGHT, WIDTH, 2)).astype(np.float32)
    flow = np.zeros((HEIGHT // 2, WIDTH // 2, 2), np.float32)
    flow[..., 0] = 3.0
    arrived = CarriedDetail(detail, flow).arrived()
    np.testing.assert_allclose(arrived[:, :-8], np.roll(detail, -6, 1)[:, :-8], atol=1e-3)


def test_fine_colours_of_a_reference_stay_fine_on_the_next_frames() -> None:
    frames = moved(COUNT)
    told = render(HintTrack(), {0: frames[0]}, frames)
    lightness, ab = lightness_from_srgb(frames[4]), ab_from_srgb(frames[4])
    coarse = cv2.resize(ab, (192, 128), interpolation=cv2.INTER_AREA)
    at_best = contrast(recolor(told[4], upsample_chroma(coarse, lightness)), frames[4])
    assert contrast(told[4], frames[4]) > at_best + 0.3


def test_a_stroke_over_fine_colours_of_a_reference_leaves_none_of_them_on_the_next_frame() -> None:
    frames = moved(COUNT)
    keyframe = Keyframe(0, (Stroke("#808080", 0.08, ((0.2, 0.5), (0.8, 0.5))),))
    told = render(HintTrack((keyframe,)), {0: frames[0]}, frames)
    under = (slice(122, 134), slice(100, 260))
    assert np.abs(ab_from_srgb(told[1])[under]).mean() < 0.05 * np.abs(ab_from_srgb(frames[1])[under]).mean()
