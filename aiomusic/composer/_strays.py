"""How far a song strays from what its style usually is."""

from typing import Final

import attrs

from aiomusic.composer._random import SeededRandom
from aiomusic.composer._theory import Chord
from aiomusic.composer.styles import Layer, Style

USUAL: Final = 0.5
UNUSUAL_PATCHES: Final = {
    "bass": ("finger-bass", "upright", "saw-bass", "sub"),
    "chords": ("piano", "epiano", "steel", "organ", "nylon", "stab"),
    "pad": ("strings", "warm-pad", "choir", "saw-pad"),
    "arp": ("bell", "pluck", "nylon", "marimba", "vibes"),
    "counter": ("brass", "vibes", "strings"),
    "lead": ("flute", "synth-lead", "sax", "vibes", "brass"),
}
"""By role: what else could play."""
_REMOTE: Final = (3, 6, 8, 11)


def followed(style: Style, closeness: float, rng: SeededRandom) -> Style:
    """
    Return *style* as it is followed more or less closely.

    At 1 every layer plays what is first in its style, at 0 others play.
    """
    if closeness == USUAL:
        return style
    layers = tuple(_followed_layer(layer, closeness, rng) for layer in style.layers)
    return attrs.evolve(style, layers=layers)


def _followed_layer(layer: Layer, closeness: float, rng: SeededRandom) -> Layer:
    is_changed = rng.chance(abs(2 * closeness - 1))
    other = rng.choice(
        [p for p in UNUSUAL_PATCHES[layer.role] if p not in layer.patches]
    )
    if not is_changed:
        return layer
    if closeness < USUAL:
        return attrs.evolve(layer, patches=(other, other))
    first = layer.patches[0]
    return attrs.evolve(layer, patches=(first, first), patterns=layer.patterns[:1])


def strayed_chords(
    chords: tuple[Chord, ...], weirdness: float, rng: SeededRandom
) -> tuple[Chord, ...]:
    """Return *chords*, two of a bar, of which some are remote ones, or plain triads."""
    changed: list[Chord] = []
    for bar in range(0, len(chords), 2):
        is_changed = bar > 0 and rng.chance(abs(2 * weirdness - 1))
        step = rng.choice(_REMOTE)
        changed += [
            _strayed(chord, step if weirdness > USUAL else 0) if is_changed else chord
            for chord in chords[bar : bar + 2]
        ]
    return tuple(changed)


def _strayed(chord: Chord, step: int) -> Chord:
    if not step:
        return attrs.evolve(chord, intervals=chord.intervals[:3])
    return attrs.evolve(chord, root=(chord.root + step) % 12)
