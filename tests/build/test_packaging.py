"""What may be in the extension's zip, and what must be."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from build_tools.packaging import check_content
from core.errors import InputError
from core.job import VARIANTS

WEIGHTS = [f"core/nets/weights/{network}.safetensors" for network in (*VARIANTS, "gist", "face", "transfer", "encoder")]
GOOD = {
    "blender_manifest.toml": b'id = "vse_colorizer"',
    "__init__.py": b"",
    "LICENSE": b"GNU",
    "README.md": b"#",
    "requirements.txt": b"torch",
    "addon/__init__.py": b"",
    "core/__main__.py": b"",
    **dict.fromkeys(WEIGHTS, b"\x02\x00\x00\x00\x00\x00\x00\x00{}"),
}


def zip_of(folder: Path, files: dict[str, bytes]) -> Path:
    path = folder / "extension.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def test_a_whole_package_is_taken(tmp_path: Path) -> None:
    assert sorted(check_content(zip_of(tmp_path, GOOD))) == sorted(GOOD)


@pytest.mark.parametrize("stray", ["core/nets/weights/checkpoint.pt", "film.mp4", "tests/core/test_x.py", "core/a.pyc"])
def test_a_file_that_does_not_belong_is_refused_by_name(tmp_path: Path, stray: str) -> None:
    with pytest.raises(InputError, match=stray.replace(".", r"\.")):
        check_content(zip_of(tmp_path, {**GOOD, stray: b"x"}))


def test_a_pointer_in_place_of_weights_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no safetensors file"):
        check_content(zip_of(tmp_path, {**GOOD, WEIGHTS[0]: b"version https://git-lfs"}))


@pytest.mark.parametrize("needed", ["LICENSE", "requirements.txt", *WEIGHTS])
def test_a_missing_file_is_named(tmp_path: Path, needed: str) -> None:
    with pytest.raises(InputError, match=f"lacks {needed}"):
        check_content(zip_of(tmp_path, {name: content for name, content in GOOD.items() if name != needed}))
