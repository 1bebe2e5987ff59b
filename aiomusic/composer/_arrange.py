# ruff: noqa: PLR2004 (energies and bars are what this file is about)
"""The band: from a lead sheet and a style to tracks of notes."""

from collections.abc import Sequence
from typing import Final

import attrs

from aiomusic.composer._comping import bass, comp
from aiomusic.composer._groove import DRUM_PITCHES, NoteEvent, drums
from aiomusic.composer._random import SeededRandom
from aiomusic.composer._score import (
    BEATS_PER_BAR,
    LeadSheet,
    Note,
    Performance,
    SheetSection,
    Tone,
    Track,
    starts,
)
from aiomusic.composer._tempo_map import TempoMap
from aiomusic.composer._theory import Chord
from aiomusic.composer._voice import Voice
from aiomusic.composer.styles import Layer, Style

_DOUBLED: Final = 0.85


@attrs.frozen(kw_only=True)
class Band:
    """Who plays: a style, one player's taste, the instruments asked for."""

    style: Style
    seed: int
    take: int
    voice: Voice | None = None
    instruments: tuple[str, ...] = ()

    def rng(self, *words: object) -> SeededRandom:
        """Return chance for one decision of this band."""
        return SeededRandom("band", self.style.name, self.seed, *words)


def perform(sheet: LeadSheet, band: Band, duration_s: float) -> Performance:
    """Play *sheet*, and let the last chord ring until *duration_s*."""
    style = band.style
    clock = TempoMap(
        tempo=sheet.tempo, swing=style.swing, step=0.25 * style.swing_steps
    )
    gig = _Gig(sheet=sheet, band=band, clock=clock, duration_s=duration_s)
    tracks = [
        gig.track(layer, number)
        for number, layer in enumerate(style.layers)
        if layer.role != "lead"
    ]
    tracks += gig.drums()
    tracks += gig.melodies()
    return Performance(
        tracks=tuple(track for track in tracks if track.notes),
        duration_s=duration_s,
        mix=style.mix,
        tonic=sheet.key.tonic,
        voice=band.voice,
    )


@attrs.frozen(kw_only=True)
class _Gig:
    """One sheet, played once by one band."""

    sheet: LeadSheet
    band: Band
    clock: TempoMap
    duration_s: float

    def track(self, layer: Layer, number: int) -> Track:
        """Play one layer through the song."""
        patch = _patch(layer, number, self.band)
        rng = self.band.rng("layer", number)
        whole = self.sheet
        if layer.role != "arp" or self.is_alone(layer):
            whole = _with_ending(self.sheet)
        play = bass if layer.role == "bass" else comp
        hits = play(whole, layer, rng)
        return _placed(layer, patch, self.timed(hits, layer.role, layer.strum_s))

    def is_alone(self, layer: Layer) -> bool:
        """Whether no other layer plays chords where the song ends."""
        energy = self.sheet.sections[-1].energy
        return not any(
            other.role in ("chords", "pad")
            and other.energy[0] <= energy <= other.energy[1]
            for other in self.band.style.layers
            if other is not layer
        )

    def drums(self) -> list[Track]:
        """Play the drums, if the style has any."""
        style = self.band.style
        if not style.groove:
            return []
        hits = drums(self.sheet, style.groove, self.band.rng("drums", self.band.take))
        return [
            Track(
                role="drums",
                patch=style.kit,
                notes=self.timed([*hits, *_last_hit(self.sheet)], "drums"),
                gain_db=style.drums_db,
                send=0.08,
            )
        ]

    def melodies(self) -> list[Track]:
        """Play and sing the melody, with a second voice where it is loud."""
        layers = self.band.style.layers
        number = next(n for n, layer in enumerate(layers) if layer.role == "lead")
        sung, played = _parted(self.sheet, has_voice=self.band.voice is not None)
        thirds = _thirds(self.sheet) if sung else []
        return [
            _placed(
                layers[number],
                _patch(layers[number], number, self.band),
                self.timed(played, "lead"),
            ),
            Track(
                role="voice",
                patch="voice",
                notes=self.timed(sung, "voice"),
                gain_db=self.band.style.voice_db,
                send=0.22,
            ),
            Track(
                role="harmony",
                patch="voice",
                notes=self.timed(thirds, "harmony"),
                gain_db=self.band.style.voice_db - 8.0,
                pan=0.35,
                send=0.35,
            ),
        ]

    def timed(
        self, hits: Sequence[NoteEvent], role: str, strum_s: float = 0.0
    ) -> tuple[Note, ...]:
        """Turn beats into seconds as hands do: never quite on the grid."""
        rng = self.band.rng("hands", role, self.band.take)
        human_s = self.band.style.human_s
        notes: list[Note] = []
        place_in_chord = 0
        before = -1.0
        for hit in sorted(hits, key=lambda hit: (hit.start, hit.pitch)):
            place_in_chord = place_in_chord + 1 if hit.start == before else 0
            before = hit.start
            drift = rng.uniform(-0.4, 1.0) * human_s + place_in_chord * strum_s
            start = max(0.0, self.clock.seconds(hit.start) + drift)
            end = self.clock.seconds(hit.start + hit.length) + drift
            if start < self.duration_s - 0.02:
                notes.append(
                    Note(
                        start_s=round(start, 6),
                        length_s=round(min(end, self.duration_s) - start, 6),
                        pitch=hit.pitch,
                        velocity=hit.velocity,
                        syllable=hit.syllable,
                    )
                )
        return tuple(notes)


