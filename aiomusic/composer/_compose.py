"""The composer: from a brief to a score, without chance that is not its seed's."""

import re
from typing import Final

import attrs

from aiomusic.composer._arrange import Band, perform
from aiomusic.composer._brief import Brief
from aiomusic.composer._clock import Clock
from aiomusic.composer._dice import Dice
from aiomusic.composer._form import (
    Part,
    bar_length,
    free_form,
    sung_form,
    timed_form,
)
from aiomusic.composer._lyricist import short_lyrics, write_lyrics
from aiomusic.composer._prompt import Wish, read
from aiomusic.composer._score import (
    BEATS,
    Line,
    Score,
    Section,
    Sheet,
    Span,
)
from aiomusic.composer._theory import Key
from aiomusic.composer._voice import Voice, gender_in, singer_words, voice_in
from aiomusic.composer._words import kind_of, stanzas_of
from aiomusic.composer._writer import writer_of

DEFAULT_S: Final = 20.0
_RING_S: Final = 1.7
_SHORT_S: Final = 32.0


def compose(brief: Brief) -> Score:
    """
    Write and arrange the song that *brief* asks for.

    The same brief gives the same score on every machine.
    """
    dice = Dice("idea", brief.seed, brief.style)
    wish = read(brief.style, dice)
    is_open = brief.lyrics is None and brief.duration_s is None
    brief = _with_words(brief, wish)
    key = key_for(wish, dice)
    tempo = tempo_for(wish, dice)
    voice = voice_for(brief, wish, dice)
    parts, tempo, duration_s = laid_out(
        brief, wish, tempo, voice, default_s=DEFAULT_S if is_open else None
    )
    sheet = writer_of(brief, wish, key, voice).sheet(parts, tempo)
    return scored(sheet, brief, wish, voice, duration_s)


def _with_words(brief: Brief, wish: Wish) -> Brief:
    """Let the lyricist write for a singer who was given no words."""
    is_mute = brief.instrumental or wish.is_instrumental or bool(brief.segments)
    if brief.lyrics is not None or is_mute:
        return brief
    if brief.duration_s is None or brief.duration_s <= _SHORT_S:
        words = short_lyrics(brief.style, seed=brief.seed)
    else:
        words = write_lyrics(brief.style, seed=brief.seed, versions=1)[0]
    return attrs.evolve(brief, lyrics=words.lyrics, title=brief.title or words.title)


def scored(
    sheet: Sheet, brief: Brief, wish: Wish, voice: Voice | None, duration_s: float
) -> Score:
    """Let the band play *sheet*, and put the score together."""
    performance = perform(sheet, band_of(brief, wish, voice), duration_s)
    sections, lines = timeline(sheet, wish, duration_s)
    return Score(
        title=brief.title or title_for(brief, sheet),
        style=wish.style.name,
        tempo=sheet.tempo,
        key=sheet.key,
        sections=sections,
        lines=lines,
        sheet=sheet,
        spans=(Span(source=performance, start_s=0.0, end_s=duration_s),),
        voice=voice,
        brief=brief,
    )


def band_of(brief: Brief, wish: Wish, voice: Voice | None) -> Band:
    """Call the band that *brief* asks for."""
    return Band(
        style=wish.style,
        seed=brief.seed,
        take=brief.take,
        voice=voice,
        instruments=wish.instruments,
    )


def key_for(wish: Wish, dice: Dice) -> Key:
    """Choose the key, as the words ask."""
    tonic = dice.whole(0, 11)
    mode = dice.pick(wish.style.modes)
    if wish.key:
        return wish.key
    if wish.is_minor is not None:
        fitting = [m for m in wish.style.modes if Key(tonic=0, mode=m).is_minor]
        others = [m for m in wish.style.modes if m not in fitting]
        chosen = (fitting or ["minor"]) if wish.is_minor else (others or ["major"])
        mode = chosen[0]
    return Key(tonic=tonic, mode=mode)


def tempo_for(wish: Wish, dice: Dice) -> float:
    """Choose the tempo, as the words ask."""
    low, high = wish.style.tempo
    share = dice.between(0.2, 0.8) + 0.35 * wish.haste
    if wish.tempo:
        return wish.tempo
    return round(low + (high - low) * min(1.0, max(0.0, share)), 1)


