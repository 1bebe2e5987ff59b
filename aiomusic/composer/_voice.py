"""Voices, and the words that ask for them."""

import re
from typing import Any, Final

import attrs


@attrs.frozen(kw_only=True)
class Voice:
    """
    A singing voice.

    Args:
        gender: "female", "male" or "child".
        low, high: Range in MIDI pitches.
        formant_scale: Factor on the formant frequencies; 1 is a grown man.
        breath: Share of noise.
        bright: Spectral tilt in dB.
        vibrato: Depth in semitones.
        robot: Whether the pitch is held flat and steps from note to note.
    """

    gender: str
    low: int
    high: int
    formant_scale: float
    breath: float = 0.06
    bright: float = 0.0
    vibrato: float = 0.25
    robot: bool = False


FEMALE: Final = Voice(gender="female", low=57, high=76, formant_scale=1.17)
MALE: Final = Voice(gender="male", low=46, high=65, formant_scale=1.0)
CHILD: Final = Voice(gender="child", low=62, high=79, formant_scale=1.32, vibrato=0.1)
_WOMEN: Final = r"\b(female|woman|women|girl|lady|soprano|alto|diva)\b"
_MEN: Final = r"\b(male|man|men|boy|tenor|baritone|gentleman)\b"
_SINGER_PHRASE: Final = re.compile(
    r"(?:[\w-]+[ ,]+){0,3}\b(?:voices?|vocals?|vocalist|singer|singing|sung|female|"
    r"male|woman|man|girl|boy|tenor|soprano|baritone|alto|child|kids?)\b"
)
_LOW: Final = r"\b(?:deep|bass|low|baritone)\b"
_HIGH: Final = r"\b(?:high|soprano|falsetto)\b|sweet|cute"
_CHILDREN: Final = r"\b(child|children|kid|kids)\b"
_GENDER_LETTERS: Final = {"f": "female", "m": "male"}
_TIMBRES: Final[tuple[tuple[str, dict[str, Any]], ...]] = (
    (r"husky|raspy|smoky|hoarse|gritty", {"breath": 0.3, "bright": -2.0}),
    (r"breathy|airy|whisper|ethereal|sexy|lazy", {"breath": 0.4, "vibrato": 0.15}),
    (r"warm|soft|mellow|smooth|calm", {"bright": -4.0, "breath": 0.1}),
    (r"bright|clear|loud|sonorous|shout", {"bright": 4.0, "breath": 0.02}),
    (r"powerful|belt|strong|epic", {"bright": 3.0, "vibrato": 0.5}),
    (r"opera|trained|classical", {"bright": 4.0, "breath": 0.02, "vibrato": 0.7}),
    (r"sweet|cute|tender", {"bright": 1.0, "vibrato": 0.12}),
    (r"electri|robot|vocoder|auto-?tune", {"robot": True, "vibrato": 0.0}),
)


def voice_description(voice: str | None, style: str) -> str:
    """
    Return the words that describe the voice.

    They are the words of *voice*, with the gender from *style* if it names none.
    Without *voice*, only the words next to a word for a singer in *style* count:
    "deep house, warm female voice" is not a deep voice.
    """
    phrases = " ".join(
        found.group() for found in _SINGER_PHRASE.finditer(style.lower())
    )
    if not voice:
        return phrases
    return voice if parse_gender(voice) else f"{voice} {parse_gender(phrases) or ''}"


def parse_gender(text: str) -> str | None:
    """Return the gender that *text* names; None if it names none."""
    words = text.lower().strip()
    if words in _GENDER_LETTERS:
        return _GENDER_LETTERS[words]
    for gender, pattern in (("child", _CHILDREN), ("female", _WOMEN), ("male", _MEN)):
        if re.search(pattern, words):
            return gender
    return None


def parse_voice(text: str, *, default: str) -> Voice:
    """
    Return the voice that *text* describes.

    Args:
        text: Free text, such as "female, warm" or "husky tenor".
        default: The gender if *text* names none.
    """
    gender = parse_gender(text) or default
    voice = {"female": FEMALE, "child": CHILD}.get(gender, MALE)
    words = text.lower()
    for pattern, change in _TIMBRES:
        if re.search(pattern, words):
            voice = attrs.evolve(voice, **change)
    if re.search(_LOW, words):
        return _transposed(voice, -4, 0.94)
    if re.search(_HIGH, words):
        return _transposed(voice, 3, 1.05)
    return voice


def blended(old: Voice, new: Voice, share: float) -> Voice:
    """Return a voice between *old* and *new*; *share* 1 is the new one."""

    def between(one: float, other: float) -> float:
        return round(one + (other - one) * share, 3)

    return attrs.evolve(
        new,
        gender=new.gender if share >= 0.5 else old.gender,
        low=round(between(old.low, new.low)),
        high=round(between(old.high, new.high)),
        formant_scale=between(old.formant_scale, new.formant_scale),
        breath=between(old.breath, new.breath),
        bright=between(old.bright, new.bright),
        vibrato=between(old.vibrato, new.vibrato),
    )


def _transposed(voice: Voice, semitones: int, size: float) -> Voice:
    return attrs.evolve(
        voice,
        low=voice.low + semitones,
        high=voice.high + semitones,
        formant_scale=round(voice.formant_scale * size, 3),
    )