def _last_hit(sheet: LeadSheet) -> list[NoteEvent]:
    end = float(sheet.bars * BEATS_PER_BAR)
    if sheet.sections[-1].energy < 0.5 or sheet.bars < 2:
        return []
    return [
        NoteEvent(start=end, length=2, pitch=DRUM_PITCHES["kick"], velocity=0.9),
        NoteEvent(start=end, length=4, pitch=DRUM_PITCHES["crash"], velocity=0.7),
    ]


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
    """Choose the sound of a layer; the first of each role obeys the request."""
    roles = [other.role for other in band.style.layers]
    asked = _cast(band.instruments, roles).get(layer.role)
    if asked and roles.index(layer.role) == number:
        return asked
    return layer.patches[band.take % len(layer.patches)]


def _cast(instruments: tuple[str, ...], roles: list[str]) -> dict[str, str]:
    """Give each instrument the first role that it can play and that is free."""
    cast: dict[str, str] = {}
    for patch in instruments:
        able = [role for role in _ABLE if patch in _ABLE[role] and role in roles]
        free = [role for role in able if role not in cast]
        if free:
            cast[free[0]] = patch
    return cast


_ABLE: Final = {
    "chords": ("epiano", "piano", "nylon", "steel", "distorted", "electric", "organ",
               "brass", "koto", "marimba"),
    "pad": ("strings", "choir", "warm-pad", "organ"),
    "arp": ("bell", "koto", "marimba", "vibes", "nylon", "steel"),
    "lead": ("flute", "sax", "synth-lead", "vibes", "strings", "brass", "bell", "piano",
             "electric", "koto", "organ"),
}  # fmt: skip


def _with_ending(sheet: LeadSheet) -> LeadSheet:
    """Add a last bar on the tonic, for the layers that played to the end."""
    tonic = Chord(
        root=sheet.key.tonic, intervals=(0, 3, 7) if sheet.key.is_minor else (0, 4, 7)
    )
    ending = SheetSection(
        kind="end",
        bars=1,
        energy=sheet.sections[-1].energy,
        chords=(tonic, tonic),
    )
    return attrs.evolve(sheet, sections=(*sheet.sections, ending))


def _parted(
    sheet: LeadSheet, *, has_voice: bool
) -> tuple[list[NoteEvent], list[NoteEvent]]:
    """Part the melody into what is sung and what is played."""
    sung: list[NoteEvent] = []
    played: list[NoteEvent] = []
    for start, stretch in starts(sheet):
        for tone in stretch.melody:
            part = sung if tone.syllable and has_voice else played
            part.append(_hit(tone, start))
    return sung, played


def _thirds(sheet: LeadSheet) -> list[NoteEvent]:
    """Sing the loud sections a third below, as a second voice does."""
    return [
        attrs.evolve(_hit(tone, start), pitch=_third_below(tone.pitch, sheet))
        for start, stretch in starts(sheet)
        for tone in stretch.melody
        if tone.syllable and stretch.energy >= _DOUBLED
    ]


def _third_below(pitch: int, sheet: LeadSheet) -> int:
    scale = sheet.key.scale
    return next(pitch - step for step in (3, 4, 5) if (pitch - step) % 12 in scale)


def _hit(tone: Tone, start: float) -> NoteEvent:
    return NoteEvent(
        start=start + tone.start,
        length=tone.length,
        pitch=tone.pitch,
        velocity=tone.accent,
        syllable=tone.syllable,
    )
