"""What is shown holds no secret in any spelling, and nothing that a terminal obeys."""

import base64
import html
import io
import json
import logging
import urllib.parse
from collections.abc import Callable, Iterator

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiomusic import (
    Clip,
    ClipState,
    InvalidRequest,
    JobFailed,
    MusicError,
    _redact,
    suno,
)
from aiomusic._http.wire import Reply, read_created
from aiomusic._log import log
from aiomusic._redact import HIDDEN, MAX_CHARS, hide, is_secret, kept, shown
from aiomusic._spelling import shown as in_short
from aiomusic.providers._replies import state_words

KEY = "sk-Live/7f3a\"9b+2c4d&8e=='Zq"


@pytest.fixture(autouse=True)
def secrets() -> Iterator[None]:
    before = dict(_redact._secrets)
    _redact._secrets.clear()
    hide(KEY)
    yield
    _redact._secrets.clear()
    _redact._secrets.update(before)


def each(form: str) -> Callable[[str], str]:
    return lambda key: "".join(form.format(ord(char)) for char in key)


SPELLINGS: dict[str, Callable[[str], str]] = {
    "plain": str,
    "upper case": str.upper,
    "JSON": lambda key: json.dumps(key)[1:-1],
    "JSON twice": lambda key: json.dumps(json.dumps(key))[3:-3],
    "JSON with slashes": lambda key: json.dumps(key)[1:-1].replace("/", "\\/"),
    "u escapes": each("\\u{:04x}"),
    "u escapes, upper": each("\\u{:04X}"),
    "u escapes twice": each("\\\\u{:04x}"),
    "U escapes": each("\\U{:08x}"),
    "braces": each("\\u{{{:04x}}}"),
    "x escapes": each("\\x{:02x}"),
    "octal": each("\\{:03o}"),
    "some escaped": lambda key: key[:3] + each("\\u{:04x}")(key[3:5]) + key[5:],
    "quoted": urllib.parse.quote,
    "quoted twice": lambda key: urllib.parse.quote(urllib.parse.quote(key)),
    "percent": each("%{:02X}"),
    "entities": html.escape,
    "decimal entities": each("&#{};"),
    "hex entities": each("&#x{:x};"),
    "long entities": each("&#000{};"),
    "utf-16-le": lambda key: key.encode("utf-16-le").decode(),
    "utf-16-be": lambda key: key.encode("utf-16-be").decode(),
    "utf-16 as it is read": lambda key: key.encode("utf-16").decode(errors="replace"),
    "utf-16 repr": lambda key: repr(key.encode("utf-16-le").decode()),
    "utf-32": lambda key: key.encode("utf-32-le").decode(),
    "repr": repr,
    "repr of bytes": lambda key: repr(key.encode()),
    "after a percent sign": lambda key: f"%{key}",
    "twice": lambda key: key + key,
    "hex": lambda key: key.encode().hex(),
    "HEX": lambda key: key.encode().hex().upper(),
    "base64": lambda key: base64.b64encode(key.encode()).decode(),
    "base64 after one": lambda key: base64.b64encode(b"a" + key.encode()).decode(),
    "base64 after two": lambda key: base64.b64encode(b"ab" + key.encode()).decode(),
    "base64 before more": lambda key: base64.b64encode(key.encode() + b"ab").decode(),
    "base64 of addresses": lambda key: base64.urlsafe_b64encode(key.encode()).decode(),
}


@pytest.mark.parametrize("spell", SPELLINGS.values(), ids=SPELLINGS.keys())
def test_a_secret_is_hidden_in_every_spelling(spell: Callable[[str], str]) -> None:
    """What stands around it is left, in the text and in an error of it."""
    found = shown(f"before {spell(KEY)} after")

    assert found.startswith("before ")
    assert found.endswith(" after")
    assert HIDDEN in found
    # Six characters in a row of it are nowhere, however they are spelled.
    plain, _ = _redact._plain(found)
    assert not [n for n in range(len(KEY) - 5) if KEY[n : n + 6].lower() in plain]


@given(
    before=st.text(max_size=20),
    after=st.text(max_size=20),
    name=st.sampled_from(list(SPELLINGS)),
)
def test_no_neighbour_lets_a_secret_be_seen(before: str, after: str, name: str) -> None:
    """A text around it, whatever it is, does not bring it back."""
    found = shown(before + SPELLINGS[name](KEY) + after)

    assert KEY.lower() not in found.lower()


@pytest.mark.parametrize(
    "word", ["k", "1", "test", "secret", "message", "development", "12345678"]
)
def test_a_word_is_never_hidden(word: str) -> None:
    """A key so short that it is a word would damage whatever is said."""
    hide(word)

    assert f"a {word} and its {word}" == shown(f"a {word} and its {word}")


def test_a_secret_renames_no_field() -> None:
    """A job could not be read again whose clips have other fields than a clip has."""
    hide("audio_url")
    clip = Clip(
        clip_id="one", provider="suno", state=ClipState.SUCCEEDED, title="an audio_url"
    )

    assert attrs.evolve(clip, title=f"an {HIDDEN}") == Clip.from_json(clip.to_json())


def test_every_secret_of_a_session_is_hidden() -> None:
    """Also the older key after a rotation, and any number of them up to a bound."""
    keys = [f"key-{n:04d}-abcdef" for n in range(_redact.MAX_SECRETS)]
    for key in keys:
        hide(key)

    assert all(key not in shown(f"it was {key}") for key in keys)
    assert _redact.MAX_SECRETS == len(_redact._secrets)


