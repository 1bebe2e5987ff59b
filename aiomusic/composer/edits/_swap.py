"""Swapping instruments or the voice; the notes are unchanged."""

from functools import partial
from typing import Final

import attrs

from aiomusic.composer._lyrics import short_lyrics
from aiomusic.composer._prompt import ParsedPrompt, parse_prompt
from aiomusic.composer._random import SeededRandom
from aiomusic.composer._score import (
    Note,
    Performance,
    Score,
    Track,
)
from aiomusic.composer._voice import Voice, parse_gender, parse_voice
from aiomusic.composer.edits._common import octave_shift, with_lyrics
from aiomusic.composer.edits._cover import cover
from aiomusic.composer.edits._words import map_performances
from aiomusic.composer.styles import Layer, Style


def swap_sound(score: Score, sound: str, lyrics: str | None = None) -> Score:
    """
    Replace the instruments; the notes are unchanged.

    A recording has no notes, and is covered in that sound instead.

    Args:
        score: The song.
        sound: Instruments, or a style whose instruments to use.
        lyrics: Other words, to the same melody; None: those of the song.
    """
    if not score.tracks:
        return cover(score, attrs.evolve(score.spec, style=sound, lyrics=lyrics))
    return with_lyrics(_with_band(score, sound), lyrics)


def _with_band(score: Score, sound: str) -> Score:
    prompt = parse_prompt(sound, SeededRandom("idea", sound))
    named = prompt.style if prompt.style_word else None
    choice = _PatchChoice(
        prompt=prompt,
        layers=named.layers if named and named.name != score.style else (),
        take=score.spec.take % 2,
    )

    style = f"{score.spec.style}, {sound}"
    spec = attrs.evolve(score.spec, style=style if not named else sound)
    return attrs.evolve(
        score,
        spans=map_performances(score.spans, partial(_with_sound, choice, named)),
        style=named.name if named else score.style,
        style_word=prompt.style_word or score.style_word,
        spec=spec,
    )


def _with_sound(
    choice: "_PatchChoice", style: Style | None, performance: Performance
) -> Performance:
    """Return *performance* with other patches, and the kit and mix of *style*."""
    counts: dict[str, int] = {}
    tracks = []
    for track in performance.tracks:
        number = counts.get(track.role, 0)
        counts[track.role] = number + 1
        patch = choice.patch_for(track, number)
        if style and track.role == "drums":
            patch = style.kit
        tracks.append(attrs.evolve(track, patch=patch))
    mix = style.mix if style else performance.mix
    return attrs.evolve(performance, tracks=tuple(tracks), mix=mix)


_PATCHES_BY_ROLE: Final = {
    "bass": ("finger-bass", "upright", "saw-bass", "sub"),
    "chords": ("piano", "epiano", "steel", "organ", "nylon", "stab"),
    "pad": ("strings", "warm-pad", "choir", "saw-pad"),
    "arp": ("bell", "pluck", "nylon", "marimba", "vibes"),
    "counter": ("brass", "vibes", "strings"),
    "lead": ("flute", "synth-lead", "sax", "vibes", "brass"),
}


@attrs.frozen(kw_only=True)
class _PatchChoice:
    """
    The choice of new instruments.

    Args:
        prompt: May name instruments.
        layers: Layers of the requested style; empty if it is the song's own.
        take: 0 or 1: different takes get different instruments where possible.
    """

    prompt: ParsedPrompt
    layers: tuple[Layer, ...]
    take: int

    def patch_for(self, track: Track, number: int) -> str:
        """Return a patch for *track*, the track of its role with this *number*."""
        if track.role not in _PATCHES_BY_ROLE:
            return track.patch
        requested = self.prompt.instruments
        fitting = [name for name in requested if name in _PATCHES_BY_ROLE[track.role]]
        chosen = fitting or [name for name in requested if track.role != "bass"]
        if chosen:
            return chosen[(number + self.take) % len(chosen)]
        others = [name for name in _PATCHES_BY_ROLE[track.role] if name != track.patch]
        styled = [la.patches for la in self.layers if la.role == track.role]
        if not styled:
            return others[(number + self.take) % len(others)]
        known = [*styled[number % len(styled)], *others]
        return list(dict.fromkeys(known))[self.take]


def swap_vocals(score: Score, voice: str | Voice, lyrics: str | None = None) -> Score:
    """
    Replace the voice, transposed by octaves into its range; the rest is unchanged.

    An instrumental song gets a voice, and its lead instrument pauses where that sings.
    A recording has no separate voice, and is covered by the new one instead.

    Args:
        score: The song.
        voice: A voice, or a description such as "male, husky".
        lyrics: Other words, to the same melody; None: those of the song, or new ones
            if nobody sings.
    """
    singer = _new_voice(score, voice) if isinstance(voice, str) else voice
    if not lyrics and not score.lines:
        lyrics = short_lyrics(score.spec.style, seed=score.spec.seed).lyrics
    if not score.tracks:
        return cover(score, attrs.evolve(score.spec, singer=singer, lyrics=lyrics))
    return with_lyrics(_sung_by(score, singer), lyrics, singer)


def _sung_by(score: Score, singer: Voice) -> Score:
    pitches = [n.pitch for t in score.tracks if t.role == "voice" for n in t.notes]
    shift = octave_shift(pitches, singer)

    def swapped(performance: Performance) -> Performance:
        tracks = tuple(
            _transposed(track, shift) if track.patch == "voice" else track
            for track in performance.tracks
        )
        return attrs.evolve(performance, tracks=tracks, voice=singer)

    return attrs.evolve(
        score, spans=map_performances(score.spans, swapped), voice=singer
    )


def _new_voice(score: Score, words: str) -> Voice:
    """Return a voice as described, different from the current one and by take."""
    now = score.voice.gender if score.voice else "male"
    other = "male" if now == "female" else "female"
    requested = parse_voice(words, default=parse_gender(words) or other)
    known = [
        attrs.evolve(requested, formant_scale=round(requested.formant_scale * size, 3))
        for size in (1.0, 0.93, 1.07)
    ]
    return [one for one in known if one != score.voice][score.spec.take % 2]


def _transposed(track: Track, semitones: int) -> Track:
    notes: tuple[Note, ...] = tuple(
        attrs.evolve(note, pitch=note.pitch + semitones) for note in track.notes
    )
    return attrs.evolve(track, notes=notes)
