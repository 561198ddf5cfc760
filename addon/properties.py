"""What the add-on stores in the .blend file: on strips, on scenes and on annotations.

Blender copies a strip's settings along when it is split or duplicated.
"""

# Blender reads properties off annotations that are calls.
# mypy: disable-error-code="valid-type"

from __future__ import annotations

import bpy
from bpy.props import (
    CollectionProperty,
    EnumProperty,
    FloatProperty,
    IntProperty,
    PointerProperty,
    StringProperty,
)

from ..core.hints import MAX_RADIUS
from ..core.job import BIT_DEPTHS, DEVICES, VARIANTS, WORKING_SIZES, Settings
from . import versions

DEFAULT_RADIUS = 0.012
_DEFAULTS = Settings()
_LABELS = {"two-tower": "Two-Tower", "auto": "Automatic", "cpu": "CPU", "cuda": "CUDA", "mps": "Metal"}
_VARIANTS = [(name, _LABELS.get(name, name.capitalize()), "") for name in VARIANTS]
_DEVICES = [(name, _LABELS[name], "") for name in DEVICES]
_BIT_DEPTHS = [(str(depth), f"{depth} bit", "") for depth in BIT_DEPTHS]


class LayerRadius(bpy.types.PropertyGroup):
    """The hint radius of the annotation layer of the same name."""

    radius: FloatProperty(name="Radius", default=DEFAULT_RADIUS, min=0.0005, max=MAX_RADIUS)


def layer_radii(annotation: bpy.types.ID) -> list[float]:
    """The hint radius of each layer, a fraction of the image's width, in the order of the layers.

    A layer's radius is found by the layer's name; after a renaming, by its place.
    """
    stored = annotation.vse_colorizer.radii
    names = {layer.info for layer in annotation.layers}
    radii = []
    for index, layer in enumerate(annotation.layers):
        if layer.info in stored:
            radii.append(stored[layer.info].radius)
        elif index < len(stored) and stored[index].name not in names:
            radii.append(stored[index].radius)
        else:
            radii.append(DEFAULT_RADIUS)
    return radii


def keep_layer_radii(annotation: bpy.types.ID) -> None:
    """Store all radii under their layers' present names: to be called before layers are added."""
    _store_radii(annotation, layer_radii(annotation))


def set_layer_radius(annotation: bpy.types.ID, index: int, radius: float) -> None:
    """Store the hint radius of one layer, given by its index."""
    radii = layer_radii(annotation)
    radii[index] = radius
    _store_radii(annotation, radii)


def _store_radii(annotation: bpy.types.ID, radii: list[float]) -> None:
    stored = annotation.vse_colorizer.radii
    stored.clear()
    for layer, value in zip(annotation.layers, radii, strict=True):
        item = stored.add()
        item.name, item.radius = layer.info, value


def _active_radius(settings: AnnotationSettings) -> float:
    index = settings.id_data.layers.active_index
    return layer_radii(settings.id_data)[index] if 0 <= index < len(settings.id_data.layers) else DEFAULT_RADIUS


def _set_active_radius(settings: AnnotationSettings, radius: float) -> None:
    if 0 <= settings.id_data.layers.active_index < len(settings.id_data.layers):
        set_layer_radius(settings.id_data, settings.id_data.layers.active_index, radius)


class AnnotationSettings(bpy.types.PropertyGroup):
    """On every annotation: how wide the hints of its layers are."""

    radii: CollectionProperty(type=LayerRadius)
    active_radius: FloatProperty(
        name="Radius",
        description="Half the width of this color's hints, as a fraction of the picture's width",
        default=DEFAULT_RADIUS,
        min=0.0005,
        max=MAX_RADIUS,
        soft_max=0.1,
        precision=4,
        step=0.1,
        get=_active_radius,
        set=_set_active_radius,
    )


class StripReference(bpy.types.PropertyGroup):
    """A picture in color, for one of the frames of the strip's source."""

    frame: IntProperty(name="Source Frame", description="The frame of the footage, counted from 0", min=0)
    picture: StringProperty(
        name="Picture",
        description="A picture in color: the frame itself, which then comes back exactly, or any other one",
        subtype="FILE_PATH",
        options=versions.RELATIVE_PATH,
    )


class StripSettings(bpy.types.PropertyGroup):
    """On every strip: how it is to be colored; and on a result, what it came from."""

    variant: EnumProperty(
        name="Variant",
        description="The network that colors",
        items=_VARIANTS,
        default=_DEFAULTS.variant,
    )
    working_size: IntProperty(
        name="Working Size",
        description="The short side, in pixels, at which the networks see a frame. "
        "Larger follows finer detail, and takes longer",
        min=WORKING_SIZES[0],
        max=WORKING_SIZES[1],
        default=_DEFAULTS.working_size,
        subtype="PIXEL",
    )
    temporal_strength: FloatProperty(
        name="Temporal Strength",
        description="0 colors every frame for itself, 1 is as steady as the footage's motion allows",
        min=0.0,
        max=1.0,
        default=_DEFAULTS.temporal_strength,
        subtype="FACTOR",
    )
    saturation: FloatProperty(
        name="Saturation",
        description="0 gives the mean of the likely colors, 1 the most saturated of them",
        min=0.0,
        max=1.0,
        default=_DEFAULTS.saturation,
        subtype="FACTOR",
    )
    bit_depth: EnumProperty(
        name="Bit Depth",
        description="Bits a channel of the colored pictures",
        items=_BIT_DEPTHS,
        default=str(BIT_DEPTHS[0]),
    )
    references: CollectionProperty(type=StripReference)
    style_picture: StringProperty(
        name="Picture",
        description="A picture whose palette the whole strip follows, after hints and references",
        subtype="FILE_PATH",
        options=versions.RELATIVE_PATH,
    )
    style_strength: FloatProperty(
        name="Strength",
        description="0 leaves the colors as they are, 1 takes the style as far as the footage bears it",
        min=0.0,
        max=1.0,
        default=1.0,
        subtype="FACTOR",
    )
    # A pointer would do, but with one Blender 4.5 to 5.2 complain on the terminal at every update.
    annotation_name: StringProperty(
        name="Hints", description="The name of the annotation that holds the strip's color hints"
    )
    result_of: StringProperty(
        name="Result Of", description="The name of the strip that this one is the colored result of"
    )


class SceneSettings(bpy.types.PropertyGroup):
    """On every scene: what all its strips share."""

    device: EnumProperty(
        name="Device",
        description="Where the networks run",
        items=_DEVICES,
        default=_DEFAULTS.device,
    )
    output_folder: StringProperty(
        name="Output Folder",
        description="Where the colored pictures go: each strip gets a folder of its own name in here",
        default="//colorized",
        subtype="DIR_PATH",
        options=versions.RELATIVE_PATH,
    )


CLASSES = (LayerRadius, AnnotationSettings, StripReference, StripSettings, SceneSettings)


def register() -> None:
    for cls in CLASSES:
        bpy.utils.register_class(cls)
    versions.AnnotationType.vse_colorizer = PointerProperty(type=AnnotationSettings)
    versions.StripType.vse_colorizer = PointerProperty(type=StripSettings)
    bpy.types.Scene.vse_colorizer = PointerProperty(type=SceneSettings)


def unregister() -> None:
    del bpy.types.Scene.vse_colorizer
    del versions.StripType.vse_colorizer
    del versions.AnnotationType.vse_colorizer
    for cls in reversed(CLASSES):
        bpy.utils.unregister_class(cls)
