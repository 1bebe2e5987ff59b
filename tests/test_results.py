"""Results are frozen values that can be compared, kept and sent elsewhere."""

import json
import pickle
from typing import Any

import attrs
import pytest

from aiomusic import (
    Clip,
    ClipState,
    Credits,
    Lyrics,
    Persona,
    TaskSnapshot,
    Upload,
    Wav,
)
from aiomusic.cli._show import print_result, report
from aiomusic.gallery._text import fields_of

CLIP = Clip(
    clip_id="c",
    provider="suno",
    state=ClipState.SUCCEEDED,
    audio_url="https://e.org/a.mp3",
    raw={"clip_id": "c", "new": 1},
)
VALUES = [
    CLIP,
    Lyrics(title="Paper Boats", text="la"),
    Persona(persona_id="p", name="n"),
    Upload(clip_id="c", provider="suno", url="https://e.org/a.mp3"),
    Credits(credits=50, extra_credits=25),
    TaskSnapshot(state=ClipState.SUCCEEDED, clips=(CLIP,), progress=100),
]

every_value = pytest.mark.parametrize("value", VALUES, ids=lambda v: type(v).__name__)


@every_value
def test_a_value_cannot_be_changed(value: Any) -> None:
    """What was given to one waiter is what the others get."""
    name = attrs.fields(type(value))[0].name

    with pytest.raises(attrs.exceptions.FrozenInstanceError, match="can't set"):
        setattr(value, name, "other")


@every_value
def test_a_value_survives_a_pickle(value: Any) -> None:
    """It can go to another process, and is the same there."""
    again = pickle.loads(pickle.dumps(value))

    assert value == again
    assert hash(value) == hash(again)


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        (ClipState.PENDING, False),
        (ClipState.RUNNING, False),
        (ClipState.SUCCEEDED, True),
        (ClipState.FAILED, True),
        (ClipState.UNKNOWN, False),
    ],
)
def test_only_an_end_is_final(state: ClipState, expected: object) -> None:
    """An unknown word is not taken for the end."""
    assert expected is state.is_final


def test_a_state_reads_as_its_word() -> None:
    """It can be put into JSON or a message as it is."""
    assert "succeeded" == f"{ClipState.SUCCEEDED}"


@pytest.mark.parametrize(
    ("state", "audio_url", "expected"),
    [
        (ClipState.SUCCEEDED, "https://e.org/a.mp3", True),
        (ClipState.RUNNING, "https://e.org/a.mp3", True),
        (ClipState.UNKNOWN, "https://e.org/a.mp3", True),
        (ClipState.FAILED, "https://e.org/a.mp3", False),
        (ClipState.SUCCEEDED, None, False),
    ],
)
def test_a_clip_is_playable_as_soon_as_there_is_audio(
    state: ClipState, audio_url: str | None, expected: object
) -> None:
    """A stream counts, what failed does not."""
    clip = attrs.evolve(CLIP, state=state, audio_url=audio_url)

    assert expected is clip.is_playable


def test_raw_is_there_and_out_of_the_way() -> None:
    """The wire's own words do not fill the repr, and do not make clips differ."""
    other = attrs.evolve(CLIP, raw={})

    assert CLIP == other
    assert 1 == CLIP.raw["new"]
    assert "raw" not in repr(CLIP)


def test_the_total_is_both_balances() -> None:
    """Extra credits are spent first, and both can be spent."""
    assert 75 == Credits(credits=50, extra_credits=25).total


def test_nothing_seen_is_no_clip() -> None:
    """A poll that shows nothing yet has no clips and no progress."""
    snapshot = TaskSnapshot(state=ClipState.PENDING)

    assert ((), None) == (snapshot.clips, snapshot.progress)


def test_a_link_that_holds_audio_is_not_shown_whole(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Its kind is, in reprs, on the command's two streams, and in a gallery."""
    link = f"data:audio/mpeg;base64,{'QUJD' * 25_000}"
    clip = Clip(clip_id="c", provider="x", state=ClipState.SUCCEEDED, audio_url=link)
    wav = Wav(clip_id="c", provider="suno", url=link)

    print_result(json.dumps({"audio_url": clip.audio_url}))
    report(f"{link} can't be read")
    (field,) = fields_of({"url": link}).values()

    out, err = capsys.readouterr()
    assert '{"audio_url": "data:audio/mpeg;base64,…"}\n' == out
    assert "aiomusic: data:audio/mpeg;base64,… can't be read\n" == err
    assert "data:audio/mpeg;base64,…" == field
    assert all("base64,…'" in repr(one) for one in (clip, wav))
    assert link == clip.to_json()["audio_url"]
