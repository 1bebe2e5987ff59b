"""
Cover art: a picture drawn from the song.

Each style has a palette and a scenery; the melody and the seed decide the rest, so
that different songs get different covers.
"""

import importlib.util
import io
import math
from html import escape
from typing import Final

import attrs

from aiomusic.composer._random import SeededRandom
from aiomusic.composer._score import Score, with_start_beats

SIZE: Final = 640
_DEFAULT_PALETTE: Final = ("#20243a", "#5a6ea8", "#f2c14e", "#f7f3e8", "waves")
# Background, middle, accent, highlight, scenery.
_PALETTES: Final = {
    "r&b": ("#2b1230", "#8a2f5d", "#f08a5d", "#ffe3d3", "waves"),
    "pop": ("#ff5d8f", "#ffb3c7", "#ffe45e", "#ffffff", "dots"),
    "lo-fi": ("#3b3a4a", "#7d6b7d", "#e0b089", "#f4e9dc", "windows"),
    "house": ("#0d1b4c", "#3f4fd8", "#ff3cac", "#e6f0ff", "rings"),
    "techno": ("#0a0a0a", "#2e2e2e", "#d7ff3e", "#f0f0f0", "bars"),
    "synthwave": ("#1a0b3b", "#7b2cbf", "#ff4fd8", "#ffd166", "sun"),
    "rock": ("#1c1a19", "#7a1f1f", "#e2572b", "#f2e6d8", "shards"),
    "folk": ("#3d5a45", "#8aa878", "#e9c46a", "#fbf5e6", "hills"),
    "jazz": ("#14213d", "#8c4a2f", "#e5a84b", "#f5ebdc", "shapes"),
    "bossa nova": ("#0f766e", "#5fc9b5", "#ffb25b", "#fff6e5", "waves"),
    "reggae": ("#14532d", "#c62828", "#fbc02d", "#fff8e1", "stripes"),
    "hip hop": ("#101418", "#4b5563", "#f59e0b", "#f3f4f6", "blocks"),
    "ambient": ("#0f2a43", "#4f83a8", "#b8d8e8", "#f2fbff", "mist"),
    "cinematic": ("#0b0f1a", "#33415c", "#c9a227", "#e8e4d8", "peaks"),
    "chiptune": ("#0f380f", "#306230", "#8bac0f", "#e0f8cf", "pixels"),
    "metal": ("#050505", "#3a0d0d", "#b3001b", "#d9d9d9", "shards"),
    "reggaeton": ("#2d0a4e", "#c2187a", "#ffb703", "#fff0f6", "dots"),
    "salsa": ("#7a0c1e", "#e63946", "#ffd23f", "#fff4e0", "rings"),
    "tango": ("#24050a", "#8c1c2b", "#d9a441", "#f7e9dd", "windows"),
    "afrobeat": ("#4a2c0a", "#c8761b", "#2a9d8f", "#fdf1d7", "stripes"),
    "dancehall": ("#003d29", "#00a86b", "#ffdf00", "#fafff0", "bars"),
    "ska": ("#161616", "#6e6e6e", "#fefefe", "#fafafa", "blocks"),
    "drum and bass": ("#06141b", "#11485c", "#00e5a8", "#e6fff8", "peaks"),
    "phonk": ("#12001f", "#4a0072", "#ff0054", "#f5e6ff", "mist"),
    "gospel": ("#2b1a5e", "#6d4fc2", "#ffcb47", "#fffaf0", "sun"),
    "choir": ("#1f2a44", "#6b7fa8", "#d8cfa3", "#fbfaf2", "rings"),
    "chant": ("#1c1712", "#5a4632", "#a98f62", "#f0e6d2", "windows"),
    "waltz": ("#3a2448", "#9a6fb0", "#f3c6d3", "#fff6fb", "dots"),
    "lullaby": ("#1b2b4b", "#5673a6", "#f9e7a5", "#fdfbf1", "sun"),
    "christmas": ("#0b3d20", "#a81c24", "#f4d35e", "#fffef8", "dots"),
    "bollywood": ("#5b0e4e", "#e0457b", "#ffa62b", "#fff3e2", "shapes"),
    "opera": ("#3b0a14", "#9b1b30", "#e8c170", "#fdf3e4", "peaks"),
}


@attrs.frozen(kw_only=True)
class _Shape:
    """A polygon or a circle (one point and a radius) in one colour."""

    points: tuple[tuple[float, float], ...]
    colour: str
    radius: float = 0.0
    opacity: float = 1.0


def draw_cover(score: Score) -> str:
    """Return the cover of *score* as an SVG picture."""
    palette = _PALETTES.get(score.style, _DEFAULT_PALETTE)
    shapes = "\n".join(_svg(shape) for shape in _shapes(score))
    title = escape(score.title[:28])
    small = escape(f"{score.style} · {score.key} · {score.tempo:.0f} bpm")
    return f"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {SIZE} {SIZE}" \
