"""
Stems: the parts that a song is split into, which sum to its mix.

Each track belongs to one stem of a split; what no track plays, such as a recording or
the crackle of a record, belongs to the stem of the rest.
"""

from typing import Final

ALL_VOCALS: Final = "All Vocals"
INSTRUMENTAL: Final = "Instrumental"
BASIC_STEMS: Final = (ALL_VOCALS, INSTRUMENTAL)

_REST: Final = "FX"
FULL_STEMS: Final = (
    "Vocals",
    "Backing Vocals",
    "Drums",
    "Bass",
    "Guitar",
    "Keyboard",
    "Percussion",
    "Strings",
    "Synth",
    _REST,
    "Brass",
    "Woodwinds",
)

_BY_ROLE: Final = {"harmony": "Backing Vocals", "drums": "Drums", "bass": "Bass"}
_BY_PATCH: Final = {
    "voice": "Vocals",
    **dict.fromkeys(("choir", "men"), "Backing Vocals"),
    **dict.fromkeys(
        ("nylon", "steel", "electric", "distorted", "high-gain", "koto"), "Guitar"
    ),
    **dict.fromkeys(("piano", "epiano", "organ", "accordion"), "Keyboard"),
    **dict.fromkeys(("marimba", "vibes", "bell", "cowbell"), "Percussion"),
    "strings": "Strings",
    "brass": "Brass",
    **dict.fromkeys(("sax", "flute"), "Woodwinds"),
}


def is_in_stem(role: str, patch: str, stem: str) -> bool:
    """Check whether the track of that role and patch belongs to a stem."""
    if stem in BASIC_STEMS:
        return (patch == "voice") == (stem == ALL_VOCALS)
    return (_BY_ROLE.get(role) or _BY_PATCH.get(patch, "Synth")) == stem


def is_rest(stem: str) -> bool:
    """Check whether what no track plays belongs to a stem."""
    return stem in {INSTRUMENTAL, _REST}
