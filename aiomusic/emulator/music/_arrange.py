"""
The band: from a lead sheet and a style to tracks of notes.
"""

from collections.abc import Sequence
from typing import Final

import attrs

from aiomusic.emulator.music._clock import Clock
from aiomusic.emulator.music._comping import bass, comp
from aiomusic.emulator.music._dice import Dice
from aiomusic.emulator.music._groove import DRUMS, Hit, drums
from aiomusic.emulator.music._score import (
    BEATS,
    Note,
    Performance,
    Sheet,
    Stretch,
    Tone,
    Track,
)
from aiomusic.emulator.music._theory import Chord
from aiomusic.emulator.music._voice import Voice
from aiomusic.emulator.music.styles import Layer, Style

_HARMONY: Final = ("chords", "pad", "arp")


@attrs.frozen(kw_only=True)
class Band:
    """
    Who plays: a style, one player's taste, the instruments asked for.
    """

    style: Style
    seed: int
    take: int
    voice: Voice | None = None
    instruments: tuple[str, ...] = ()

    def dice(self, *words: object) -> Dice:
        """
        Return chance for one decision of this band.
        """
        return Dice("band", self.style.name, self.seed, *words)


def perform(sheet: Sheet, band: Band, duration_s: float) -> Performance:
    """
    Play *sheet*, and let the last chord ring until *duration_s*.
    """
    style = band.style
    clock = Clock(
        tempo=sheet.tempo, swing=style.swing, step=0.25 * style.swing_steps
    )
    tracks = [
        _track(layer, number, sheet, band, clock, duration_s)
        for number, layer in enumerate(style.layers)
        if layer.role != "lead"
    ]
    if style.groove:
        hits = drums(sheet, style.groove, band.dice("drums", band.take))
        hits += _last_hit(sheet)
        notes = _timed(hits, clock, band, "drums", duration_s)
        tracks.append(
            Track(
                role="drums",
                patch=style.kit,
                notes=notes,
                gain_db=style.drums_db,
                send=0.08,
            )
        )
    tracks += _melodies(sheet, band, clock, duration_s)
    return Performance(
        tracks=tuple(track for track in tracks if track.notes),
        duration_s=duration_s,
        room=style.room,
        voice=band.voice,
    )


def _last_hit(sheet: Sheet) -> list[Hit]:
    end = float(sheet.bars * BEATS)
    if sheet.stretches[-1].energy < 0.5 or sheet.bars < 2:
        return []
    return [
        Hit(start=end, length=2, pitch=DRUMS["kick"], velocity=0.9),
        Hit(start=end, length=4, pitch=DRUMS["crash"], velocity=0.7),
    ]


def _track(
    layer: Layer,
    number: int,
    sheet: Sheet,
    band: Band,
    clock: Clock,
    duration_s: float,
) -> Track:
    patch = _patch(layer, number, band)
    dice = band.dice("layer", number)
    whole = _with_ending(sheet, layer)
    hits = bass(whole, layer, dice) if layer.role == "bass" else comp(whole, layer, dice)
    notes = _timed(hits, clock, band, layer.role, duration_s, layer.strum_s)
    return _placed(layer, patch, notes)


def _placed(layer: Layer, patch: str, notes: tuple[Note, ...]) -> Track:
    return Track(
        role=layer.role,
        patch=patch,
        notes=notes,
        gain_db=layer.gain_db,
        pan=layer.pan,
        send=layer.send,
        duck=layer.duck,
    )


def _patch(layer: Layer, number: int, band: Band) -> str:
    """
    Choose the sound of a layer; the first of each role obeys the request.
    """
    first = next(
        place for place, other in enumerate(band.style.layers) if other.role == layer.role
    )
    asked = [name for name in band.instruments if name in _ABLE.get(layer.role, ())]
    if asked and first == number:
        return asked[0]
    return layer.patches[band.take % len(layer.patches)]


_ABLE: Final = {
    "chords": ("epiano", "piano", "nylon", "steel", "distorted", "electric", "organ",
               "brass", "koto", "marimba"),
    "pad": ("strings", "choir", "warm-pad", "organ"),
    "arp": ("bell", "koto", "marimba", "vibes", "nylon", "steel"),
    "lead": ("flute", "sax", "synth-lead", "vibes", "strings", "brass", "bell", "piano",
             "electric", "koto", "organ"),
}  # fmt: skip


def _with_ending(sheet: Sheet, layer: Layer) -> Sheet:
    """
    Add a last bar on the tonic, for the layers that played to the end.
    """
    tonic = Chord(
        root=sheet.key.tonic, intervals=(0, 3, 7) if sheet.key.is_minor else (0, 4, 7)
    )
    if layer.role == "arp":
        return sheet
    ending = Stretch(
        kind="end",
        bars=1,
        energy=sheet.stretches[-1].energy,
        chords=(tonic, tonic),
    )
    return attrs.evolve(sheet, stretches=(*sheet.stretches, ending))


def _timed(
    hits: Sequence[Hit],
    clock: Clock,
    band: Band,
    role: str,
    duration_s: float,
    strum_s: float = 0.0,
) -> tuple[Note, ...]:
    """
    Turn beats into seconds as hands do: never quite on the grid.
    """
    dice = band.dice("hands", role, band.take)
    notes: list[Note] = []
    place_in_chord = 0
    before = -1.0
    for hit in sorted(hits, key=lambda hit: (hit.start, hit.pitch)):
        place_in_chord = place_in_chord + 1 if hit.start == before else 0
        before = hit.start
        drift = dice.between(-0.4, 1.0) * band.style.human_s + place_in_chord * strum_s
        start = max(0.0, clock.seconds(hit.start) + drift)
        end = clock.seconds(hit.start + hit.length) + drift
        if start < duration_s - 0.02:
            notes.append(
                Note(
                    start_s=round(start, 6),
                    length_s=round(min(end, duration_s) - start, 6),
                    pitch=hit.pitch,
                    velocity=hit.velocity,
                    syllable=hit.syllable,
                )
            )
    return tuple(notes)


def _melodies(
    sheet: Sheet, band: Band, clock: Clock, duration_s: float
) -> list[Track]:
    sung: list[Hit] = []
    played: list[Hit] = []
    start = 0.0
    for stretch in sheet.stretches:
        for tone in stretch.melody:
            is_sung = bool(tone.syllable) and band.voice is not None
            (sung if is_sung else played).append(_hit(tone, start))
        start += stretch.beats
    layer = next(layer for layer in band.style.layers if layer.role == "lead")
    patch = _patch(layer, band.style.layers.index(layer), band)
    notes = _timed(played, clock, band, "lead", duration_s)
    voice = _timed(sung, clock, band, "voice", duration_s)
    return [
        _placed(layer, patch, notes),
        Track(role="voice", patch="voice", notes=voice, gain_db=-4.0, send=0.22),
    ]


def _hit(tone: Tone, start: float) -> Hit:
    return Hit(
        start=start + tone.start,
        length=tone.length,
        pitch=tone.pitch,
        velocity=tone.accent,
        syllable=tone.syllable,
    )
