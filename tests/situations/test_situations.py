"""Every situation of the table: what the user sees, and what it means for the money."""

import base64
import json
import logging
import sys
import urllib.parse
from pathlib import Path
from typing import Any

import pytest
from parts import missing
from raw_server import RawServer, Say, http
from situation import BODY, DONE, KEY, TASK_ID, YES, Situation, clip
from table import SITUATIONS
from table_creates import ACCEPTED

from aiomusic import MusicError, MusicJob, MusicSession
from aiomusic.journal import Record
from aiomusic.testing import AutojumpClock

pytestmark = pytest.mark.anyio


@pytest.fixture(autouse=True)
def untagged(monkeypatch: pytest.MonkeyPatch) -> None:
    """What comes is what is stored."""
    monkeypatch.setitem(sys.modules, "mutagen", None)


@pytest.mark.parametrize("situation", SITUATIONS.values(), ids=SITUATIONS.keys())
async def test_a_situation(
    situation: Situation, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """It ends as the table says, and whoever reads of it knows the task."""
    caplog.set_level(logging.INFO, "aiomusic")
    options = {"request_timeout_s": 5, **situation.options}
    creates, polls = situation.creates or (YES,), situation.polls or (DONE,)
    with RawServer(creates, polls, files=situation.files) as server:
        async with MusicSession(
            KEY,
            base_url=server.url,
            journal=tmp_path / "journal.db",
            poll_every_s=1,
            clock=AutojumpClock(),
            **options,
        ) as music:
            job = music.suno.create("a song")
            error = await _end(situation, music, job, tmp_path / "out")
            [record] = await music.jobs()

    assert situation.posts == len(server.posts)
    for line in situation.asks:
        assert line in server.requests
    for words in situation.logs:
        assert words in caplog.text
    if error is not None:
        _check_error(situation, error)
        _check_known(situation, error, record)
    else:
        assert TASK_ID == record.task_id == job.task_id


async def _end(
    situation: Situation, music: MusicSession, job: MusicJob[Any], out: Path
) -> MusicError | None:
    """Wait for the end, and store what there is."""
    found: list[Any] = []
    ended: MusicError | None = None
    try:
        if situation.is_streamed:
            await _store_stream(music, job, out)
        found = await job.save(out) if situation.files else list(await job)
    except MusicError as error:
        ended = error
    if ended is None:
        assert situation.ends == len(found)
    else:
        assert situation.ends == type(ended).__name__, ended
    stored = getattr(ended, "stored", ()) if ended else found
    if situation.files:
        assert list(situation.stores) == [path.read_bytes() for path in stored]
    return ended


async def _store_stream(music: MusicSession, job: MusicJob[Any], out: Path) -> None:
    """Download the first clip as soon as it can be heard."""
    async for update in job.updates():
        if update.playable:
            path = await music.download(update.playable[0], out)
            assert ".stream" in path.name
            return


def _check_error(situation: Situation, error: MusicError) -> None:
    text = str(error)
    assert situation.charged == error.charged
    for words in situation.says:
        assert words in text
    assert len(text) <= 4000
    assert [] == missing(error)


def _check_known(situation: Situation, error: MusicError, record: Record) -> None:
    """See that the task's id stands in the error, and in the journal."""
    if situation.task is not None:
        assert situation.task in str(error)
        assert situation.task in f"{record.task_id} {record.error}"


@pytest.mark.parametrize(
    "key", ["k", "1", "test", "succeeded", "audio_url", "468d0e42"]
)
async def test_no_reply_is_altered_by_the_key(key: str) -> None:
    """A key that stands in ids, titles and links leaves all of them as they came."""
    title = f"a {key} song"
    url = f"https://cdn.example/{key}.mp3?sig={key}"
    made = [clip(n, title=title, audio_url=url) for n in (1, 2)]
    with RawServer([YES], [http({"data": made})]) as server:
        async with MusicSession(key, base_url=server.url, poll_every_s=0) as music:
            job = music.suno.create("a song")
            clips = await job

    assert TASK_ID == job.task_id
    assert [(title, url)] * 2 == [(one.title, one.audio_url) for one in clips]


SPELLINGS = {
    "plain": KEY.encode(),
    "escaped": "".join(f"\\u{ord(char):04x}" for char in KEY).encode(),
    "UTF-16": KEY.encode("utf-16"),
    "percent": "".join(f"%{ord(char):02x}" for char in KEY).encode(),
    "entities": "".join(f"&#{ord(char)};" for char in KEY).encode(),
    "braces": "".join(f"\\u{{{ord(char):x}}}" for char in KEY).encode(),
    "hex entities": "".join(f"&#x{ord(char):x};" for char in KEY).encode(),
    "escaped twice": "".join(f"\\\\u{ord(char):04x}" for char in KEY).encode(),
    "percent twice": "".join(f"%25{ord(char):02x}" for char in KEY).encode(),
    "octal": "".join(f"\\{ord(char):03o}" for char in KEY).encode(),
    "slashes": "\\".join(KEY).encode(),
    "base64": base64.b64encode(f"Bearer {KEY}".encode()),
    "hex": KEY.encode().hex().encode(),
    "bearer": f"Authorization: Bearer {KEY}".encode(),
}
ECHOES = {
    "a refusal": lambda said: http(b'{"message": "bad key ' + said + b'"}', 403),
    "a page": lambda said: http(b"<html>" + said + b"</html>", 403),
    "no JSON": lambda said: http(b"{" + said),
    "a 500": lambda said: http(b'{"error": "' + said + b'"}', 500),
    "a malformed head": lambda said: Say(b"HTTP/1.1 " + said + b"\r\n\r\n", "close"),
    "a header": lambda said: Say(
        b"HTTP/1.1 200 OK\r\nX: \x00" + said + b"\r\n\r\n", "close"
    ),
    "a redirect": lambda said: http(
        b"", 302, headers=[f"Location: https://e.org/{said.decode('latin-1')}"]
    ),
}


@pytest.mark.parametrize("spelling", SPELLINGS.values(), ids=SPELLINGS.keys())
@pytest.mark.parametrize("echo", ECHOES.values(), ids=ECHOES.keys())
async def test_the_key_is_shown_nowhere(
    spelling: bytes,
    echo: object,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Neither in the error, its causes and its log, nor in the journal's file."""
    caplog.set_level(logging.DEBUG, "aiomusic")
    assert callable(echo)
    with RawServer([echo(spelling)], [DONE]) as server:
        async with MusicSession(
            KEY, base_url=server.url, journal=tmp_path / "journal.db"
        ) as music:
            with pytest.raises(MusicError, match=r"\w \w") as caught:
                await music.suno.create("a song")

    seen = [
        repr(error) + str(error) + repr(vars(error)) for error in chain(caught.value)
    ]
    seen += [record.getMessage() for record in caplog.records]
    seen += [path.read_bytes().decode("latin-1") for path in tmp_path.iterdir()]
    for spelled in forms(KEY):
        assert [text for text in seen if spelled in text.lower()] == []


def chain(error: BaseException | None) -> list[BaseException]:
    """Yield an error with all that it holds as its causes and contexts."""
    found: list[BaseException] = []
    waiting = [error]
    while waiting:
        one = waiting.pop()
        if one is not None and one not in found:
            found.append(one)
            waiting += [one.__cause__, one.__context__]
    return found


def forms(key: str) -> list[str]:
    """Spell a key as it may be seen, in part too."""
    part = key[:12]
    spelled = [
        part,
        "".join(f"\\u{ord(char):04x}" for char in part),
        "".join(f"\\\\u{ord(char):04x}" for char in part),
        "".join(f"%{ord(char):02x}" for char in part),
        "".join(f"&#{ord(char)};" for char in part),
        "".join(f"&#x{ord(char):x};" for char in part),
        "".join(f"\\u{{{ord(char):x}}}" for char in part),
        "".join(f"%25{ord(char):02x}" for char in part),
        "".join(f"\\{ord(char):03o}" for char in part),
        "\\".join(part),
        part.encode().hex(),
        base64.b64encode(f"Bearer {part}".encode()).decode(),
        "\x00".join(part),
        "\\x00".join(part),
        "\\u0000".join(part),
        base64.b64encode(key.encode()).decode()[:12],
        urllib.parse.quote(key),
    ]
    return [one.lower() for one in spelled]


@pytest.mark.parametrize("say", [ACCEPTED["a header with a NUL"], http(BODY)])
async def test_what_is_recorded_is_one_reply(say: Say) -> None:
    """A connection that is used again does not bring the reply before."""
    second = json.dumps({"task_id": "t-2"}).encode()
    with RawServer([say, http(second)], [DONE]) as server:
        async with MusicSession(KEY, base_url=server.url, poll_every_s=0) as music:
            first = music.suno.create("a song")
            await first
            later = music.suno.create("another")
            await later

    assert (TASK_ID, "t-2") == (first.task_id, later.task_id)
