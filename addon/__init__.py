"""All of VSE Colorizer that imports bpy. Each module that has Blender classes registers its own."""

from __future__ import annotations

import atexit

import addon_utils
import bpy

from . import panels, preferences, properties, runtime
from .operators import carry_hints, colorize, engine, hint_colors, hint_keyframes, references

_MODULES = (properties, preferences, hint_colors, hint_keyframes, references, colorize, carry_hints, engine, panels)


@bpy.app.handlers.persistent
def _before_another_file(*_: object) -> None:
    runtime.end_all()
    runtime.say("")


def _disable() -> None:
    """As the bpy module, Blender disables its add-ons too late at its end, and crashes or hangs over it."""
    addon_utils.disable(preferences.ADDON_ID)


def register() -> None:
    for module in _MODULES:
        module.register()
    bpy.app.handlers.load_pre.append(_before_another_file)
    atexit.register(_disable)


def unregister() -> None:
    atexit.unregister(_disable)
    bpy.app.handlers.load_pre.remove(_before_another_file)
    runtime.end_all()
    for module in reversed(_MODULES):
        module.unregister()
