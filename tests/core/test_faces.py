"""A hint on a face is known for one, says nothing of walls; and who knows faces has learned them from pictures."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import skimage.data
import torch

from core.__main__ import main
from core.color import ab_from_srgb, lightness_from_srgb
from core.colorizer import Colorizer
from core.errors import InputError
from core.evaluation.face_places import Face, FacePlaces, find_faces, on_face_of, place_on_face
from core.evaluation.protocol import centre_square
from core.face_windows import window
from core.faces import Faces
from core.nets.face import SIDE, SPAN, load_face
from core.nets.weights_file import save_weights
from core.training.face_trainer import FaceTrainer
from core.training.recipes import FACE_RECIPES, Phase

QUICK = replace(FACE_RECIPES["face-cpu"], phases=(Phase(until=1.0, size=SIDE, batch=32),), warmup_steps=2)
ASTRONAUT = centre_square(skimage.data.astronaut())
# Places on her face, x and y; and elsewhere: two walls, her suit, its ring, the flag, the helmet.
ON_FACE = [(112, 48), (97, 62), (121, 64), (112, 60), (112, 84), (104, 70)]
ELSEWHERE = [(60, 30), (172, 60), (60, 180), (70, 105), (20, 110), (200, 230)]
SKIN = (12.0, 17.0)
WALLS = np.s_[10:60, 45:75], np.s_[20:100, 155:190]


def dot(*places: tuple[int, int]) -> torch.Tensor:
    mask = torch.zeros(256, 256)
    for x, y in places:
        mask[y - 3 : y + 4, x - 3 : x + 4] = 1.0
    return mask


def told(faces: Faces, lightness: np.ndarray, mask: torch.Tensor, color: tuple[float, float] = SKIN) -> torch.Tensor:
    return faces.hinted(torch.from_numpy(lightness), torch.tensor(color)[:, None, None] * mask, mask)


@pytest.fixture(scope="module")
def faces() -> Faces:
    return Faces(load_face(), "cpu")


def test_a_window_shows_what_is_around_its_place_at_its_span() -> None:
    picture = np.zeros((300, 400), np.float32)
    picture[100:140, 200:240] = 50.0
    for span in (50.0, 160.0, 200.0):
        seen = window(picture, (219.5, 119.5), span)
        half = round(0.5 * 40.0 * SIDE / span)
        expected = np.zeros((SIDE, SIDE), np.float32)
        expected[SIDE // 2 - half : SIDE // 2 + half, SIDE // 2 - half : SIDE // 2 + half] = 50.0
        assert seen.shape == (SIDE, SIDE) and np.abs(seen - expected).mean() < 2.0, span


def test_a_window_may_be_mirrored_turned_and_past_the_border() -> None:
    picture = np.tile(np.arange(200, dtype=np.float32), (100, 1))
    plain, mirrored = (window(picture, (100.0, 50.0), 40.0, mirrored=side) for side in (False, True))
    assert np.allclose(plain[:, ::-1], mirrored, atol=0.1) and plain[0, 0] < plain[0, -1]
    assert np.allclose(window(picture, (100.0, 50.0), 40.0, turned=180.0), plain[::-1, ::-1], atol=0.1)
    beyond = window(picture, (0.0, 0.0), 160.0)
    assert np.isfinite(beyond).all() and beyond[: SIDE // 2, : SIDE // 2 - 2].max() < 3.0


def test_hints_on_a_face_are_told_and_others_are_not(faces: Faces) -> None:
    lightness = lightness_from_srgb(ASTRONAUT)
    on_face = [float(told(faces, lightness, dot(place)).max()) for place in ON_FACE]
    elsewhere = [float(told(faces, lightness, dot(place)).max()) for place in ELSEWHERE]
    assert np.mean(on_face) > 0.9 and max(elsewhere) < 0.1, (on_face, elsewhere)


def test_each_hint_of_several_is_told_by_itself(faces: Faces) -> None:
    mask = dot(ON_FACE[3], ELSEWHERE[1])
    on_faces = told(faces, lightness_from_srgb(ASTRONAUT), mask)
    assert on_faces[dot(ON_FACE[3]) > 0].min() == 1.0
    assert on_faces[dot(ON_FACE[3]) == 0].max() == 0.0


@pytest.mark.parametrize("color", [(0.0, 0.0), (-2.0, 30.0), (10.0, -20.0)])
def test_what_is_no_colour_of_skin_is_left_to_surprise(faces: Faces, color: tuple[float, float]) -> None:
    assert told(faces, lightness_from_srgb(ASTRONAUT), dot(*ON_FACE), color).max() == 0.0


# Squeeze's hints leak from one of the places, beside her ear, along a weak edge.
@pytest.mark.parametrize(("variant", "most"), [("two-tower", 4.0), ("squeeze", 11.0)])
def test_one_hint_on_a_face_does_not_tint_the_wall(variant: str, most: float) -> None:
    true_ab, lightness = ab_from_srgb(ASTRONAUT), lightness_from_srgb(ASTRONAUT)
    colorizer = Colorizer.load(variant, "cpu")
    none = np.zeros((256, 256), bool)
    before = colorizer.predict(lightness, np.zeros_like(true_ab), none, mirrored=True)
    moved = []
    for place in ON_FACE:
        mask = dot(place).numpy() > 0
        hint_ab = np.where(mask[..., None], true_ab[mask].mean(0), 0.0).astype(np.float32)
        after = colorizer.predict(lightness, hint_ab, mask, mirrored=True)
        moved += [np.linalg.norm((after - before)[wall].mean((0, 1))) for wall in WALLS]
        face = np.s_[45:88, 98:122]
        assert np.linalg.norm((after - true_ab)[face], axis=-1).mean() < 9.0, place
    assert np.mean(moved) < 2.5 and max(moved) < most, moved


def test_faces_are_found_in_colour_pictures_and_nothing_else_is() -> None:
    astronaut, coffee = find_faces([ASTRONAUT, skimage.data.coffee()])
    assert len(astronaut.faces) == 1 and not coffee.faces
    across, down = on_face_of((112.0, 62.0), astronaut.faces[0])
    assert abs(across) < 0.4 and abs(down) < 0.5
    blue = np.ascontiguousarray(ASTRONAUT[..., ::-1])
    assert not find_faces([blue])[0].faces


def test_places_on_a_face_and_back() -> None:
    face = Face(20.0, 30.0, 50.0)
    assert place_on_face(face, 0.0, 0.0) == pytest.approx((45.0, 56.5))
    assert on_face_of(place_on_face(face, 0.3, -0.8), face) == pytest.approx((0.3, -0.8))


def rings(count: int) -> list[tuple[np.ndarray, FacePlaces]]:
    """Every other picture has a ring somewhere, which stands for a face."""
    made = []
    for i in range(count):
        rng = np.random.default_rng(i)
        picture = rng.integers(90, 110, (80, 90, 3)).astype(np.uint8)
        if i % 2:
            made.append((picture, FacePlaces([], [], sure=True)))
            continue
        left, top = rng.integers(15, 45, 2).tolist()
        cv2.circle(picture, (left + 12, top + 13), 8, (220, 220, 220), 3)
        made.append((picture, FacePlaces([Face(left, top, 24.0)], [], sure=True)))
    return made


def trainer_in(folder: Path) -> FaceTrainer:
    return FaceTrainer(QUICK, rings(12), rings(6), folder / "face.safetensors", "cpu")


def test_it_learns_what_faces_are(tmp_path: Path) -> None:
    trainer = trainer_in(tmp_path)
    before, _ = trainer._validated()
    for step in range(60):
        trainer._learn(*trainer._make_batch(step, QUICK.phases[0]), 0.0)
    assert trainer._validated()[0] > max(0.7, before + 0.2)


def test_a_run_goes_on_where_it_stopped(tmp_path: Path) -> None:
    trainer = trainer_in(tmp_path)
    trainer.train(minutes=0.02)
    resumed = trainer_in(tmp_path)
    resumed.resume()
    assert resumed.step == trainer.step > 0
    assert all(torch.equal(resumed.average[name], value) for name, value in trainer.average.items())


def test_the_command_trains_and_writes_weights(tmp_path: Path) -> None:
    folder = tmp_path / "pictures"
    folder.mkdir()
    for i in range(20):
        picture = ASTRONAUT[:, i : 200 + i] if i % 4 else centre_square(skimage.data.coffee())[i:, i:]
        cv2.imwrite(str(folder / f"{i:03d}.png"), picture[..., ::-1])
    for i in (9, 19):
        cv2.imwrite(str(folder / f"{i:03d}.png"), [ASTRONAUT, skimage.data.coffee()][i // 10][..., ::-1])
    weights = tmp_path / "face.safetensors"
    arguments = [
        "--data",
        str(folder),
        "--people",
        str(folder),
        "--others",
        str(folder),
        "--out",
        str(tmp_path / "run"),
    ]
    arguments += ["--minutes", "0.01", "--export", str(weights)]
    assert main(["train", "face", *arguments]) == 0
    load_face(weights)


def test_pictures_without_faces_get_a_sentence(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    for i in range(12):
        cv2.imwrite(str(tmp_path / f"{i}.png"), np.full((64, 64, 3), 10 * i, np.uint8))
    assert main(["train", "face", "--data", str(tmp_path), "--out", str(tmp_path / "run"), "--minutes", "0.01"]) == 2
    assert "Too few of the pictures have faces" in capsys.readouterr().err


def test_other_weights_get_a_sentence(tmp_path: Path) -> None:
    save_weights(tmp_path / "other.safetensors", {"x": torch.zeros(3)}, "face")
    with pytest.raises(InputError, match="do not fit the network 'face'"):
        load_face(tmp_path / "other.safetensors")


def test_a_face_is_asked_for_at_every_size(faces: Faces) -> None:
    """From a face that is a sixth of the picture high to one that is all of it."""
    for size in (1.0, 0.5):
        lightness = lightness_from_srgb(ASTRONAUT)
        small = cv2.resize(lightness, None, fx=size, fy=size, interpolation=cv2.INTER_AREA)
        framed = np.full_like(lightness, 60.0)
        framed[: small.shape[0], : small.shape[1]] = small
        place = int(112 * size), int(64 * size)
        assert float(told(faces, framed, dot(place)).max()) > 0.5, size
    close = cv2.resize(lightness_from_srgb(ASTRONAUT)[20:100, 70:150], (256, 256), interpolation=cv2.INTER_CUBIC)
    assert float(told(faces, close, dot((130, 140))).max()) > 0.5
    assert SPAN > 1.0
