"""VSE Colorizer: the repository's root is the Blender extension; all of it that imports bpy lives in addon/."""

from __future__ import annotations


def register() -> None:
    """Called by Blender when the extension is enabled."""
    from . import addon

    addon.register()


def unregister() -> None:
    """Called by Blender when the extension is disabled, and when Blender quits."""
    from . import addon

    addon.unregister()
