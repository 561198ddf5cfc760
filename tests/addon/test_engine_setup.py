"""Check Engine and Set Up Engine, with real interpreters, environments and pip."""

from __future__ import annotations

import subprocess
import sys
import time
import zipfile
from pathlib import Path

import bpy
import pytest

from tests.addon.conftest import engine_python


@pytest.fixture
def data_folder(addon, tmp_path, monkeypatch):
    """The user's data folder, empty, for this test alone."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    return addon("interpreters").data_folder()


@pytest.fixture
def wheels(tmp_path) -> Path:
    """A wheel that brings the engine's packages: a .pth file which leads to the environment that has them."""
    program = "import sys, sysconfig; print(sys.version_info[:2], sysconfig.get_path('purelib'), sep=chr(10))"
    told = subprocess.run([engine_python(), "-I", "-c", program], capture_output=True, text=True, check=True)
    version, packages = told.stdout.splitlines()
    if version != str(sys.version_info[:2]):
        pytest.skip("the engine's packages are for another Python than Blender's")
    folder = tmp_path / "wheels"
    folder.mkdir()
    info = "engine_packages-1.0.dist-info"
    with zipfile.ZipFile(folder / "engine_packages-1.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr("engine_packages.pth", packages)
        wheel.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: engine-packages\nVersion: 1.0\n")
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(f"{info}/RECORD", f"engine_packages.pth,,\n{info}/METADATA,,\n{info}/WHEEL,,\n{info}/RECORD,,\n")
    return folder


def _requirements(tmp_path, text: str) -> Path:
    path = tmp_path / "requirements.txt"
    path.write_text(text)
    return path


def _finish(task, patience_s: float = 180.0) -> list[str]:
    said = []
    deadline = time.monotonic() + patience_s
    while not task.finished and time.monotonic() < deadline:
        task.step()
        said += [task.status] if task.status not in said else []
        time.sleep(0.02)
    assert task.finished
    return said


def test_check_engine_says_what_the_doctor_says(scene, addon):
    assert bpy.ops.vse_colorizer.check_engine() == {"FINISHED"}
    assert addon("runtime").message.startswith("The engine is ready")


def test_an_interpreter_that_is_none_is_named(scene, installed, tmp_path):
    (tmp_path / "python").write_text("#!/bin/sh\necho no snake >&2\nexit 4\n")
    (tmp_path / "python").chmod(0o755)
    bpy.context.preferences.addons[installed].preferences.interpreter = str(tmp_path / "python")
    with pytest.raises(RuntimeError, match=r"gave no answer \(exit code 4: no snake\)"):
        bpy.ops.vse_colorizer.check_engine()


def test_the_order_of_interpreters(addon, core, data_folder, tmp_path):
    interpreters = addon("interpreters")
    assert interpreters.engine_interpreter("") == sys.executable
    own = interpreters.environment_python(interpreters.environment_folder())
    own.parent.mkdir(parents=True)
    own.touch()
    assert interpreters.engine_interpreter("") == str(own)
    assert interpreters.engine_interpreter(str(own)) == str(own)
    with pytest.raises(core("errors").InputError, match="does not exist"):
        interpreters.engine_interpreter(str(tmp_path / "gone"))


def test_set_up_makes_an_environment_that_runs_the_engine_where_it_ends_up(addon, data_folder, wheels, tmp_path):
    interpreters = addon("interpreters")
    for earlier in (interpreters.environment_folder().name, "engine-of-an-older-release"):
        (data_folder / earlier / "old").mkdir(parents=True)
    setup = addon("engine_setup").EngineSetup(
        str(wheels), online=False, requirements=_requirements(tmp_path, "engine-packages==1.0\n")
    )
    said = _finish(setup)
    assert setup.error is None
    assert said == ["Making the environment", "Collecting packages", "Installing packages", "Checking the engine"]
    assert [path.name for path in data_folder.iterdir()] == [interpreters.environment_folder().name]
    check = interpreters.EngineCheck(interpreters.engine_interpreter(""))
    _finish(check)
    assert check.verdict.startswith("The engine is ready")


def test_set_up_that_fails_leaves_nothing(addon, data_folder, wheels, tmp_path):
    requirements = _requirements(tmp_path, "engine-packages==2.0\n")
    setup = addon("engine_setup").EngineSetup(str(wheels), online=False, requirements=requirements)
    _finish(setup)
    assert "No matching distribution found for engine-packages==2.0" in str(setup.error)
    assert list(data_folder.iterdir()) == []


def test_an_environment_that_cannot_run_the_engine_is_not_used(addon, data_folder, wheels, tmp_path):
    setup = addon("engine_setup").EngineSetup(str(wheels), online=False, requirements=_requirements(tmp_path, ""))
    _finish(setup)
    assert setup.error.code == "engine-unfit"
    assert list(data_folder.iterdir()) == []


def test_a_cancelled_set_up_leaves_nothing_and_keeps_the_earlier_environment(addon, data_folder, wheels, tmp_path):
    own = addon("interpreters").environment_folder()
    own.mkdir(parents=True)
    setup = addon("engine_setup").EngineSetup(str(wheels), online=False, requirements=_requirements(tmp_path, ""))
    setup.step()
    assert len(list(data_folder.iterdir())) == 2
    setup.cancel()
    assert setup.finished and setup.cancelled
    assert list(data_folder.iterdir()) == [own]


def test_set_up_without_network_or_wheels_is_refused(scene, installed, tmp_path):
    assert not bpy.app.online_access
    with pytest.raises(RuntimeError, match=r"may not use the network.*Allow Online Access"):
        bpy.ops.vse_colorizer.set_up_engine()
    bpy.context.preferences.addons[installed].preferences.wheels_folder = str(tmp_path)
    with pytest.raises(RuntimeError, match="has no wheels in it"):
        bpy.ops.vse_colorizer.set_up_engine()