width="{SIZE}" height="{SIZE}" role="img" aria-label="{title}">
<rect width="{SIZE}" height="{SIZE}" fill="{palette[0]}"/>
{shapes}
<text x="40" y="572" font-family="Georgia, serif" font-size="42" fill="{palette[3]}">\
{title}</text>
<text x="42" y="606" font-family="sans-serif" font-size="18" fill="{palette[3]}" \
opacity="0.8">{small}</text>
</svg>
"""


def draw_cover_jpeg(score: Score) -> bytes | None:
    """Return the cover as a JPEG without its text; None if Pillow is missing."""
    if importlib.util.find_spec("PIL") is None:
        return None
    # Pillow is optional, and imported only for a JPEG.
    from PIL import Image, ImageDraw  # noqa: PLC0415

    picture = Image.new(
        "RGB", (SIZE, SIZE), _PALETTES.get(score.style, _DEFAULT_PALETTE)[0]
    )
    draw = ImageDraw.Draw(picture, "RGBA")
    for shape in _shapes(score):
        fill = shape.colour + f"{round(255 * shape.opacity):02x}"
        if shape.radius:
            (x, y), r = shape.points[0], shape.radius
            draw.ellipse((x - r, y - r, x + r, y + r), fill=fill)
        else:
            draw.polygon(shape.points, fill=fill)
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=88)
    return out.getvalue()


def _svg(shape: _Shape) -> str:
    opacity = "" if shape.opacity == 1.0 else f' opacity="{shape.opacity:.2f}"'
    if shape.radius:
        x, y = shape.points[0]
        return (
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{shape.radius:.1f}" '
            f'fill="{shape.colour}"{opacity}/>'
        )
    points = " ".join(f"{x:.1f},{y:.1f}" for x, y in shape.points)
    return f'<polygon points="{points}" fill="{shape.colour}"{opacity}/>'


def _shapes(score: Score) -> list[_Shape]:
    palette = _PALETTES.get(score.style, _DEFAULT_PALETTE)
    rng = SeededRandom(
        "art", score.title, score.spec.seed, score.spec.take, score.tempo
    )
    return [*_scenery(palette, rng), *_melody_dots(score, palette)]


def _scenery(palette: tuple[str, ...], rng: SeededRandom) -> list[_Shape]:
    match palette[4]:
        case "sun" | "rings" | "dots" | "mist":
            return _circles(palette, rng)
        case "hills" | "peaks" | "waves" | "shards":
            return _ridges(palette, rng)
        case _:
            return _boxes(palette, rng)


def _circles(palette: tuple[str, ...], rng: SeededRandom) -> list[_Shape]:
    x, y = rng.uniform(200, 440), rng.uniform(170, 300)
    if palette[4] in ("sun", "rings"):
        disc = [
            _Shape(
                points=((x, y),),
                radius=190.0 - 30 * n,
                colour=palette[1] if n % 2 else palette[2],
                opacity=0.9,
            )
            for n in range(1 if palette[4] == "sun" else 6)
        ]
        bands = [
            _box(0, y + 30 + 26 * n, SIZE, 5 + 3 * n, palette[0]) for n in range(7)
        ]
        return disc + (bands if palette[4] == "sun" else [])
    return [
        _Shape(
            points=((rng.uniform(0, SIZE), rng.uniform(0, 520)),),
            radius=rng.uniform(14, 120),
            colour=palette[1 + n % 3],
            opacity=0.25 if palette[4] == "mist" else 0.8,
        )
        for n in range(16)
    ]


def _ridges(palette: tuple[str, ...], rng: SeededRandom) -> list[_Shape]:
    moon = _Shape(
        points=((rng.uniform(120, 520), rng.uniform(90, 210)),),
        radius=rng.uniform(36, 74),
        colour=palette[2],
    )
    step = 80 if palette[4] in ("peaks", "shards") else 16
    ridges = [moon]
    for layer in range(4):
        height, width = 230 + 75 * layer, rng.uniform(0.006, 0.016)
        phase = rng.uniform(0, 6.3)
        rough = 90 if step > 16 else 0
        top = [
            (
                float(x),
                height + 42 * math.sin(width * x + phase) - rng.uniform(0, rough),
            )
            for x in range(0, SIZE + step, step)
        ]
        points = ((0.0, float(SIZE)), *top, (float(SIZE), float(SIZE)))
        ridges.append(
            _Shape(points=points, colour=palette[1], opacity=0.35 + 0.15 * layer)
        )
    return ridges


def _boxes(palette: tuple[str, ...], rng: SeededRandom) -> list[_Shape]:
    count = {"pixels": 20, "bars": 32, "stripes": 6}.get(palette[4], 9)
    size = SIZE / count
    boxes: list[_Shape] = []
    for column in range(count):
        colour = palette[1 + rng.randint(0, 1)]
        if palette[4] in ("bars", "stripes"):
            height = rng.uniform(80, 480) if palette[4] == "bars" else float(SIZE)
            boxes.append(_box(column * size, 520 - height, 0.7 * size, height, colour))
            continue
        for row in range(int(520 / size)):
            if rng.chance(0.4):
                side = size * rng.uniform(0.6, 0.95)
                shade = palette[1 + rng.randint(0, 2)]
                boxes.append(_box(column * size, row * size, side, side, shade))
    return boxes


def _box(x: float, y: float, width: float, height: float, colour: str) -> _Shape:
    corners = ((x, y), (x + width, y), (x + width, y + height), (x, y + height))
    return _Shape(points=corners, colour=colour, opacity=0.85)


def _melody_dots(score: Score, palette: tuple[str, ...]) -> list[_Shape]:
    """Draw the melody as a row of dots across the picture."""
    notes = [
        (start + note.start, note)
        for start, section in with_start_beats(score.sheet)
        for note in section.melody
    ][:96]
    if not notes:
        return []
    first, last = notes[0][0], notes[-1][0] + notes[-1][1].length
    scale = 560 / max(1.0, last - first)
    low = min(note.pitch for _, note in notes)
    return [
        _Shape(
            points=((40 + (beat - first) * scale, 500 - 11.0 * (note.pitch - low)),),
            radius=2.5 + 3.5 * min(2.0, note.length),
            colour=palette[3],
            opacity=0.85,
        )
        for beat, note in notes
    ]
