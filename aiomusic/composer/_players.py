"""Who may play: "no drums", "without guitar", "only piano"."""

import re
from typing import Final

import attrs

from aiomusic.composer.styles import Layer, Style

# The patches that each word of a prompt stands for.
_FAMILIES: Final = (
    (r"guitars?", ("nylon", "steel", "electric", "distorted", "high-gain")),
    (r"pianos?", ("piano", "epiano")),
    (r"strings|violins?|orchestra", ("strings",)),
    (r"organ", ("organ",)),
    (r"brass|horns?|trumpets?", ("brass",)),
    (r"sax(?:ophone)?", ("sax",)),
    (r"flutes?", ("flute",)),
    (r"choir", ("choir", "men")),
    (r"accordion", ("accordion",)),
    (r"cowbells?", ("cowbell",)),
    (r"bells?", ("bell",)),
    (r"synth\w*", ("synth-lead", "saw-pad", "warm-pad", "square", "stab", "acid")),
    (r"pads?", ("warm-pad", "saw-pad")),
)
_DRUMS: Final = r"drums?|percussion|beats?"
_PLAYER: Final = "|".join((*(words for words, _ in _FAMILIES), _DRUMS, "bass"))
_KINDS: Final = r"(?:(?:any|a|the|electric|acoustic) )?"
_LIST: Final = (
    rf"{_KINDS}(?:{_PLAYER})\b(?:(?:,? (?:or|and|nor) |, ){_KINDS}(?:{_PLAYER})\b)*"
)
_REFUSED: Final = re.compile(rf"\b(?:no|without)\s+(?!drum and bass)(?P<who>{_LIST})")
_ONLY: Final = re.compile(
    rf"\b(?:only|just)\s+(?P<who>{_LIST})|(?P<whose>\b(?:{_PLAYER})) only\b"
)
_SUBSTITUTES: Final = ("piano", "strings", "nylon", "vibes")
_BANDLEADERS: Final = ("chords", "pad", "arp", "lead")


def without_refused(words: str) -> str:
    """Return *words* without the instruments that they refuse."""
    return _REFUSED.sub(" ", words)


def plays_alone(words: str) -> bool:
    """Check whether *words*, in lower case, allow only the players that they name."""
    return bool(_ONLY.search(words))


def restrict(style: Style, words: str) -> Style:
    """Return *style* with only the players that *words*, in lower case, allow."""
    only = _ONLY.search(words)
    if only and (patches := _patches(only["who"] or only["whose"])):
        style = _played_by(style, patches, only[0])
    refused = " ".join(found["who"] for found in _REFUSED.finditer(words))
    if re.search(rf"\b(?:{_DRUMS})\b", refused) or "drumless" in words:
        style = attrs.evolve(style, groove=None)
    is_bassless = re.search(r"\bbass\b", refused)
    layers = tuple(
        _without(layer, _patches(refused))
        for layer in style.layers
        if not (layer.role == "bass" and is_bassless)
    )
    return attrs.evolve(style, layers=layers)


def _patches(words: str) -> tuple[str, ...]:
    return tuple(
        patch
        for pattern, patches in _FAMILIES
        if re.search(rf"\b(?:{pattern})\b", words)
        for patch in patches
    )


def _played_by(style: Style, patches: tuple[str, ...], words: str) -> Style:
    """Return *style* with *patches* alone, each the first of its family."""
    firsts = [family[0] for _, family in _FAMILIES if family[0] in patches]
    own = [layer for layer in style.layers if layer.role in _BANDLEADERS]
    accompaniment = next(layer for layer in own if layer.role != "lead")
    lead = next(layer for layer in own if layer.role == "lead")
    layers = tuple(
        attrs.evolve(accompaniment, patches=(first,), energy=(0.0, 1.0))
        for first in firsts
    )
    return attrs.evolve(
        style,
        layers=(
            *(
                layer
                for layer in style.layers
                if layer.role == "bass" and "bass" in words
            ),
            *layers,
            attrs.evolve(lead, patches=(firsts[0],)),
        ),
        groove=style.groove if re.search(rf"\b(?:{_DRUMS})\b", words) else None,
    )


def _without(layer: Layer, refused: tuple[str, ...]) -> Layer:
    """Return *layer* with others for the *refused* patches."""
    if layer.role == "bass" or not set(layer.patches) & set(refused):
        return layer
    kept = [patch for patch in layer.patches if patch not in refused]
    others = kept or [patch for patch in _SUBSTITUTES if patch not in refused]
    patches = (patch if patch not in refused else others[0] for patch in layer.patches)
    return attrs.evolve(layer, patches=tuple(patches))
