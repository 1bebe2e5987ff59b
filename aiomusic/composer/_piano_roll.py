"""A piano roll: a picture of every note by time and pitch."""

from html import escape
from typing import Final

from aiomusic.composer._score import Note, Score

WIDTH: Final = 960
HEIGHT: Final = 280
_TOP: Final = 24
_BOTTOM: Final = HEIGHT - 50
_HEAD: Final = (
    '<svg xmlns="http://www.w3.org/2000/svg" '
    f'viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{{}}">'
)
_STYLE: Final = (
    "<style>"
    ".ground{fill:#fbf8f1}.text{fill:#6b6455;font:13px sans-serif}"
    ".line{stroke:#cfc8b8}"
    "@media(prefers-color-scheme:dark){"
    ".ground{fill:#1b1914}.text{fill:#b5ac9b}.line{stroke:#4a4336}"
    ".notes{filter:brightness(1.25)}}"
    "</style>"
)
_LETTER: Final = 7.2
"""The width of a letter, rather too wide than too narrow; others are twice as wide."""
TRACK_COLOURS: Final = {
    "voice": "#d1495b",
    "harmony": "#edae49",
    "lead": "#e8743b",
    "bass": "#30638e",
    "chords": "#00798c",
    "pad": "#9fc9c0",
    "arp": "#8d6a9f",
    "counter": "#b5838d",
    "drums": "#5c5c5c",
}


def draw_piano_roll(score: Score) -> str:
    """
    Return *score* as a piano roll with sections and lyrics, in SVG.

    Drums have a row of their own at the bottom.
    """
    scale = WIDTH / score.duration_s
    pitched = [t for t in score.tracks if t.role != "drums"]
    pitches = [note.pitch for track in pitched for note in track.notes] or [60]
    low, high = min(pitches), max(pitches)
    step = (_BOTTOM - _TOP) / (high - low + 2)
    bars: list[str] = []
    for track in sorted(score.tracks, key=lambda track: track.role == "voice"):
        colour = TRACK_COLOURS.get(track.role, "#888888")
        for note in track.notes:
            y = _BOTTOM - (note.pitch - low + 1) * step
            if track.role == "drums":
                y = _BOTTOM + 2 + note.pitch % 6
            bars.append(_bar(note, y, scale, max(2.0, step), colour))
    return "\n".join(
        [
            _HEAD.format(escape(score.title)),
            _STYLE,
            f'<rect class="ground" width="{WIDTH}" height="{HEIGHT}"/>',
            *_sections(score, scale),
            '<g class="notes">',
            *bars,
            "</g>",
            *_words(score, scale),
            "</svg>\n",
        ]
    )


def _bar(note: Note, y: float, scale: float, height: float, colour: str) -> str:
    width = max(1.0, note.length_s * scale - 0.5)
    return (
        f'<rect x="{note.start_s * scale:.1f}" y="{y:.1f}" width="{width:.1f}" '
        f'height="{height:.1f}" fill="{colour}" '
        f'opacity="{0.35 + 0.6 * note.velocity:.2f}"/>'
    )


def _sections(score: Score, scale: float) -> list[str]:
    return [
        f'<line class="line" x1="{section.start_s * scale:.1f}" y1="0" '
        f'x2="{section.start_s * scale:.1f}" y2="{HEIGHT}"/>'
        + _text(
            section.kind,
            section.start_s * scale + 4,
            15,
            (section.end_s - section.start_s) * scale - 4,
        )
        for section in score.sections
    ]


def _words(score: Score, scale: float) -> list[str]:
    # In two rows: a line may be wider than the time in which it is sung.
    starts = [line.start_s * scale for line in score.lines]
    ends = [*starts[2:], WIDTH, WIDTH]
    return [
        _text(line.text, start, HEIGHT - 23 + 16 * (number % 2), end - start)
        for number, (line, start, end) in enumerate(
            zip(score.lines, starts, ends, strict=False)
        )
    ]


def _text(text: str, x: float, y: float, width: float) -> str:
    """Return a text, cut to a width; without room, none."""
    fitting = _fitting(text, width)
    if not fitting:
        return ""
    return f'<text class="text" x="{x:.1f}" y="{y}">{escape(fitting)}</text>'


def _fitting(text: str, width: float) -> str:
    passed = 0.0
    for number, letter in enumerate(text):
        passed += _LETTER * (1 if letter.isascii() else 2)
        if passed > width:
            kept = text[: max(0, number - 1)].rstrip()
            return f"{kept}…" if kept else ""
    return text
