"""Other instruments, another voice: every note stays where it is."""

from collections.abc import Callable
from typing import Final

import attrs

from aiomusic.emulator.music._dice import Dice
from aiomusic.emulator.music._prompt import Wish, read, style_in
from aiomusic.emulator.music._score import (
    Note,
    Performance,
    Recording,
    Score,
    Span,
    Track,
)
from aiomusic.emulator.music._voice import Voice, gender_in, voice_in
from aiomusic.emulator.music.edits._common import (
    octaves,
)
from aiomusic.emulator.music.edits._cover import cover
from aiomusic.emulator.music.styles import STYLES, Layer


def swap_sound(score: Score, sound: str) -> Score:
    """
    Give the band other instruments; every note stays where it is.

    Args:
        score: the song.
        sound: instruments, or the style whose instruments are meant.

    A recording has no notes to give to others: it is covered in that sound.
    """
    if not score.tracks:
        return cover(score, attrs.evolve(score.brief, style=sound))
    wish = read(sound, Dice("idea", sound))
    named = style_in(sound)
    donors = [*(named or STYLES[score.style]).layers]

    def swapped(performance: Performance) -> Performance:
        counts: dict[str, int] = {}
        tracks = []
        for track in performance.tracks:
            number = counts.get(track.role, 0)
            counts[track.role] = number + 1
            patch = _other_patch(track, number, wish, donors, is_named=bool(named))
            tracks.append(attrs.evolve(track, patch=patch))
        if named:
            tracks = [
                attrs.evolve(t, patch=named.kit) if t.role == "drums" else t
                for t in tracks
            ]
        room = named.room if named else performance.room
        return attrs.evolve(performance, tracks=tuple(tracks), room=room)

    style = f"{score.brief.style}, {sound}"
    brief = attrs.evolve(score.brief, style=style if not named else sound)
    return attrs.evolve(
        score,
        spans=_each(score.spans, swapped),
        style=named.name if named else score.style,
        brief=brief,
    )


_KINDS: Final = {
    "bass": ("finger-bass", "upright", "saw-bass", "sub"),
    "chords": ("piano", "epiano", "steel", "organ", "nylon", "stab"),
    "pad": ("strings", "warm-pad", "choir", "saw-pad"),
    "arp": ("bell", "pluck", "nylon", "marimba", "vibes"),
    "counter": ("brass", "vibes", "strings"),
    "lead": ("flute", "synth-lead", "sax", "vibes", "brass"),
}


def _other_patch(
    track: Track, number: int, wish: Wish, donors: list[Layer], *, is_named: bool
) -> str:
    if track.role not in _KINDS:
        return track.patch
    if wish.instruments:
        fitting = [name for name in wish.instruments if name in _KINDS[track.role]]
        chosen = fitting or [n for n in wish.instruments if track.role != "bass"]
        if chosen:
            return chosen[number % len(chosen)]
    if is_named:
        patches = [la.patches[0] for la in donors if la.role == track.role]
        if patches:
            return patches[number % len(patches)]
    others = [name for name in _KINDS[track.role] if name != track.patch]
    return others[number % len(others)]


def _each(
    spans: tuple[Span, ...], change: Callable[[Performance], Performance]
) -> tuple[Span, ...]:
    """Change every performance once, in all the spans that play it."""
    changed: dict[int, Performance | Recording] = {}
    for span in spans:
        source = span.source
        if id(source) not in changed:
            changed[id(source)] = (
                change(source) if isinstance(source, Performance) else source
            )
    return tuple(attrs.evolve(span, source=changed[id(span.source)]) for span in spans)


def swap_vocals(score: Score, voice: str | Voice) -> Score:
    """
    Let another voice sing, in octaves that suit it; nothing else changes.

    Args:
        score: the song.
        voice: a singer, or words such as "male, husky".
    """
    now = score.voice.gender if score.voice else "male"
    if isinstance(voice, str):
        other = "male" if now == "female" else "female"
        singer = voice_in(voice, default=gender_in(voice) or other)
    else:
        singer = voice
    pitches = [n.pitch for t in score.tracks if t.role == "voice" for n in t.notes]
    shift = octaves(pitches, singer)

    def swapped(performance: Performance) -> Performance:
        tracks = tuple(
            _transposed(track, shift) if track.patch == "voice" else track
            for track in performance.tracks
        )
        return attrs.evolve(performance, tracks=tracks, voice=singer)

    return attrs.evolve(score, spans=_each(score.spans, swapped), voice=singer)


def _transposed(track: Track, semitones: int) -> Track:
    notes: tuple[Note, ...] = tuple(
        attrs.evolve(note, pitch=note.pitch + semitones) for note in track.notes
    )
    return attrs.evolve(track, notes=notes)