def voice_for(brief: Brief, wish: Wish, dice: Dice) -> Voice | None:
    """Choose the singer; None when nobody sings."""
    default = dice.pick(("female", "male"))
    if brief.singer and brief.lyrics and not brief.instrumental:
        return brief.singer
    if brief.instrumental or wish.is_instrumental or not brief.lyrics:
        return None
    text = singer_words(brief.voice, brief.style)
    return voice_in(text, default=gender_in(text) or default)


def laid_out(
    brief: Brief,
    wish: Wish,
    tempo: float,
    voice: Voice | None,
    *,
    default_s: float | None = None,
) -> tuple[tuple[Part, ...], float, float]:
    """
    Choose the sections, the exact tempo and the length in seconds.

    Lyrics take the time they need where neither *brief* nor *default_s* says.
    """
    stanzas = stanzas_of(brief.lyrics) if brief.lyrics and voice else ()
    segments = tuple((s.kind, s.duration_s) for s in brief.segments)
    duration_s = brief.duration_s or sum(length for _, length in segments)
    if not (duration_s or default_s) and stanzas:
        parts = sung_form(stanzas, bar_length(tempo), None)
        bars = sum(part.bars for part in parts)
        return parts, tempo, round(bars * bar_length(tempo) + _RING_S, 2)
    is_free = not duration_s
    duration_s = duration_s or default_s or DEFAULT_S
    bars = _bars(duration_s, tempo)
    if not wish.tempo:
        tempo = _stretched(tempo, bars, duration_s)
    if is_free:
        duration_s = round(bars * bar_length(tempo) + _RING_S, 2)
    if segments:
        kinds = tuple((kind_of(kind) or "verse", length) for kind, length in segments)
        return timed_form(kinds, bar_length(tempo), bars), tempo, duration_s
    if stanzas:
        return sung_form(stanzas, bar_length(tempo), bars), tempo, duration_s
    return free_form(bars), tempo, duration_s


def _bars(duration_s: float, tempo: float) -> int:
    ring_s = min(_RING_S, duration_s * 0.1)
    return max(1, round((duration_s - ring_s) / bar_length(tempo) - 0.2))


def _stretched(tempo: float, bars: int, duration_s: float) -> float:
    """Bend the tempo by up to 4 % so that the last chord has time to ring."""
    wanted = bars * BEATS * 60.0 / max(0.5, duration_s - min(_RING_S, duration_s / 10))
    return round(min(tempo * 1.04, max(tempo * 0.96, wanted)), 2)


def timeline(
    sheet: Sheet, wish: Wish, duration_s: float
) -> tuple[tuple[Section, ...], tuple[Line, ...]]:
    """Tell the seconds of the sections and of the sung lines."""
    style = wish.style
    clock = Clock(tempo=sheet.tempo, swing=style.swing, step=0.25 * style.swing_steps)
    sections: list[Section] = []
    lines: list[Line] = []
    beat = 0.0
    for number, stretch in enumerate(sheet.stretches):
        is_last = number == len(sheet.stretches) - 1
        end_s = duration_s if is_last else round(clock.seconds(beat + stretch.beats), 6)
        start_s = sections[-1].end_s if sections else 0.0
        sections.append(Section(kind=stretch.kind, start_s=start_s, end_s=end_s))
        lines += [
            Line(
                text=verse.text,
                start_s=round(clock.seconds(beat + verse.start), 3),
                end_s=round(clock.seconds(beat + verse.start + verse.length), 3),
                section=number,
            )
            for verse in stretch.verses
        ]
        beat += stretch.beats
    return tuple(sections), tuple(lines)


def title_for(brief: Brief, sheet: Sheet) -> str:
    """Make a title from the chorus, or from the style."""
    for kind in ("chorus", "verse"):
        for stretch in sheet.stretches:
            if stretch.kind == kind and stretch.verses:
                words = re.findall(r"[\w']+", stretch.verses[0].text)
                return " ".join(words[:4]).title()
    words = re.findall(r"[\w&'-]+", brief.style)
    return " ".join(words[:4]).title() or "Untitled"