@pytest.mark.parametrize("length", [MAX_CHARS + 1, 50_000, 3_000_000])
@pytest.mark.parametrize("at", range(0, 60, 7))
def test_cutting_shows_no_half_of_a_secret(length: int, at: int) -> None:
    """It is hidden before the text is cut, wherever the cut falls."""
    text = "." * at + KEY * (length // len(KEY) + 1)

    found = shown(text)

    assert len(found) <= MAX_CHARS
    assert not [n for n in range(len(KEY) - 5) if KEY[n : n + 6] in found]


@given(st.text(max_size=300), st.integers(20, 200))
def test_what_is_shown_is_bounded_and_shown_again_the_same(
    text: str, most: int
) -> None:
    """A message that passes twice is not changed twice."""
    once = shown(text, most)

    assert len(once) <= most
    assert once == shown(once, most)
    assert all(char.isprintable() or char.isspace() for char in once)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("\x1b[2Jgone", "\\x1b[2Jgone"),
        ("one\nERROR forged", "one\\nERROR forged"),
        ("a\r\x08\x00b", "a\\r\\x08\\x00b"),
        ("left \u202e right", "left \\u202e right"),
        ("half \ud800", "half \\ud800"),
        ("日本語\u3000ü", "日本語\u3000ü"),
    ],
)
def test_nothing_that_a_terminal_obeys_is_shown(text: str, expected: str) -> None:
    """Escapes, line ends and turns of direction are written out."""
    assert expected == shown(text)
    assert expected == str(MusicError(text))


def test_what_is_kept_spells_no_secret() -> None:
    """However deep in it, in names too; all else of it is left as it came."""
    clip = {"title": "a song", "lyrics": "la\nla & R&B 100%", "n": [1, None, 2.5]}
    held = {**clip, "raw": {f"is {KEY}": [{"x": SPELLINGS["u escapes"](KEY)}]}}

    found = kept([clip, held])

    assert [clip, {**clip, "raw": {f"is {HIDDEN}": [{"x": HIDDEN}]}}] == found
    assert clip == kept(clip)


@pytest.mark.parametrize("spell", SPELLINGS.values(), ids=SPELLINGS.keys())
def test_a_secret_is_seen_quickly_in_every_spelling(
    spell: Callable[[str], str],
) -> None:
    """What is looked for first misses none that would be hidden."""
    assert is_secret(f"before\n{spell(KEY)} after")
    assert HIDDEN in str(kept({"a": [f"before\n{spell(KEY)} after"]}))
    assert not is_secret("468d0e42-f7a6-40ce-9a4c-37db56b13b99")


LINKS = [
    "https://cdn.example/a.mp3?X-Amz-Signature=abc123def&X-Amz-Expires=60",
    "https://cdn.example/a.mp3?Expires=1&Signature=abc123def&Key-Pair-Id=K",
    "https:\\/\\/cdn.example\\/a.mp3?e=1\\u0026token=abc123def",
    "https://cdn.example/a.mp3?sv=2024&se=1&sig=abc123def",
]


@pytest.mark.parametrize("link", LINKS)
def test_a_signed_link_is_shown_without_its_signature(link: str) -> None:
    """Who has the link has the song."""
    found = shown(f'it said {{"audio_url":"{link}"}} and no more')

    assert "abc123def" not in found
    assert "cdn.example" in found
    assert found.endswith('"} and no more')


def test_a_link_that_is_not_signed_is_shown_whole() -> None:
    """It is what a person needs."""
    link = "https://audiopipe.suno.ai/?item_id=c"

    assert link == shown(link)


def test_no_error_holds_a_secret_anywhere() -> None:
    """Neither its text nor its repr, its arguments or the service's words."""
    error = InvalidRequest(f"It said {KEY}.", text=f"No {KEY}!", key=KEY, task_id=KEY)
    error.args = (f"{error.args[0]} And {KEY}.",)
    kept = JobFailed(f"It said {KEY}.")

    said = [str(error), repr(error.text), error.text, repr(kept), str(kept.args)]
    assert [one for one in said if KEY[4:] in one] == []


def test_a_log_line_passes_the_same_place(caplog: pytest.LogCaptureFixture) -> None:
    """A task's id with a line end forges no line, and a secret is not logged."""
    caplog.set_level(logging.INFO, "aiomusic")

    log(logging.INFO, "job %s is task %r after %.1f s", f"a\n{KEY}", [KEY], 1.25)

    [line] = [record.getMessage() for record in caplog.records]
    assert "7f3a" not in line
    assert line.startswith(f"job a\\n{HIDDEN} is task [")
    assert line.endswith(" after 1.2 s")


def test_a_log_line_of_a_huge_value_is_short() -> None:
    """Three megabytes from a server are not written to a disk."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    logging.getLogger("aiomusic").addHandler(handler)
    try:
        log(logging.ERROR, "it said %s", "x" * 3_000_000)
    finally:
        logging.getLogger("aiomusic").removeHandler(handler)

    assert len(stream.getvalue()) < 2 * MAX_CHARS


@pytest.mark.parametrize("before", range(0, 600, 13))
def test_no_cut_of_a_servers_words_shows_half_a_secret(before: int) -> None:
    """Neither a page's first words, nor a state that nobody knows."""
    text = "x" * before + each("%{:02x}")(KEY) + "y" * 900
    reply = Reply(status=403, headers={}, body=f"<p>{text}".encode(), wall=0.0)

    with pytest.raises(MusicError) as caught:
        read_created(suno.Create("a song"), reply)
    seen = [str(caught.value), state_words(text), in_short(text), in_short([text])]

    part = each("%{:02x}")(KEY[:6])
    assert [one for one in seen if part in one] == []
