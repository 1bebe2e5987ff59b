"""The arranger: turns a lead sheet and a style into tracks of notes."""

from collections.abc import Sequence
from typing import Final

import attrs

from aiomusic.composer._comping import bass_events, chord_events
from aiomusic.composer._groove import DRUM_PITCHES, NoteEvent, drum_events
from aiomusic.composer._random import SeededRandom
from aiomusic.composer._score import (
    LeadSheet,
    MelodyNote,
    Note,
    Performance,
    SheetSection,
    Track,
    with_start_beats,
)
from aiomusic.composer._tempo_map import TempoMap
from aiomusic.composer._theory import Chord
from aiomusic.composer._voice import Voice
from aiomusic.composer.styles import Layer, Style

_HARMONY_ENERGY: Final = 0.85


@attrs.frozen(kw_only=True)
class Band:
    """Who plays: a style, its random choices, and the requested instruments."""

    style: Style
    seed: int
    take: int
    voice: Voice | None = None
    instruments: tuple[str, ...] = ()
    variant: int = 0

    def rng(self, *words: object) -> SeededRandom:
        """Return the random source of one decision of this band."""
        variant = (f"variant {self.variant}",) if self.variant else ()
        return SeededRandom("band", self.style.name, self.seed, *words, *variant)


def perform(sheet: LeadSheet, band: Band, duration_s: float) -> Performance:
    """Arrange *sheet*; the last chord rings until *duration_s*."""
    style = band.style
    tempo_map = TempoMap(
        tempo=sheet.tempo, swing=style.swing, step=0.25 * style.swing_steps
    )
    arrangement = _Arrangement(
        sheet=sheet, band=band, tempo_map=tempo_map, duration_s=duration_s
    )
    tracks = [
        arrangement.layer_track(layer, number)
        for number, layer in enumerate(style.layers)
        if layer.role != "lead"
    ]
    tracks += arrangement.drum_tracks()
    tracks += arrangement.melody_tracks()
    return Performance(
        tracks=tuple(track for track in tracks if track.notes),
        duration_s=duration_s,
        mix=style.mix,
        tonic=sheet.key.tonic,
        voice=band.voice,
        levels=_levels(sheet, tempo_map, style.softest_db),
    )


def _levels(
    sheet: LeadSheet, tempo_map: TempoMap, softest_db: float
) -> tuple[tuple[float, float], ...]:
    """Return the level of each section: the less energy, the softer."""
    most = max(section.energy for section in sheet.sections)
    return tuple(
        (round(tempo_map.seconds(start), 3), level_of(section.energy, most, softest_db))
        for start, section in with_start_beats(sheet)
    )


def level_of(energy: float, most: float, softest_db: float) -> float:
    """Return the level in dB of a section, relative to one with *most* energy."""
    return round(softest_db * min(1.0, max(0.0, (most - energy) / 0.25)), 2)


@attrs.frozen(kw_only=True)
class _Arrangement:
    """The arrangement of one lead sheet for one band."""

    sheet: LeadSheet
    band: Band
    tempo_map: TempoMap
    duration_s: float

    def layer_track(self, layer: Layer, number: int) -> Track:
        """Return the track of one layer."""
        patch = _patch_for(layer, number, self.band)
        rng = self.band.rng("layer", number)
        whole = self.sheet
        if layer.role != "arp" or self.is_only_chord_layer(layer):
            whole = _with_final_bar(self.sheet)
        play = bass_events if layer.role == "bass" else chord_events
        events = play(whole, layer, rng)
        return _track(layer, patch, self.humanized(events, layer.role, layer.strum_s))

    def is_only_chord_layer(self, layer: Layer) -> bool:
        """Check whether no other layer plays chords at the end of the song."""
        energy = self.sheet.sections[-1].energy
        return not any(
            other.role in ("chords", "pad")
            and other.energy[0] <= energy <= other.energy[1]
            for other in self.band.style.layers
            if other is not layer
        )

    def drum_tracks(self) -> list[Track]:
        """Return the drum track, if the style has drums."""
        style = self.band.style
        if not style.groove:
            return []
        events = drum_events(
            self.sheet, style.groove, self.band.rng("drums", self.band.take)
        )
        return [
            Track(
                role="drums",
                patch=style.kit,
                notes=self.humanized(
                    [*events, *_final_drum_events(self.sheet)], "drums"
                ),
                gain_db=style.drums_db,
                send=0.08,
            )
        ]

    def melody_tracks(self) -> list[Track]:
        """Return lead, voice and harmony; the harmony sings in loud sections only."""
        layers = self.band.style.layers
        number = next(n for n, layer in enumerate(layers) if layer.role == "lead")
        sung, played = _split_melody(self.sheet, has_voice=self.band.voice is not None)
        harmony = _harmony_events(self.sheet) if sung else []
        return [
            _track(
                layers[number],
                _patch_for(layers[number], number, self.band),
                self.humanized(played, "lead"),
            ),
            Track(
                role="voice",
                patch="voice",
                notes=self.humanized(sung, "voice"),
                gain_db=self.band.style.voice_db,
                send=0.22,
            ),
            Track(
                role="harmony",
                patch="voice",
                notes=self.humanized(harmony, "harmony"),
                gain_db=self.band.style.voice_db - 8.0,
                pan=0.35,
                send=0.35,
            ),
        ]

    def humanized(
        self, events: Sequence[NoteEvent], role: str, strum_s: float = 0.0
    ) -> tuple[Note, ...]:
        """Convert beats to seconds, with the small timing errors of a human player."""
        rng = self.band.rng("hands", role, self.band.take)
        human_s = self.band.style.human_s
        notes: list[Note] = []
        place_in_chord = 0
        before = -1.0
        for event in sorted(events, key=lambda event: (event.start, event.pitch)):
            place_in_chord = place_in_chord + 1 if event.start == before else 0
            before = event.start
            drift = rng.uniform(-0.4, 1.0) * human_s + place_in_chord * strum_s
            start = max(0.0, self.tempo_map.seconds(event.start) + drift)
            end = self.tempo_map.seconds(event.start + event.length) + drift
            if start < self.duration_s - 0.02:
                notes.append(
                    Note(
                        start_s=round(start, 6),
                        length_s=round(min(end, self.duration_s) - start, 6),
                        pitch=event.pitch,
                        velocity=event.velocity,
                        syllable=event.syllable,
                    )
                )
        return tuple(notes)


