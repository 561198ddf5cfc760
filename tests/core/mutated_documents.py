"""JSON documents with something wrong in them."""

from __future__ import annotations

import copy
from typing import Any

from hypothesis import strategies as st

# What a JSON text can hold: Python reads NaN, infinities and integers of any size.
_scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(10**400), 10**400)
    | st.integers(-3, 3)
    | st.floats()
    | st.text(max_size=5)
    | st.sampled_from(["1", "01", "#123456", "png", "\0", "\ud800"])
)
_values = st.recursive(
    _scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)


@st.composite
def mutated(draw: st.DrawFn, document: Any) -> Any:
    """The document with one to three of its values replaced, removed, added or doubled."""
    document = copy.deepcopy(document)
    for _ in range(draw(st.integers(1, 3))):
        holders = _holders(document)
        if not holders:
            return draw(_values)
        holder = draw(st.sampled_from(holders))
        keys: list[Any] = list(holder) if isinstance(holder, dict) else list(range(len(holder)))
        change = draw(st.sampled_from(["replace", "remove", "add", "double"]))
        if change == "add" or not keys:
            if isinstance(holder, dict):
                holder[draw(st.text(max_size=4))] = draw(_values)
            else:
                holder.insert(draw(st.integers(0, len(holder))), draw(_values))
            continue
        key = draw(st.sampled_from(keys))
        if change == "replace":
            holder[key] = draw(_values)
        elif change == "remove":
            del holder[key]
        elif isinstance(holder, list):
            holder.append(copy.deepcopy(holder[key]))
    return document


def _holders(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return [value, *(holder for inner in value.values() for holder in _holders(inner))]
    if isinstance(value, list):
        return [value, *(holder for inner in value for holder in _holders(inner))]
    return []
