"""
What a stranger may put where a value is expected, and the secrets that may not leak.

A value is the JSON text itself, in pieces, as much of it is no JSON that an encoder
would write, or too long to hold.
"""

import base64
import json
import urllib.parse
from collections.abc import Iterator, Sequence
from typing import Any, Final, final

import attrs

__all__ = [
    "KEY",
    "OLD_KEY",
    "SECRETS",
    "VALUES",
    "WEBHOOK_SECRET",
    "Value",
    "echoes",
    "leaks",
    "mutations",
]

KEY: Final = "sk-Live/7f3a+9b2c4d8e==Zq"
OLD_KEY: Final = "sk-Older/51c0+77aa2e9f==Rt"
WEBHOOK_SECRET: Final = "whsec/Qm4+19zd88Lk==uB"
SECRETS: Final = (KEY, OLD_KEY, WEBHOOK_SECRET)

DEPTH: Final = 10_000
CHUNK: Final = b"x" * 65_536
TEN_MB: Final = (CHUNK,) * 160


@final
@attrs.frozen
class Value:
    """A value by its name, and its JSON text in pieces."""

    name: str
    pieces: tuple[bytes, ...]

    @property
    def size(self) -> int:
        return sum(map(len, self.pieces))


def _value(name: str, *pieces: bytes) -> Value:
    return Value(name, pieces)


VALUES: Final[tuple[Value, ...]] = (
    *(
        _value(text, text.encode())
        for text in (
            *("null", '""', "0", "-1", "1e400", "-1e400", "1.5", "NaN", "-Infinity"),
            *("true", "false", "[]", "{}", "[null]", "[[]]", '{"a": {}}', "[1e400]"),
            *('"null"', '" "', '"-1"', '"1e400"', '"NaN"', '"²"', '"٣"', '"45%"'),
            *('"http://["', '"//"', '".."', '"%2e%2e"', '"javascript:0"', '"200"'),
            *('"failed"', '"succeeded"', '"running"', "500", "202", "403", "1e3"),
            *('"0000-00-00"', '"9999-12-31T23:59:59Z"', '["a", "b"]', '[{"a": 1}]'),
            *('"http://127.0.0.1:99999/"', '"https://e.org/\\ud800"', '"a\\u202eb"'),
        )
    ),
    _value("2**63", b"%d" % 2**63),
    _value("10**400", b"1" + b"0" * 400),
    _value("10**5000", b"1" + b"0" * 5000),
    _value("a lone surrogate", b'"\\ud800"'),
    _value("a pair the wrong way round", b'"\\udc00\\ud800"'),
    _value("bytes of a surrogate", b'"\xed\xa0\x80"'),
    _value("no UTF-8", b'"\xff\xfe"'),
    _value("NUL", b'"\\u0000"'),
    _value("a raw NUL", b'"a\x00b"'),
    _value("escapes of a terminal", b'"\\u001b[2J\\u001b]0;x\\u0007"'),
    _value("line ends", b'"a\\nERROR forged\\r\\u2028b"'),
    _value("nothing at all", b""),
    _value("half a text", b'"half'),
    _value("lists, deep", b"[" * DEPTH, b"]" * DEPTH),
    _value("objects, deep", b'{"a":' * DEPTH, b"1", b"}" * DEPTH),
    _value("JSON in JSON", b'"' + b"{\\u0022a\\u0022:" * 1000 + b'"'),
    _value("100 kB", b'"' + b"A" * 100_000 + b'"'),
    _value("not not not", b'"' + b"not credits " * 8_000 + b'"'),
    _value("10 MB", b'"', *TEN_MB, b'"'),
    _value("10 MB of lists", b"[", *(b"[1]," * 16_384,) * 160, b"0]"),
    _value("30,000 clips", b"[", *(b'{"state":1},' * 10_000,) * 3, b"{}]"),
    _value("10,000 names", b"{", *(b'"n%d":[],' % n for n in range(10_000)), b'"":0}'),
)


def _each(form: str, secret: str) -> bytes:
    return "".join(form.format(ord(char)) for char in secret).encode()


def _spelled(secret: str) -> Iterator[tuple[str, bytes]]:
    yield "plain", secret.encode()
    yield "escaped", _each("\\u{:04x}", secret)
    yield "UTF-16", secret.encode("utf-16-le")
    yield "base64", base64.b64encode(secret.encode())
    yield "basic", base64.b64encode(f"user:{secret}".encode())
    yield "quoted", urllib.parse.quote(secret, safe="").encode()
    yield "percent", _each("%{:02x}", secret)
    yield "hex", secret.encode().hex().encode()


def echoes() -> Iterator[Value]:
    """Yield values that repeat a secret, in every spelling."""
    names = ("the key", "the older key", "the webhook secret")
    for name, secret in zip(names, SECRETS, strict=True):
        for form, text in _spelled(secret):
            yield _value(f"{name}, {form}", b'"is ', text, b'"')
            if form == "plain":
                yield _value(f"{name}, alone", b'"' + text + b'"')


# What must be found nowhere: each secret's start and end, however they are spelled.


def _forms(part: str) -> Iterator[bytes]:
    yield part.encode()
    yield part.encode("utf-16-le")[:-1]
    yield "\\x00".join(part).encode()
    yield "\\u0000".join(part).encode()
    yield _each("\\u{:04x}", part)
    yield _each("\\\\u{:04x}", part)
    yield _each("%{:02x}", part)
    yield urllib.parse.quote(part, safe="").encode()
    yield part.encode().hex().encode()
    for shift in range(3):
        whole = base64.b64encode(b"-" * shift + part.encode())
        # What the neighbours share in is not the part's alone.
        yield whole[2 * shift and shift + 1 : len(part) * 4 // 3 - 2]


_FORMS: Final = tuple(
    {
        form.lower()
        for secret in SECRETS
        for part in (secret[:14], secret[-14:])
        for form in _forms(part)
    }
)


def leaks(seen: bytes) -> list[bytes]:
    """Return the spellings of secrets that stand in what was seen."""
    lower = seen.lower()
    return [form for form in _FORMS if form in lower]


# A value in place of each of a body's own.

_HOLE = "@@hole@@"


def mutations(body: object, values: Sequence[Value]) -> Iterator[tuple[str, Value]]:
    """Yield a body's whole texts, with each of its values replaced by each of these."""
    for place in _places(body):
        before, _, after = (
            json.dumps(_replaced(body, place))
            .encode()
            .partition(b'"%s"' % _HOLE.encode())
        )
        for value in values:
            name = f"{''.join(f'[{one!r}]' for one in place) or 'all'} = {value.name}"
            yield name, Value(name, (before, *value.pieces, after))
        if place:
            rest = json.dumps(_without(body, place)).encode()
            yield f"no {place[-1]!r}", Value("missing", (rest,))


def _places(body: object, place: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield place
    inner: Iterator[tuple[Any, Any]] = iter(())
    if isinstance(body, dict):
        inner = iter(body.items())
    elif isinstance(body, list):
        inner = iter(list(enumerate(body))[:1])
    for name, value in inner:
        yield from _places(value, (*place, name))


def _replaced(body: Any, place: tuple[Any, ...]) -> Any:
    if not place:
        return _HOLE
    name, *rest = place
    copied = dict(body) if isinstance(body, dict) else list(body)
    copied[name] = _replaced(body[name], tuple(rest))
    return copied


def _without(body: Any, place: tuple[Any, ...]) -> Any:
    name, *rest = place
    copied = dict(body) if isinstance(body, dict) else list(body)
    if rest:
        copied[name] = _without(body[name], tuple(rest))
    else:
        del copied[name]
    return copied
