"""The extension's zip: built and validated by Blender's own tool, its content checked against what ships."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import tomllib
import zipfile
from collections import Counter
from pathlib import Path, PurePosixPath

from core.errors import InputError
from core.job import VARIANTS

from . import environments

DIST = environments.ROOT / "dist"
_MANIFEST = "blender_manifest.toml"
_FILES = {_MANIFEST, "__init__.py", "LICENSE", "README.md", "requirements.txt"}
_FOLDERS = {"addon", "core"}
_SUFFIXES = {".py", ".safetensors", ".json"}
_NETWORKS = (*VARIANTS, "gist", "face", "transfer", "encoder")
_WEIGHTS = {f"core/nets/weights/{network}.safetensors" for network in _NETWORKS}


def build() -> Path:
    """Make dist/vse_colorizer-VERSION.zip and print what is in it. Returns its path.

    Raises InputError if Blender's validator refuses it, if anything ships that should not, or if weights are missing.
    """
    manifest = tomllib.loads((environments.ROOT / _MANIFEST).read_text(encoding="utf-8"))
    final = DIST / f"{manifest['id']}-{manifest['version']}.zip"
    DIST.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=DIST) as folder:
        path = Path(folder) / final.name
        _blender_extension_tool("build", "--source-dir", str(environments.ROOT), "--output-filepath", str(path))
        _blender_extension_tool("validate", str(path))
        names = check_content(path)
        os.replace(path, final)
    print(f"{final.relative_to(environments.ROOT)}: {final.stat().st_size / 1e6:.1f} MB, {len(names)} files, valid")
    for part, count in sorted(Counter(_part(name) for name in names).items()):
        print(f"  {part}: {count} {'file' if count == 1 else 'files'}")
    return final


def _blender_extension_tool(*arguments: str) -> None:
    scripts = environments.blender_scripts(environments.NEWEST_BLENDER)
    tool = scripts / "addons_core" / "bl_pkg" / "cli" / "blender_ext.py"
    command = [sys.executable, "-I", str(tool), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
    if done.returncode:
        said = " ".join((done.stdout + done.stderr).split())
        raise InputError(
            "bad-package", f"Blender's extension tool refuses to {arguments[0]} the package: {said[-400:]}"
        )


def check_content(path: Path) -> list[str]:
    """The names of the files in an extension's zip.

    Raises InputError if one does not belong in it, or if the licence, the requirements or the weights are missing.
    """
    with zipfile.ZipFile(path) as archive:
        names = [name for name in archive.namelist() if not name.endswith("/")]
        surprises = sorted(name for name in names if not _ships(PurePosixPath(name)))
        if surprises:
            raise InputError(
                "bad-package",
                f"The package would ship what does not belong in it: {', '.join(surprises[:5])}.",
                f"Remove it, or leave it out in {_MANIFEST}.",
            )
        missing = sorted((_FILES | _WEIGHTS) - set(names))
        if missing:
            raise InputError("bad-package", f"The package lacks {', '.join(missing)}.")
        for name in sorted(_WEIGHTS):
            # A checkout without its large files holds short text files in their place.
            if archive.open(name).read(9)[8:] != b"{":
                raise InputError("bad-package", f"The package would not work: {name} is no safetensors file.")
    return names


def _ships(name: PurePosixPath) -> bool:
    return str(name) in _FILES or (name.parts[0] in _FOLDERS and name.suffix in _SUFFIXES)


def _part(name: str) -> str:
    parts = PurePosixPath(name).parts
    return parts[0] if len(parts) == 1 else "/".join(parts[:2]) if len(parts) > 2 else parts[0]
