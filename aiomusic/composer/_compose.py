"""The composer: turns a spec into a score; all randomness comes from its seed."""

import re
from typing import Final

import attrs

from aiomusic.composer._arrange import Band, perform
from aiomusic.composer._form import (
    Part,
    bar_length,
    free_form,
    sung_form,
    timed_form,
)
from aiomusic.composer._lead_sheet import lead_sheet_writer
from aiomusic.composer._lyrics import short_lyrics, write_lyrics
from aiomusic.composer._prompt import ParsedPrompt, parse_length_s, parse_prompt
from aiomusic.composer._random import SeededRandom
from aiomusic.composer._score import (
    LeadSheet,
    Line,
    Score,
    Section,
    Span,
)
from aiomusic.composer._spec import SongSpec
from aiomusic.composer._strays import followed
from aiomusic.composer._tempo_map import TempoMap
from aiomusic.composer._text import parse_stanzas, section_kind
from aiomusic.composer._theory import Key
from aiomusic.composer._voice import Voice, parse_gender, parse_voice, voice_description

_RING_OUT_S: Final = 1.7
_SHORT_SONG_S: Final = 32.0


def compose(spec: SongSpec) -> Score:
    """
    Compose and arrange the song that *spec* describes.

    Equal specs give equal scores on every machine.
    """
    rng = SeededRandom("idea", spec.seed, spec.style)
    prompt = parse_prompt(spec.style, rng, spec.avoid)
    if spec.duration_s is None and not spec.segments:
        spec = attrs.evolve(spec, duration_s=parse_length_s(spec.style))
    is_open = spec.lyrics is None and spec.duration_s is None
    spec = _with_lyrics(spec, prompt)
    key = key_for(prompt, rng)
    tempo = tempo_for(prompt, rng, spec.closeness)
    voice = voice_for(spec, prompt, rng)
    parts, tempo, duration_s = plan_sections(
        spec, prompt, tempo, voice, default_s=spec.usual_s if is_open else None
    )
    sheet = lead_sheet_writer(spec, prompt, key, voice).sheet(parts, tempo)
    return build_score(sheet, spec, prompt, voice, duration_s)


def _with_lyrics(spec: SongSpec, prompt: ParsedPrompt) -> SongSpec:
    """Write lyrics, unless *spec* has some or nobody sings."""
    is_unsung = spec.instrumental or prompt.is_instrumental or bool(spec.segments)
    if spec.lyrics is not None or is_unsung:
        return spec
    subject = spec.subject or spec.style
    if (spec.duration_s or spec.usual_s) <= _SHORT_SONG_S:
        words = short_lyrics(subject, seed=spec.seed)
    else:
        words = write_lyrics(subject, seed=spec.seed, versions=1)[0]
    return attrs.evolve(spec, lyrics=words.lyrics, title=spec.title or words.title)


def build_score(
    sheet: LeadSheet,
    spec: SongSpec,
    prompt: ParsedPrompt,
    voice: Voice | None,
    duration_s: float,
) -> Score:
    """Arrange *sheet* and build the score."""
    performance = perform(sheet, band_for(spec, prompt, voice), duration_s)
    sections, lines = timeline(sheet, prompt, duration_s)
    return Score(
        title=spec.title or title_for(spec, sheet),
        style=prompt.style.name,
        style_word=prompt.style_word,
        tempo=sheet.tempo,
        key=sheet.key,
        sections=sections,
        lines=lines,
        sheet=sheet,
        spans=(Span(source=performance, start_s=0.0, end_s=duration_s),),
        voice=voice,
        spec=spec,
    )


def band_for(spec: SongSpec, prompt: ParsedPrompt, voice: Voice | None) -> Band:
    """Return the band for *spec*."""
    rng = SeededRandom("closeness", spec.seed, prompt.style.name)
    style = followed(prompt.style, spec.closeness, rng)
    return Band(
        style=attrs.evolve(style, voice_db=style.voice_db + spec.voice_db),
        variant=spec.variant,
        seed=spec.seed,
        take=spec.take,
        voice=voice,
        instruments=prompt.instruments,
    )


def key_for(prompt: ParsedPrompt, rng: SeededRandom) -> Key:
    """Choose the key, within the limits of the prompt."""
    tonic = rng.randint(0, 11)
    mode = rng.choice(prompt.style.modes)
    if prompt.key:
        return prompt.key
    if prompt.is_minor is not None:
        fitting = [m for m in prompt.style.modes if Key(tonic=0, mode=m).is_minor]
        others = [m for m in prompt.style.modes if m not in fitting]
        chosen = (fitting or ["minor"]) if prompt.is_minor else (others or ["major"])
        mode = chosen[0]
    elif prompt.tonic is not None and "major" in prompt.style.modes:
        mode = "major"
    if prompt.tonic is not None:
        tonic = prompt.tonic
    return Key(tonic=tonic, mode=mode)


def tempo_for(prompt: ParsedPrompt, rng: SeededRandom, closeness: float) -> float:
    """Choose the tempo in beats per minute, within the limits of the prompt."""
    low, high = prompt.style.tempo
    spread = 2 * (rng.uniform(0.2, 0.8) - 0.5) * (1 - closeness)
    fraction = 0.5 + spread + 0.35 * prompt.tempo_bias
    if prompt.tempo:
        return prompt.tempo
    return round(low + (high - low) * min(1.0, max(0.0, fraction)), 1)


