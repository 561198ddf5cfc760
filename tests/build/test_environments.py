"""An environment is made once, and made again when it was left half-made or its requirements change."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from build_tools import environments
from build_tools.environments import Environment, discard_blender, ensure
from core.errors import InputError


@pytest.fixture
def environment(tmp_path: Path) -> Environment:
    requirements = tmp_path / "requirements.txt"
    requirements.write_text("# nothing\n")
    return Environment("A small environment", 0.1, tmp_path / "environment", (requirements,), (), ("json",))


def test_it_is_made_anew_when_half_made_or_outdated_and_else_kept(environment: Environment) -> None:
    mark = environment.folder / "mark"
    mark.parent.mkdir()
    mark.touch()
    python = ensure(environment)
    assert not mark.exists()
    told = subprocess.run([python, "-c", "import sys; print(sys.prefix)"], capture_output=True, text=True, check=True)
    assert Path(told.stdout.strip()) == environment.folder

    mark.touch()
    assert ensure(environment) == python
    assert mark.exists()

    environment.requirements[0].write_text("# something else\n")
    ensure(environment)
    assert not mark.exists()


def test_a_module_that_does_not_load_is_named_and_the_environment_stays_unfinished(tmp_path: Path) -> None:
    requirements = tmp_path / "requirements.txt"
    requirements.write_text("")
    environment = Environment("A broken one", 0.1, tmp_path / "environment", (requirements,), (), ("no_such_module",))
    with pytest.raises(InputError, match=r"A broken one was installed but does not load: .*no_such_module"):
        ensure(environment)
    assert not (environment.folder / "installed.sha256").exists()


def test_a_full_disk_is_told_before_anything_is_downloaded(environment: Environment) -> None:
    with pytest.raises(InputError, match=r"A small environment needs about 1000000.0 GB in .*environment; .* are free"):
        ensure(replace(environment, gigabytes=1e6))
    assert list(environment.folder.iterdir()) == []


def test_a_discarded_blender_is_gone_and_the_others_stay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(environments, "FOLDER", tmp_path)
    for version in ("4.2", "5.0"):
        (tmp_path / f"blender-{version}" / "lib").mkdir(parents=True)
    discard_blender("4.2")
    discard_blender("4.5")
    assert [folder.name for folder in tmp_path.iterdir()] == ["blender-5.0"]


def test_a_wrong_python_is_refused_in_one_sentence() -> None:
    # Another version is made believe, since only this one is sure to be there.
    code = (
        "import runpy, sys\n"
        "sys.version_info, sys.argv = (3, 12, 0), ['build.py', 'lint']\n"
        "runpy.run_path('build.py', run_name='__main__')\n"
    )
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "needs CPython 3.11" in done.stderr
    assert "Traceback" not in done.stderr
