"""One page out of its parts: markup, style, script and the album, all inline."""

import base64
import hashlib
import json
from collections.abc import Mapping
from html import escape
from importlib import resources
from string import Template
from typing import Final

__all__ = ["MARK", "render_page"]

MARK: Final = '<meta name="generator" content="aiomusic gallery">'
"""What a page has that the next one may replace."""

# Nothing but this page's own script runs, and nothing is fetched from any host.
_POLICY: Final = (
    "default-src 'none'; script-src '{script}'; style-src '{style}';"
    " img-src 'self' file: data:; media-src 'self' file:;"
    " base-uri 'none'; form-action 'none'"
)


def render_page(title: str, model: Mapping[str, object]) -> str:
    """
    Return the page.

    Args:
        title: The album's name.
        model: What the script reads.
    """
    script, style = _part("page.js"), _part("page.css")
    policy = _POLICY.format(script=_digest(script), style=_digest(style))
    return Template(_part("page.html")).substitute(
        mark=MARK,
        policy=escape(policy),
        title=escape(title),
        style=style,
        script=script,
        album=_json(model),
    )


def _json(model: Mapping[str, object]) -> str:
    """Return JSON that no parser of HTML finds an end or a comment in."""
    text = json.dumps(model, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c").replace(">", "\\u003e")


def _digest(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return f"sha256-{base64.b64encode(digest).decode()}"


def _part(name: str) -> str:
    return (resources.files("aiomusic.gallery") / name).read_text(encoding="utf-8")
