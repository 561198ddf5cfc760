"""All of VSE Colorizer that imports bpy. Each module that has Blender classes registers its own."""

from __future__ import annotations

import atexit

import bpy

from . import panels, preferences, properties, runtime
from .operators import colorize, engine, hint_colors, hint_keyframes

_MODULES = (properties, preferences, hint_colors, hint_keyframes, colorize, engine, panels)


@bpy.app.handlers.persistent
def _before_another_file(*_: object) -> None:
    runtime.end_all()
    runtime.say("")


def register() -> None:
    for module in _MODULES:
        module.register()
    bpy.app.handlers.load_pre.append(_before_another_file)
    # Blender unregisters when it quits; as the bpy module it does not, and then crashes or hangs at its end.
    atexit.register(unregister)


def unregister() -> None:
    atexit.unregister(unregister)
    bpy.app.handlers.load_pre.remove(_before_another_file)
    runtime.end_all()
    for module in reversed(_MODULES):
        module.unregister()
