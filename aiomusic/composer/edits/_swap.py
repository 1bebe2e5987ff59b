"""Swapping instruments or the voice; the notes are unchanged."""

from functools import partial

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
from aiomusic.composer._spec import SongSpec
from aiomusic.composer._strays import UNUSUAL_PATCHES, USUAL
from aiomusic.composer._voice import Voice, blended, parse_gender, parse_voice
from aiomusic.composer.edits._common import octave_shift, with_lyrics
from aiomusic.composer.edits._cover import cover
from aiomusic.composer.edits._words import map_performances
from aiomusic.composer.styles import Layer, Style


def swap_sound(score: Score, spec: SongSpec, *, strength: float = 1.0) -> Score:
    """
    Replace the instruments; the notes are unchanged.

    A recording has no notes, and is covered in that sound instead.

    Args:
        score: The song.
        spec: Instruments, or a style whose instruments to use; other words, to the
            same melody (None: those of the song).
        strength: 0 to 1: the share of the instruments that are replaced.
    """
    if not score.tracks:
        return cover(score, attrs.evolve(spec, seed=score.spec.seed))
    swapped = _with_band(_titled(score, spec), spec, strength)
    return with_lyrics(swapped, spec.lyrics)


def _with_band(score: Score, spec: SongSpec, strength: float) -> Score:
    sound = spec.style
    prompt = parse_prompt(sound, SeededRandom("idea", sound), spec.avoid)
    named = prompt.style if prompt.style_word else None
    choice = _PatchChoice(
        prompt=prompt,
        layers=named.layers if named and named.name != score.style else (),
        take=score.spec.take % 2 + spec.variant,
        spec=spec,
        strength=strength,
    )
    style = f"{score.spec.style}, {sound}" if sound else score.spec.style
    return attrs.evolve(
        score,
        spans=map_performances(score.spans, partial(_with_sound, choice, named)),
        style=named.name if named else score.style,
        style_word=prompt.style_word or score.style_word,
        spec=attrs.evolve(score.spec, style=style if not named else sound),
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


@attrs.frozen(kw_only=True)
class _PatchChoice:
    """
    The choice of new instruments.

    Args:
        prompt: May name instruments.
        layers: Layers of the requested style; empty if it is the song's own.
        take: 0 or 1: different takes get different instruments where possible.
        spec: How closely the choice follows what is asked for.
        strength: The share of the instruments that are replaced.
    """

    prompt: ParsedPrompt
    layers: tuple[Layer, ...]
    take: int
    spec: SongSpec
    strength: float

    def patch_for(self, track: Track, number: int) -> str:
        """Return a patch for *track*, the track of its role with this *number*."""
        dice = SeededRandom("swap", track.role, number, self.spec.variant)
        is_kept = dice.random() > self.strength
        if track.role not in UNUSUAL_PATCHES or is_kept:
            return track.patch
        stray = max(1 - 2 * self.spec.closeness, 2 * self.spec.weirdness - 1)
        if dice.chance(stray):
            names = UNUSUAL_PATCHES[track.role]
            return dice.choice([name for name in names if name != track.patch])
        requested = self.prompt.instruments
        fitting = [name for name in requested if name in UNUSUAL_PATCHES[track.role]]
        chosen = fitting or [name for name in requested if track.role != "bass"]
        if chosen:
            return chosen[(number + self.take) % len(chosen)]
        others = [name for name in UNUSUAL_PATCHES[track.role] if name != track.patch]
        styled = [la.patches for la in self.layers if la.role == track.role]
        if not styled:
            return others[(number + self.take) % len(others)]
        known = [*styled[number % len(styled)], *others]
        different = list(dict.fromkeys(known))
        return different[self.take % len(different)]


def swap_vocals(score: Score, spec: SongSpec, *, strength: float = 1.0) -> Score:
    """
    Replace the voice, transposed by octaves into its range; the rest is unchanged.

    An instrumental song gets a voice, and its lead instrument pauses where that sings.
    A recording has no separate voice, and is covered by the new one instead.

    Args:
        score: The song.
        spec: A description of the voice, such as "male, husky", or the singer; other
            words, to the same melody (None: those of the song, or new ones if nobody
            sings).
        strength: 0 to 1: how far to go from the voice that sang.
    """
    singer = spec.singer or _new_voice(score, spec)
    if score.voice is not None and spec.singer is None:
        share = strength * min(1.0, spec.closeness / USUAL)
        singer = blended(score.voice, singer, share)
    lyrics = spec.lyrics
    if not lyrics and not score.lines:
        lyrics = short_lyrics(score.spec.style, seed=score.spec.seed).lyrics
    if not score.tracks:
        sung = attrs.evolve(
            score.spec, singer=singer, lyrics=lyrics, title=spec.title or score.title
        )
        return cover(score, sung)
    return with_lyrics(_sung_by(_titled(score, spec), singer), lyrics, singer)


def _titled(score: Score, spec: SongSpec) -> Score:
    return attrs.evolve(score, title=spec.title or score.title)


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


def _new_voice(score: Score, spec: SongSpec) -> Voice:
    """Return a voice as described, different from the current one and by take."""
    now = score.voice.gender if score.voice else "male"
    other = "male" if now == "female" else "female"
    requested = parse_voice(spec.style, default=parse_gender(spec.style) or other)
    size = requested.formant_scale * (1 + 0.3 * (spec.weirdness - USUAL))
    if spec.variant:
        size *= SeededRandom("singer", spec.variant).uniform(0.94, 1.06)
    known = [
        attrs.evolve(requested, formant_scale=round(size * factor, 3))
        for factor in (1.0, 0.93, 1.07)
    ]
    return [one for one in known if one != score.voice][score.spec.take % 2]


def _transposed(track: Track, semitones: int) -> Track:
    notes: tuple[Note, ...] = tuple(
        attrs.evolve(note, pitch=note.pitch + semitones) for note in track.notes
    )
    return attrs.evolve(track, notes=notes)
