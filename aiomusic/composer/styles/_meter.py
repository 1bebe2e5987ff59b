"""The same style in another meter."""

from typing import Final

import attrs

from aiomusic.composer.styles._style import Groove, Style
from aiomusic.composer.styles._waltz import WALTZ_GROOVE

_BEAT: Final = 4
_WALTZ_BAR: Final = 3 * _BEAT


def in_meter(style: Style, meter: int) -> Style:
    """
    Return *style* with bars of *meter* beats.

    A bar that becomes shorter loses its last beats; one that becomes longer repeats
    its last. Drums in three play a waltz.
    """
    if style.meter == meter:
        return style
    sizes = style.meter * _BEAT, meter * _BEAT
    layers = tuple(
        attrs.evolve(
            layer, patterns=tuple(_resized(one, *sizes) for one in layer.patterns)
        )
        for layer in style.layers
    )
    groove = style.groove and _resized_groove(style.groove, *sizes)
    return attrs.evolve(style, meter=meter, layers=layers, groove=groove)


def _resized_groove(groove: Groove, size: int, new: int) -> Groove:
    if new == _WALTZ_BAR:
        return WALTZ_GROOVE
    return Groove(
        soft=tuple(_resized_drums(one, size, new) for one in groove.soft),
        full=tuple(_resized_drums(one, size, new) for one in groove.full),
        fills=tuple(_resized_drums(one, size, new) for one in groove.fills),
    )


def _resized_drums(pattern: str, size: int, new: int) -> str:
    rows = (line.split() for line in pattern.strip().splitlines())
    return "\n".join(f"{name} {_resized(steps, size, new)}" for name, steps in rows)


def _resized(pattern: str, size: int, new: int) -> str:
    bars = (pattern[n : n + size] for n in range(0, len(pattern), size))
    return "".join((bar + bar[-_BEAT:] * new)[:new] for bar in bars)
