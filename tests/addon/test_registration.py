"""The extension comes and goes cleanly."""

from __future__ import annotations

import os
import subprocess
import sys

import bpy
import pytest

from tests.addon.conftest import ADDON_ID


def test_disabling_leaves_nothing_behind_and_it_can_be_enabled_again(scene, addon):
    owners = (bpy.types.Scene, addon("versions").StripType, addon("versions").AnnotationType)
    handlers = len(bpy.app.handlers.load_pre)
    interpreter = bpy.context.preferences.addons[ADDON_ID].preferences.interpreter
    bpy.ops.preferences.addon_disable(module=ADDON_ID)
    assert not any(hasattr(owner, "vse_colorizer") for owner in owners)
    assert not hasattr(bpy.types, "VSECOLORIZER_PT_colorize")
    assert len(bpy.app.handlers.load_pre) == handlers - 1
    bpy.ops.preferences.addon_enable(module=ADDON_ID)
    assert all(hasattr(owner, "vse_colorizer") for owner in owners)
    bpy.context.preferences.addons[ADDON_ID].preferences.interpreter = interpreter


@pytest.mark.skipif(bool(bpy.app.binary_path), reason="Blender itself disables its add-ons in time")
def test_a_bpy_process_that_leaves_it_enabled_ends_well(extension_zip, tmp_path):
    program = (
        "import bpy, sys\n"
        "bpy.ops.extensions.package_install_files(filepath=sys.argv[1], repo='user_default', enable_on_install=True)\n"
        "bpy.context.scene.vse_colorizer.device = 'cpu'\n"
    )
    environment = {**os.environ, "BLENDER_USER_RESOURCES": str(tmp_path)}
    command = [sys.executable, "-c", program, str(extension_zip)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
