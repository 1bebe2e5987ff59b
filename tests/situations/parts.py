"""The parts that every error must have: tried, seen, what to do, and the money."""

import re

from aiomusic import MusicError

__all__ = ["missing"]

TRIED = (
    r"^(suno\.create|suno task|credits: |POST /|GET /|Clip |The (task|job|session|API)"
    r"|\d+ of \d+ clips|\d+ polls|It costs|<MusicJob|key '|api_key)"
)
SEEN = (
    r"\d{3}|can't|cancelled|holds|was left|raised|costs|has no|came|closed|took|broke"
    r"|no reason|ready|pending|running|failed|stored|link"
)
TO_DO = (
    r"\b(Change|Check|Buy|Renew|Send|Try|[Pp]ut|set|Poll|[Ss]ee|save it again|Ask|Copy"
    r"|Choose|choose|Mend|Raise|Submit|await it)\b"
    r"|\b(job|music)\.\w+\("
)
MONEY = {
    "no": r"Nothing was (sent|charged)|costs nothing|nothing was charged",
    "yes": r"paid for",
    "refunded": r"credits were given back",
    "unknown": r"may have been charged|Look at your balance",
}
# What a function of the user's raised is theirs to know by its class.
BARE = r"(?<!raised )\b[A-Z]\w+(Error|Exception)\b"


def missing(error: MusicError) -> list[str]:
    """Name what an error does not say, in its own words; nothing: it says all."""
    text = str(error)
    parts = {
        "what was tried": TRIED,
        "what was seen": SEEN,
        "what to do": TO_DO,
        "what it means for the money": MONEY[error.charged],
    }
    found = [name for name, part in parts.items() if not re.search(part, text)]
    if re.search(BARE, text):
        found.append("words in place of a class's name")
    return [f"{name}: {text}" for name in found]