def voice_for(spec: SongSpec, prompt: ParsedPrompt, rng: SeededRandom) -> Voice | None:
    """Choose the voice; None if nobody sings."""
    default = rng.choice(("female", "male"))
    if spec.singer and spec.lyrics and not spec.instrumental:
        return spec.singer
    if spec.instrumental or prompt.is_instrumental or not spec.lyrics:
        return None
    text = voice_description(spec.voice, spec.style)
    unwanted = parse_gender(spec.avoid)
    if default == unwanted:
        default = "male" if unwanted == "female" else "female"
    gender = parse_gender(text) or default
    return parse_voice(f"{text} {prompt.style.singer}", default=gender)


def plan_sections(
    spec: SongSpec,
    prompt: ParsedPrompt,
    tempo: float,
    voice: Voice | None,
    *,
    default_s: float | None = None,
) -> tuple[tuple[Part, ...], float, float]:
    """
    Choose the sections, the exact tempo and the length in seconds.

    Without a length in *spec* or *default_s*, the lyrics decide the length.
    """
    stanzas = parse_stanzas(spec.lyrics) if spec.lyrics and voice else ()
    segments = tuple((s.kind, s.duration_s) for s in spec.segments)
    duration_s = spec.duration_s or sum(length for _, length in segments)
    meter = prompt.style.meter
    if not (duration_s or default_s) and stanzas:
        parts = sung_form(stanzas, bar_length(tempo, meter), None)
        bars = sum(part.bars for part in parts)
        return parts, tempo, round(bars * bar_length(tempo, meter) + _RING_OUT_S, 2)
    is_free = not duration_s
    duration_s = duration_s or default_s or spec.usual_s
    bars = _bars(duration_s, bar_length(tempo, meter))
    if not prompt.tempo:
        fitted = _fitted_tempo(tempo, bars * meter, duration_s)
        # A genre keeps its tempo: drum and bass is never below 170.
        tempo = _between(fitted, *sorted((tempo, *prompt.style.tempo))[::2])
    bar_s = bar_length(tempo, meter)
    if is_free:
        duration_s = round(bars * bar_s + _RING_OUT_S, 2)
    if segments:
        kinds = tuple(
            (section_kind(kind) or "verse", length) for kind, length in segments
        )
        return timed_form(kinds, bar_s, bars), tempo, duration_s
    if stanzas:
        return sung_form(stanzas, bar_s, bars), tempo, duration_s
    return free_form(bars), tempo, duration_s


def _bars(duration_s: float, bar_s: float) -> int:
    ring_s = min(_RING_OUT_S, duration_s * 0.1)
    return max(1, round((duration_s - ring_s) / bar_s - 0.2))


def _between(value: float, low: float, high: float) -> float:
    return min(high, max(low, value))


def _fitted_tempo(tempo: float, beats: int, duration_s: float) -> float:
    """Adjust the tempo by up to 4 % so that the last chord has time to ring out."""
    ring_s = min(_RING_OUT_S, duration_s / 10)
    fitted = beats * 60.0 / max(0.5, duration_s - ring_s)
    return round(min(tempo * 1.04, max(tempo * 0.96, fitted)), 2)


def timeline(
    sheet: LeadSheet, prompt: ParsedPrompt, duration_s: float
) -> tuple[tuple[Section, ...], tuple[Line, ...]]:
    """Return the sections and the sung lines with their times in seconds."""
    style = prompt.style
    tempo_map = TempoMap(
        tempo=sheet.tempo, swing=style.swing, step=0.25 * style.swing_steps
    )
    sections: list[Section] = []
    lines: list[Line] = []
    beat = 0.0
    for number, sheet_section in enumerate(sheet.sections):
        is_last = number == len(sheet.sections) - 1
        end_s = (
            duration_s
            if is_last
            else round(tempo_map.seconds(beat + sheet_section.beats), 6)
        )
        start_s = sections[-1].end_s if sections else 0.0
        sections.append(Section(kind=sheet_section.kind, start_s=start_s, end_s=end_s))
        lines += [
            Line(
                text=sheet_line.text,
                start_s=round(tempo_map.seconds(beat + sheet_line.start), 3),
                end_s=round(
                    tempo_map.seconds(beat + sheet_line.start + sheet_line.length), 3
                ),
                section=number,
            )
            for sheet_line in sheet_section.lines
        ]
        beat += sheet_section.beats
    return tuple(sections), tuple(lines)


def title_for(spec: SongSpec, sheet: LeadSheet) -> str:
    """Return a title made of the first words of the chorus, or of the style."""
    for kind in ("chorus", "verse"):
        for sheet_section in sheet.sections:
            if sheet_section.kind == kind and sheet_section.lines:
                words = re.findall(r"[\w']+", sheet_section.lines[0].text)
                return " ".join(words[:4]).title()
    words = re.findall(r"[\w&'-]+", spec.style)
    return " ".join(words[:4]).title() or "Untitled"
