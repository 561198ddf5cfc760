"""Named recipes: everything that decides a training run, except where its data lie and how long it may take."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ..nets.face import SIDE


@dataclass(frozen=True)
class Phase:
    """A part of the run. until: the share of the whole run at which it ends. size: the crops' side in pixels."""

    until: float
    size: int
    batch: int


@dataclass(frozen=True)
class Recipe:
    """variant: a network of nets.two_tower.VARIANTS. film_share: of the pictures that get a film look. hint_side_rank:
    above 0, the hint side alone learns, and its large kernels at this rank (nets/low_rank.py). learns_deep_lightness:
    so does what the lightness tower sees at 1/16 and 1/32. few_hints_share, chosen_hints_share: of the pictures with
    few hints, and with a chosen one (training/hint_sampling.py).
    """

    variant: str
    phases: tuple[Phase, ...]
    learning_rate: float = 1.5e-3
    weight_decay: float = 1e-3
    warmup_steps: int = 150
    film_share: float = 0.25
    ema_decay: float = 0.998
    seed: int = 2026
    hint_side_rank: int = 0
    learns_deep_lightness: bool = False
    few_hints_share: float = 0.0
    chosen_hints_share: float = 0.0


@dataclass(frozen=True)
class EncoderRecipe:
    """widths, depths: of nets.vgg.Encoder's five blocks. grey_share: of the pictures that come without colour."""

    widths: tuple[int, ...]
    depths: tuple[int, ...]
    phases: tuple[Phase, ...]
    learning_rate: float = 3e-3
    weight_decay: float = 2e-2
    warmup_steps: int = 200
    grey_share: float = 0.15
    ema_decay: float = 0.998
    seed: int = 2026


# On a CPU whole pictures at 128 teach meaning four times as fast as at 256, which then teaches edges.
_CPU_PHASES = (Phase(until=0.5, size=128, batch=32), Phase(until=1.0, size=256, batch=8))
_CONTINUED_PHASES = (Phase(until=0.6, size=128, batch=32), Phase(until=1.0, size=256, batch=8))
_FINE_PHASES = (Phase(until=0.2, size=128, batch=32), Phase(until=1.0, size=256, batch=8))
_MIDDLE_PHASES = (Phase(until=0.4, size=128, batch=32), Phase(until=1.0, size=256, batch=8))

_SIXTH = Recipe("two-tower", _MIDDLE_PHASES, learning_rate=1.5e-3, seed=2030, hint_side_rank=8, few_hints_share=0.2)

# Of pictures with people, and of hints as users choose them.
_SEVENTH = Recipe(
    "two-tower",
    _CONTINUED_PHASES,
    learning_rate=5e-4,
    film_share=0.35,
    seed=2040,
    hint_side_rank=12,
    learns_deep_lightness=True,
    few_hints_share=0.35,
    chosen_hints_share=0.2,
)

# From the seventh's own weights, which keep a hint to its kind best, back to what random hints ask for.
_EIGHTH = replace(
    _SEVENTH,
    phases=(Phase(until=0.35, size=128, batch=32), Phase(until=1.0, size=256, batch=8)),
    learning_rate=4e-4,
    seed=2060,
    chosen_hints_share=0.3,
)

