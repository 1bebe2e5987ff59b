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
            f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fbf8f1"/>',
            *_sections(score, scale),
            *bars,
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
        f'<line x1="{section.start_s * scale:.1f}" y1="0" '
        f'x2="{section.start_s * scale:.1f}" y2="{HEIGHT}" stroke="#cfc8b8"/>'
        f'<text x="{section.start_s * scale + 4:.1f}" y="15" font-size="14" '
        f'font-family="sans-serif" fill="#6b6455">{escape(section.kind)}</text>'
        for section in score.sections
    ]


def _words(score: Score, scale: float) -> list[str]:
    # In two rows: a line may be wider than the time in which it is sung.
    return [
        f'<text x="{line.start_s * scale:.1f}" y="{HEIGHT - 23 + 16 * (number % 2)}" '
        f'font-size="13" font-family="sans-serif" fill="#6b6455">'
        f"{escape(line.text)}</text>"
        for number, line in enumerate(score.lines)
    ]
