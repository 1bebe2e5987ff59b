"""How values show themselves in a notebook: small pieces of HTML, all text escaped."""

from collections.abc import Iterable
from html import escape
from urllib.parse import urlsplit

from aiomusic._redact import kept

__all__ = ["details", "facts", "frame", "player", "stack"]


def _text(value: object) -> str:
    return escape(str(kept(str(value))))


def _web(url: str | None) -> str | None:
    """Return an address for an attribute, if a browser may fetch it."""
    is_web = url is not None and urlsplit(url).scheme in {"http", "https"}
    return _text(url) if is_web else None


def facts(title: str, *told: object) -> str:
    """Return one line: a title, and what is told of it, but for what is None."""
    rest = " · ".join(_text(one) for one in told if one is not None)
    return f"<div><strong>{_text(title)}</strong> {rest}</div>"


def player(title: str, *told: object, audio_url: str | None, image: str | None) -> str:
    """Return a clip: its line, its cover, and controls to hear it."""
    cover, source = _web(image), _web(audio_url)
    picture = (
        ""
        if cover is None
        else f'<img src="{cover}" alt="" width="64" height="64" loading="lazy">'
    )
    audio = (
        ""
        if source is None
        else f'<audio controls preload="none" src="{source}"></audio>'
    )
    line = facts(title, *told)
    style = "display:flex;gap:.75em;align-items:center;margin:.25em 0"
    return f'<div style="{style}">{picture}<div>{line}{audio}</div></div>'


def details(summary: str, text: str) -> str:
    """Return long text that is folded away."""
    return (
        f"<details><summary>{_text(summary)}</summary>"
        f'<pre style="white-space:pre-wrap">{_text(text)}</pre></details>'
    )


def frame(path: str, title: str) -> str:
    """Return a page beside the notebook, inside it."""
    source, name = _text(path), _text(title)
    return (
        f'<div><a href="{source}">{name}</a></div>'
        f'<iframe src="{source}" title="{name}" width="100%" height="480"></iframe>'
    )


def stack(parts: Iterable[str]) -> str:
    """Return pieces below each other."""
    return f"<div>{''.join(parts)}</div>"