RECIPES = {
    "two-tower-cpu": Recipe("two-tower", _CPU_PHASES),
    "squeeze-cpu": Recipe("squeeze", _CPU_PHASES),
    # A second run, from the first one's weights (--start-from).
    "two-tower-cpu-continued": Recipe("two-tower", _CONTINUED_PHASES, learning_rate=1e-3),
    # A third, mostly at 256: what the second still gained was at 10 hints and more.
    "two-tower-cpu-third": Recipe("two-tower", _FINE_PHASES, learning_rate=1e-3, seed=2027),
    # A fourth, with hints that surprise (training/recoloring.py).
    "two-tower-cpu-fourth": Recipe("two-tower", _MIDDLE_PHASES, learning_rate=1e-3, seed=2028),
    # A fifth, from the mean of the third's and the fourth's weights: what it lacked was pictures that it had not seen.
    "two-tower-cpu-fifth": Recipe("two-tower", _MIDDLE_PHASES, learning_rate=1e-3, seed=2029, few_hints_share=0.2),
    # A sixth, of what hints do alone: pictures in which several kinds of things have other colours.
    "two-tower-cpu-sixth": _SIXTH,
    # The same by other pictures: a mean needs two.
    "two-tower-cpu-sixth-again": replace(_SIXTH, seed=2031),
    "two-tower-cpu-seventh": _SEVENTH,
    "two-tower-cpu-seventh-again": replace(_SEVENTH, seed=2041, few_hints_share=0.3, chosen_hints_share=0.0),
    "two-tower-cpu-eighth": _EIGHTH,
    "two-tower-cpu-eighth-again": replace(_EIGHTH, seed=2061),
    "squeeze-cpu-continued": Recipe("squeeze", _CONTINUED_PHASES, learning_rate=1.2e-3),
    "squeeze-cpu-third": Recipe("squeeze", _FINE_PHASES, learning_rate=1.2e-3, seed=2027),
    # As two-tower's eighth: its hints tinted twice as much.
    "squeeze-cpu-fourth": replace(_EIGHTH, variant="squeeze", learning_rate=1e-3, seed=2070, hint_side_rank=16),
}

# A picture at 32 costs a quarter of one at 64, and teaches nearly as much.
ENCODER_RECIPES = {
    "encoder-cpu": EncoderRecipe(
        widths=(32, 64, 128, 192, 256),
        depths=(2, 2, 2, 2, 1),
        phases=(Phase(until=0.75, size=32, batch=128), Phase(until=1.0, size=64, batch=64)),
    ),
}


@dataclass(frozen=True)
class GistRecipe:
    """photographs_share, film_share: of the pictures that are photographs, and that get a film look. classes_share: of
    the classes' cross entropy in the loss."""

    phases: tuple[Phase, ...]
    photographs_share: float = 0.125
    film_share: float = 0.25
    classes_share: float = 0.02
    label_smoothing: float = 0.05
    learning_rate: float = 3e-3
    weight_decay: float = 3e-2
    warmup_steps: int = 300
    ema_decay: float = 0.998
    seed: int = 2026


GIST_RECIPES = {"gist-cpu": GistRecipe((Phase(until=1.0, size=64, batch=128),))}


@dataclass(frozen=True)
class TransferRecipe:
    """scenes, stills: how many are made of photographs. stretches: of each clip.

    squared_share: of the squared error in the loss, beside the error.
    """

    scenes: int
    stills: int
    stretches: int
    batch: int
    squared_share: float = 0.02
    learning_rate: float = 1e-3
    weight_decay: float = 1e-2
    warmup_steps: int = 100
    ema_decay: float = 0.995
    seed: int = 2026


TRANSFER_RECIPES = {"transfer-cpu": TransferRecipe(scenes=360, stills=800, stretches=26, batch=6)}


@dataclass(frozen=True)
class JointRecipe:
    """variant: of the colorizer. spacing: frames between pairs of a clip. window: pixels to a side. pairs: in a step.

    squared_share, hints_share, motion_share: of the squared distance from the truth, of the distance under hints and
    of the difference along the motion in the loss, beside the distance from the truth.
    """

    variant: str
    scenes: int
    spacing: int
    window: int
    pairs: int = 4
    squared_share: float = 0.08
    hints_share: float = 0.5
    motion_share: float = 2.0
    learning_rate: float = 1e-4
    warmup_steps: int = 50
    ema_decay: float = 0.995
    seed: int = 2026


JOINT_RECIPES = {"joint-cpu": JointRecipe("two-tower", scenes=400, spacing=6, window=192)}


@dataclass(frozen=True)
class FaceRecipe:
    """faces_share, beside_share, others_share: of the windows that are on faces, beside them or of another size, and on
    what a cascade wrongly took for a face; the rest lie anywhere in pictures without any. film_share: with a film look.
    """

    phases: tuple[Phase, ...]
    faces_share: float = 0.35
    beside_share: float = 0.25
    others_share: float = 0.1
    film_share: float = 0.6
    label_smoothing: float = 0.04
    learning_rate: float = 2e-3
    weight_decay: float = 3e-2
    warmup_steps: int = 100
    ema_decay: float = 0.998
    seed: int = 2026


FACE_RECIPES = {"face-cpu": FaceRecipe((Phase(until=1.0, size=SIDE, batch=256),))}
