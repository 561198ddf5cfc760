"""What a colorizer may recall of a picture in another one: what its hints stand on, and what it gets wrong there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .hint_attention import MOST_CELLS, HintedCells
from .hinted_cells import in_one_row
from .kriging import MOST_ELSEWHERE, KnownErrors


@dataclass
class Exemplar:
    """Of a picture that was seen for itself: its hinted cells, for attention, and its errors there, for kriging.

    small: how small the things are that hints are on, few: how few colours these have, both 0..1, if somebody said.
    """

    cells: HintedCells
    errors: KnownErrors
    small: float = 0.0
    few: float = 0.0

    @property
    def is_hinted(self) -> bool:
        """Whether anything can be recalled of it."""
        return bool(self.cells.weight.any())


def together(exemplars: Sequence[Exemplar]) -> Exemplar:
    """Several exemplars, one or more, as one; of many fewer cells of each."""
    cells = in_one_row([one.cells for one in exemplars], MOST_CELLS)
    return Exemplar(HintedCells(*cells), KnownErrors(*in_one_row([one.errors for one in exemplars], MOST_ELSEWHERE)))
