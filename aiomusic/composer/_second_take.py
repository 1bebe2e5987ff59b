"""The second take of a song: half of the melody is the first take's."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, TypeAlias

import attrs

from aiomusic.composer._score import LeadSheet, MelodyNote, SheetSection

_SHARED: Final = 0.5
_Place: TypeAlias = tuple[str, int]
"""A kind of section and a line of it: what comes back is the same each time."""


def second_take(
    first: LeadSheet, other: LeadSheet, lengths: Sequence[float]
) -> LeadSheet:
    """
    Return *first* with lines of *other*, so that half of the notes are the first's.

    Args:
        first: The first take.
        other: The same sections with other melodies.
        lengths: Beats of a line, of each section.
    """
    notes, shared = defaultdict[_Place, int](int), defaultdict[_Place, int](int)
    triples = list(zip(first.sections, other.sections, lengths, strict=True))
    for old, new, beats in triples:
        found = {(note.start, note.pitch) for note in new.melody}
        for note in old.melody:
            place = (old.kind, int(note.start // beats))
            notes[place] += 1
            shared[place] += (note.start, note.pitch) in found
    fresh = _fresh_places(notes, shared)
    sections = (_merged(old, new, beats, fresh) for old, new, beats in triples)
    return attrs.evolve(first, sections=tuple(sections))


def _fresh_places(
    notes: Mapping[_Place, int], shared: Mapping[_Place, int]
) -> set[_Place]:
    """Choose the lines that are others; the first of each section comes last."""
    wanted = _SHARED * sum(notes.values())
    left = float(sum(notes.values()))
    fresh: set[_Place] = set()
    for place in sorted(notes, key=lambda place: (place[1] % 4 == 0, place[1])):
        without = left - notes[place] + shared[place]
        if abs(without - wanted) < abs(left - wanted):
            left = without
            fresh.add(place)
    return fresh


def _merged(
    old: SheetSection, new: SheetSection, beats: float, fresh: Iterable[_Place]
) -> SheetSection:
    numbers = {number for kind, number in fresh if kind == old.kind}

    def kept(start: float, *, is_new: bool) -> bool:
        return (int(start // beats) in numbers) == is_new

    notes: list[MelodyNote] = [n for n in old.melody if kept(n.start, is_new=False)]
    notes += [n for n in new.melody if kept(n.start, is_new=True)]
    lines = [line for line in old.lines if kept(line.start, is_new=False)]
    lines += [line for line in new.lines if kept(line.start, is_new=True)]
    return attrs.evolve(
        old,
        melody=tuple(sorted(notes, key=lambda note: note.start)),
        lines=tuple(sorted(lines, key=lambda line: line.start)),
    )
