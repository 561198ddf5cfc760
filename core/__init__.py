"""The engine: everything that computes. It never imports bpy, and only its contracts are Blender-safe."""

__version__ = "0.1.0"