def _final_drum_events(sheet: LeadSheet) -> list[NoteEvent]:
    end = float(sheet.beats)
    if sheet.sections[-1].energy < 0.5 or sheet.bars < 2:
        return []
    return [
        NoteEvent(start=end, length=2, pitch=DRUM_PITCHES["kick"], velocity=0.9),
        NoteEvent(start=end, length=4, pitch=DRUM_PITCHES["crash"], velocity=0.7),
    ]


def _track(layer: Layer, patch: str, notes: tuple[Note, ...]) -> Track:
    return Track(
        role=layer.role,
        patch=patch,
        notes=notes,
        gain_db=layer.gain_db,
        pan=layer.pan,
        send=layer.send,
        duck=layer.duck,
    )


def _patch_for(layer: Layer, number: int, band: Band) -> str:
    """Choose the patch of a layer; the first of each role follows the request."""
    roles = [other.role for other in band.style.layers]
    requested = _assign_instruments(band.instruments, roles).get(layer.role)
    if requested and roles.index(layer.role) == number:
        return requested
    return layer.patches[band.take % len(layer.patches)]


def _assign_instruments(
    instruments: tuple[str, ...], roles: list[str]
) -> dict[str, str]:
    """Assign each instrument to the first free role that it can play."""
    assigned: dict[str, str] = {}
    for patch in instruments:
        playable = [
            role
            for role in _INSTRUMENTS_BY_ROLE
            if patch in _INSTRUMENTS_BY_ROLE[role] and role in roles
        ]
        free = [role for role in playable if role not in assigned]
        if free:
            assigned[free[0]] = patch
    return assigned


_INSTRUMENTS_BY_ROLE: Final = {
    "chords": ("epiano", "piano", "nylon", "steel", "distorted", "electric", "organ",
               "accordion", "high-gain", "brass", "koto", "marimba"),
    "pad": ("strings", "choir", "warm-pad", "organ"),
    "arp": ("bell", "koto", "marimba", "vibes", "nylon", "steel"),
    "lead": ("flute", "sax", "synth-lead", "vibes", "strings", "brass", "bell", "piano",
             "electric", "koto", "organ", "accordion"),
}  # fmt: skip


def _with_final_bar(sheet: LeadSheet) -> LeadSheet:
    """Add a final bar on the tonic, for the layers that play to the end."""
    tonic = Chord(
        root=sheet.key.tonic, intervals=(0, 3, 7) if sheet.key.is_minor else (0, 4, 7)
    )
    ending = SheetSection(
        kind="end",
        bars=1,
        energy=sheet.sections[-1].energy,
        chords=(tonic, tonic),
        meter=sheet.meter,
    )
    return attrs.evolve(sheet, sections=(*sheet.sections, ending))


def _split_melody(
    sheet: LeadSheet, *, has_voice: bool
) -> tuple[list[NoteEvent], list[NoteEvent]]:
    """Split the melody into sung notes and played notes."""
    sung: list[NoteEvent] = []
    played: list[NoteEvent] = []
    for start, section in with_start_beats(sheet):
        for note in section.melody:
            part = sung if note.syllable and has_voice else played
            part.append(_event(note, start))
    return sung, played


def _harmony_events(sheet: LeadSheet) -> list[NoteEvent]:
    """Return the harmony of the loud sections: the sung notes, a third below."""
    return [
        attrs.evolve(_event(note, start), pitch=_third_below(note.pitch, sheet))
        for start, section in with_start_beats(sheet)
        for note in section.melody
        if note.syllable and section.energy >= _HARMONY_ENERGY
    ]


def _third_below(pitch: int, sheet: LeadSheet) -> int:
    scale = sheet.key.scale
    return next(pitch - step for step in (3, 4, 5) if (pitch - step) % 12 in scale)


def _event(note: MelodyNote, start: float) -> NoteEvent:
    return NoteEvent(
        start=start + note.start,
        length=note.length,
        pitch=note.pitch,
        velocity=note.accent,
        syllable=note.syllable,
    )
