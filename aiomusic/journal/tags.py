"""How what a job is tagged with reads as text: by it, ceilings are kept."""

import hashlib
import json
from typing import Final

__all__ = ["tag_text"]

# Longer ones are told apart by their digests: a database's index has no room for them.
MAX_TEXT: Final = 200


def tag_text(value: object) -> str:
    """Return a value as the text that it is counted under: 17 and "17" are one."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    text = value if isinstance(value, str) else json.dumps(value, sort_keys=True)
    if not _is_storable(text):
        text = json.dumps(text)
    if len(text) <= MAX_TEXT:
        return text
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


def _is_storable(text: str) -> bool:
    """Check whether every database can hold a text."""
    return "\0" not in text and not any("\ud800" <= one <= "\udfff" for one in text)
