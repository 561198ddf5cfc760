def test_x(scene, addon):
    import bpy
    print(bpy.ops.vse_colorizer.add_hint_color())
