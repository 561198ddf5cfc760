"""All of VSE Colorizer that imports bpy. Each module that has Blender classes registers its own."""
