"""The add-on's tests run inside Blender (the bpy module), on the installed extension's zip.

The engine's interpreter is VSE_COLORIZER_ENGINE_PYTHON, or the repository's own environment.
"""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

# Nothing of the user's own Blender or data is touched. Blender reads its variable when it starts: whoever runs
# these tests inside a running Blender has to set it.
_home = tempfile.TemporaryDirectory(prefix="vse_colorizer_tests_", ignore_cleanup_errors=True)
if "bpy" not in sys.modules:
    os.environ["BLENDER_USER_RESOURCES"] = str(Path(_home.name) / "blender")
os.environ["XDG_DATA_HOME"] = str(Path(_home.name) / "data")
os.environ["XDG_CACHE_HOME"] = str(Path(_home.name) / "cache")

bpy = pytest.importorskip("bpy", reason="these tests run in Blender's Python: python3 build.py test")

ROOT = Path(__file__).resolve().parents[2]
ADDON_ID = "bl_ext.user_default.vse_colorizer"


@pytest.fixture(scope="session")
def extension_zip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The extension as Blender's own tool builds it."""
    path = tmp_path_factory.mktemp("extension") / "vse_colorizer.zip"
    tool = Path(bpy.utils.system_resource("SCRIPTS")) / "addons_core" / "bl_pkg" / "cli" / "blender_ext.py"
    for arguments in (["build", "--source-dir", ROOT, "--output-filepath", path], ["validate", path]):
        done = subprocess.run([sys.executable, "-I", tool, *arguments], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
    return path


@pytest.fixture(scope="session")
def installed(extension_zip: Path) -> Iterator[str]:
    """The extension, installed and enabled. Gives its module's name."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    bpy.ops.extensions.package_install_files(filepath=str(extension_zip), repo="user_default", enable_on_install=True)
    assert ADDON_ID in bpy.context.preferences.addons
    yield ADDON_ID
    # Blender 4.5 hangs at exit while classes stay registered.
    bpy.ops.preferences.addon_disable(module=ADDON_ID)


@pytest.fixture
def addon(installed: str) -> object:
    """Gives the installed extension's modules by name: addon("strips"), addon("operators.colorize")."""

    def module(name: str) -> ModuleType:
        return importlib.import_module(f"{installed}.addon.{name}")

    return module


@pytest.fixture
def core(installed: str) -> object:
    """Gives the installed extension's contracts by name: core("errors")."""

    def module(name: str) -> ModuleType:
        return importlib.import_module(f"{installed}.core.{name}")

    return module


@pytest.fixture
def scene(installed: str, addon) -> Iterator[object]:
    """An empty sequencer: 160 by 120 pixels, view Standard, the engine's interpreter chosen."""
    versions, runtime = addon("versions"), addon("runtime")
    scene = bpy.context.scene
    preferences = bpy.context.preferences.addons[installed].preferences
    preferences.interpreter = engine_python()
    preferences.cache_folder = preferences.wheels_folder = ""
    scene.render.resolution_x, scene.render.resolution_y, scene.render.resolution_percentage = 160, 120, 100
    scene.render.pixel_aspect_x = scene.render.pixel_aspect_y = 1.0
    scene.view_settings.view_transform = "Standard"
    scene.sequence_editor_create()
    scene.frame_set(1)
    runtime.say("")
    yield scene
    assert runtime.task is None
    scene = bpy.context.scene
    scene.sequence_editor_clear()
    for name in ("device", "output_folder"):
        scene.vse_colorizer.property_unset(name)
    for annotation in list(versions.annotation_collection()):
        versions.annotation_collection().remove(annotation)


def engine_python() -> str:
    """The interpreter that has torch."""
    return os.environ.get("VSE_COLORIZER_ENGINE_PYTHON") or str(ROOT / ".venv" / "bin" / "python")
