"""
The bytes of a reply to JSON, as leniently as can be done without guessing.

A reply to a create is paid for, so what is around its JSON, or missing from it, must
not cost the task's id.
"""

import functools
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final, final
from urllib.parse import parse_qsl, unquote, urlsplit

import attrs

from aiomusic._redact import is_secret

__all__ = ["MAX_BYTES", "Body", "folded", "is_task_id", "read_body", "task_id_in"]

# No reply of the API is nearly so long, as it is sent and as it is decoded.
MAX_BYTES: Final = 2 * 1024 * 1024
MAX_ID_CHARS: Final = 512
# A longer name of a field is not remembered.
MAX_NAME_CHARS: Final = 32
# How far into a reply its JSON may begin, and in how many places it is looked for.
MAX_JUNK_CHARS, MAX_STARTS = 64 * 1024, 32
MAX_NODES, MAX_DEPTH = 10_000, 8
# Lists and objects cost a hundred times their text; no reply of the API has so many.
MAX_CONTAINERS: Final = 100_000
# What a poll shows is kept for as long as its job.
MAX_KEPT_CONTAINERS: Final = 10_000
# How much of a text is read in all, however many places its JSON may begin at.
MAX_READ_CHARS: Final = 4 * 1024 * 1024

_NO_IDS = frozenset(
    {"null", "none", "nil", "undefined", "true", "false", "0", ".", ".."}
)


@final
@attrs.frozen(kw_only=True)
class Body:
    """
    What a reply says.

    Attributes:
        value: Its JSON; None where there is none.
        text: All of it, as text.
        flaw: Why there is no JSON; empty where there is.
    """

    # A server may send back what it was sent, the key too.
    value: object = attrs.field(repr=False)
    text: str = attrs.field(repr=False)
    flaw: str = ""

    @property
    def fields(self) -> Mapping[str, Any]:
        """The JSON object that it is; empty where it is something else."""
        return self.value if isinstance(self.value, dict) else {}

    @property
    def is_page(self) -> bool:
        """Whether it is a web page: somebody else than the service answered."""
        return self.value is None and self.text.lstrip()[:1] == "<"


def read_body(body: bytes, *, is_kept: bool = False) -> Body:
    """
    Read a body; whatever it is, nothing is raised.

    Args:
        is_kept: Whether what it says stays in memory.
    """
    text = _decoded(body)
    start = text.lstrip()[:1]
    most = MAX_KEPT_CONTAINERS if is_kept else MAX_CONTAINERS
    if text.count("[") + text.count("{") > most:
        return Body(value=None, text=text, flaw="it has too many lists and objects")
    try:
        return Body(value=_clean(_DECODER.decode(text), text), text=text)
    except RecursionError:
        return Body(value=None, text=text, flaw="it is nested too deep")
    except ValueError as error:
        flaw = f"it is not JSON ({error})"
    found = _unfinished(text) if start == "{" else None
    found = found or _object_in(text, is_first=start == "{")
    if found is None:
        return Body(value=None, text=text, flaw=flaw)
    return Body(value=_clean(found, text), text=text)


_STARTS: Final = (b"{", b"[")
_DECODER: Final = json.JSONDecoder(strict=False)


def _decoded(body: bytes) -> str:
    if body[:1] in _STARTS and body[1:2] != b"\0":
        # As nearly all are; whatever else it is tells by its first bytes.
        return body.decode(errors="replace")
    encoding = json.detect_encoding(body)
    return body.decode(encoding, errors="replace").removeprefix("\ufeff")


