"""Style and types: ruff's checks and format, and mypy."""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path

from . import environments


def run() -> int:
    """Check the whole repository. Returns 0 if all is well, 1 otherwise."""
    python = str(environments.engine_python())
    root = environments.ROOT
    mypy = [python, "-m", "mypy", "--config-file", str(root / "pyproject.toml"), "--cache-dir"]
    cache = root / ".mypy_cache"
    results = [
        _passes([python, "-m", "ruff", "check", "."], root),
        _passes([python, "-m", "ruff", "format", "--check", "."], root),
        _passes([*mypy, str(cache / "build"), "build.py", "build_tools"], root),
    ]
    # Inside Blender the repository is one package, and relative imports cross from addon to core: mypy sees it so.
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "vse_colorizer").symlink_to(root, target_is_directory=True)
        packages = ["-p", "vse_colorizer.core", "-p", "vse_colorizer.addon"]
        results.append(_passes([*mypy, str(cache / "package"), *packages], Path(folder)))
    return 0 if all(results) else 1


def _passes(command: list[str], folder: Path) -> bool:
    print("·", " ".join(command[1:]), flush=True)
    return subprocess.run(command, cwd=folder, check=False).returncode == 0