def _unfinished(text: str) -> dict[str, Any] | None:
    """Read an object that lacks but its last bracket; None: it is no such."""
    if text.rstrip()[-1:] not in {'"', "}", "]"}:
        # A number or a word might have gone on.
        return None
    try:
        found = _DECODER.decode(text + "}")
    except (RecursionError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def _object_in(text: str, *, is_first: bool) -> dict[str, Any] | None:
    """
    Find the one JSON object that stands before, or after, what is no JSON.

    What has other text on both sides is a page's, and not the service's.
    """
    left = MAX_READ_CHARS
    for place in _starts(text):
        try:
            found, end = _DECODER.raw_decode(text, place)
        except RecursionError:
            continue
        except json.JSONDecodeError as error:
            left -= error.pos - place
            if left < 0:
                return None
            continue
        except ValueError:
            # A number of too many digits.
            return None
        if found and (is_first or not text[end:].strip()):
            assert isinstance(found, dict)
            return found
        if is_first:
            return None
    return None


def _starts(text: str) -> Iterator[int]:
    place = text.find("{", 0, MAX_JUNK_CHARS)
    for _ in range(MAX_STARTS):
        if place < 0:
            return
        yield place
        place = text.find("{", place + 1, MAX_JUNK_CHARS)


def _clean(value: object, text: str) -> object:
    """Replace halves of characters, which no file and no database takes."""
    is_plain = text.isascii() and "\\u" not in text
    return value if is_plain or not _HALF.search(text) else _whole(value)


_HALF: Final = re.compile(r"\\u[dD][89a-fA-F]|[\ud800-\udfff]")


def _whole(value: object) -> object:
    match value:
        case str():
            return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        case list():
            return [_whole(one) for one in value]
        case dict():
            return {str(_whole(name)): _whole(one) for name, one in value.items()}
        case _:
            return value


def folded(raw: object) -> dict[str, Any]:
    """Return an object's fields by names without case and separators."""
    found: dict[str, Any] = {}
    if isinstance(raw, dict):
        for name, value in raw.items():
            plain = _fold(name)
            if found.get(plain) is None:
                found[plain] = value
    return found


def _fold(name: str) -> str:
    # Names are few, unless somebody makes them up.
    return _folded(name) if len(name) <= MAX_NAME_CHARS else _folded.__wrapped__(name)


@functools.lru_cache(maxsize=512)
def _folded(name: str) -> str:
    return name.replace("_", "").replace("-", "").lower()


# The id of a task.


def is_task_id(text: str) -> bool:
    """Check whether a text can name a task: it can be sent, kept and shown."""
    if not 0 < len(text) <= MAX_ID_CHARS or text != text.strip():
        return False
    # What is left of bytes that could not be read names nothing.
    is_plain = text.isprintable() and "\ufffd" not in text
    # An id is logged, kept and asked for, so a secret of the session can't be one.
    return is_plain and text.lower() not in _NO_IDS and not is_secret(text)


def _id_from(value: object) -> str | None:
    """Read an id, which comes as text or as a whole number."""
    is_number = isinstance(value, int) and not isinstance(value, bool)
    text = str(value) if is_number else value
    if not isinstance(text, str):
        return None
    text = text.strip()
    return text if is_task_id(text) else None


def task_id_in(
    body: Body, headers: Mapping[str, str], *, is_yes: bool, is_no: bool
) -> str | None:
    """
    Find the one task that a reply to a create names.

    Args:
        body: What it says.
        headers: Its headers.
        is_yes: Whether it says yes, so that any id in it is the task's.
        is_no: Whether it refuses, so that only what is named as a task's id counts.

    Returns:
        The id; None if there is none, or more than one.
    """
    named = _named(body.value) if body.value is not None else _named_in(body.text)
    if named or is_no:
        return named.pop() if len(named) == 1 else None
    others = _wrapped(body.value)
    if is_yes:
        others = others or _bare(body) or _located(headers)
    return others.pop() if len(others) == 1 else None


def _named(value: object) -> set[str]:
    """Return what stands under ``task_id``, however spelled, nearest to the top."""
    nodes, count = [value], 0
    for _ in range(MAX_DEPTH):
        below: list[object] = []
        found: set[str] = set()
        for node in nodes:
            count += 1
            if count > MAX_NODES:
                return set()
            found |= _named_here(node)
            below += _below(node)
        if found or not below:
            return found
        nodes = below
    return set()


def _named_here(node: object) -> set[str]:
    if not isinstance(node, dict):
        return set()
    found: set[str | None] = set()
    for name, value in node.items():
        if _fold(name) in _NAMES:
            found |= set(map(_id_from, value if isinstance(value, list) else [value]))
    return {one for one in found if one is not None}


_NAMES: Final = frozenset({"taskid", "taskids", "xtaskid"})


def _below(node: object) -> list[object]:
    match node:
        case dict():
            inner = list(node.values())
        case list():
            inner = node
        case str() if node.lstrip()[:1] == "{":
            # Some put JSON into JSON.
            inner = [read_body(node.encode(errors="replace")).value]
        case _:
            return []
    return [one for one in inner if isinstance(one, (dict, list, str))]


_WRAPPERS: Final = ("data", "result", "response", "task", "output")
_UUID_FORM: Final = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"


def _wrapped(value: object) -> set[str]:
    """Return the id of what the reply wraps, and of no deeper thing."""
    fields = folded(value)
    found: set[str] = set()
    for inner in map(fields.get, _WRAPPERS):
        if isinstance(inner, dict):
            found |= {one for one in [_id_from(folded(inner).get("id"))] if one}
        elif isinstance(inner, str):
            found |= _uuid(inner)
    return found


def _bare(body: Body) -> set[str]:
    """Return the UUID that is all that a reply says, or the id of all of it."""
    value = body.text if body.value is None else body.value
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    return _uuid(folded(value).get("id") if isinstance(value, dict) else value)


def _uuid(value: object) -> set[str]:
    text = value.strip(" \t\r\n\"'`;") if isinstance(value, str) else ""
    return {text} if re.fullmatch(_UUID_FORM, text, re.IGNORECASE) else set()


def _named_in(text: str) -> set[str]:
    """Return what stands under ``task_id`` in a text that is no whole JSON."""
    found = {
        one["text"] or one["number"] or one["cut"]
        for one in re.finditer(_NAMED, text, re.IGNORECASE)
    }
    found |= set(re.findall(_NAMED_UUID, text, re.IGNORECASE))
    return {one for one in map(_id_from, found) if one is not None}


# Compiled when the first odd reply comes: that takes longer than most imports.
_NAMED: Final = (
    r"\\?\"task[_-]?id\\?\"\s{0,9}:\s{0,9}"
    rf"(?:\\?\"(?P<text>[^\"\\]{{1,{MAX_ID_CHARS}}})\\?\""
    # A text that ends in an id is cut after it only if the id is whole by its form.
    rf"|(?P<number>\d{{1,40}})[,}}\s]|\\?\"(?P<cut>{_UUID_FORM})\Z)"
)
# In whatever is no JSON (XML, a form, YAML, a dump) a name is followed by its value,
# with no word between the two; what is no UUID might be anything there.
_NAMED_UUID: Final = (
    r"(?<![a-z])task[_-]?ids?"
    r"(?:&(?:quot|apos|gt|\#\d{1,4}|\#x[0-9a-f]{1,4});|\\u00[0-9a-f]{2}"
    r"|string\(\d{1,4}\)|[^0-9a-z&\\]|\\){1,40}?"
    rf"({_UUID_FORM})(?![0-9a-z-])"
)


def _located(headers: Mapping[str, str]) -> set[str]:
    """Return the task that a reply's headers name, or the one at their address."""
    found = _named_here(dict(headers))
    for name in ("location", "content-location"):
        try:
            parts = urlsplit(headers.get(name, ""))
        except ValueError:
            continue
        found |= _named_here(dict(parse_qsl(parts.query)))
        place = _TASK_PATH.search(parts.path)
        found |= {one for one in [place and _id_from(unquote(place[1]))] if one}
    return found


_TASK_PATH: Final = re.compile(r"/tasks?/([^/]{1,512})/?$")
