"""What suno makes of a clip: stems, WAV, MIDI and aligned lyrics."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from operations import CLIP_ID
from scripted import Answer, Scripted, example

from aiomusic import (
    AlignedLyrics,
    AlignedWord,
    InvalidRequest,
    Midi,
    MusicSession,
    SubmissionUnknown,
    Upload,
    Wav,
    _codec,
    batch,
    suno,
)

pytestmark = pytest.mark.anyio


@pytest.fixture
async def api() -> AsyncIterator[Scripted]:
    async with Scripted() as api:
        yield api


@pytest.fixture
async def music(api: Scripted) -> AsyncIterator[MusicSession]:
    async with api.session() as music:
        yield music


async def test_a_full_split_is_another_path_price_and_number(
    api: Scripted, music: MusicSession
) -> None:
    """Twelve stems are asked for elsewhere, with the same body, and cost more."""
    reply = example("suno_get_music_succeeded")
    stems = [{**reply["data"][0], "clip_id": f"stem-{n}"} for n in range(12)]
    task_path = "/api/v1/suno/task/{task_id}"
    done = Answer({**reply, "data": stems})
    api.creates("/api/v1/suno/stems/full", done, task_path=task_path)

    job = music.suno.stems(CLIP_ID, full=True)
    clips = await job

    (post,) = api.posts
    assert ("/api/v1/suno/stems/full", {"clip_id": CLIP_ID}) == (post.path, post.json)
    assert (75, 12) == (job.cost, len(clips))
    assert 20 == suno.Stems(CLIP_ID).cost
    assert _codec.fingerprint(suno.Stems(CLIP_ID)) != _codec.fingerprint(
        suno.Stems(CLIP_ID, full=True)
    )
    assert suno.Stems(CLIP_ID, full=True) == suno.Stems.from_json(
        suno.Stems(CLIP_ID, full=True).to_json()
    )


def test_a_row_takes_a_stem_of_another() -> None:
    """A batch prices a full split, and its twelfth stem can be covered."""
    plan = batch.plan(
        [
            {"key": "a", "provider": "suno", "description": "rain"},
            {
                "key": "b",
                "provider": "suno",
                "operation": "stems",
                "clip": "@a",
                "full": "yes",
            },
            {
                "key": "c",
                "provider": "suno",
                "operation": "midi",
                "clip": "@b[11]",
            },
            {"key": "d", "provider": "suno", "operation": "midi", "clip": "@b[12]"},
        ]
    )

    assert [10, 75, 1] == [row.cost for row in plan.rows]
    assert ["d"] == [row.key for row in plan.bad]


async def test_wav_gives_a_link(api: Scripted, music: MusicSession) -> None:
    """The reply's link is the result's, which the journal keeps."""
    api.answer("/api/v1/suno/wav", Answer(example("suno_wav_ok")))

    wav = await music.suno.wav(CLIP_ID)

    url = "https://cdn1.suno.ai/8ce9770b-ec3b-4029-a3e3-4b8db20da7d1.wav"
    assert Wav(clip_id=CLIP_ID, provider="suno", url=url) == wav
    assert wav == _codec.result_from_json(_codec.result_to_json(wav))


async def test_midi_gives_notes_and_a_link(api: Scripted, music: MusicSession) -> None:
    """Every note that can be read is there, beside the link to the file."""
    reply = example("suno_midi_ok")
    notes = reply["data"]["instruments"][0]["notes"]
    notes += [{**notes[0], "pitch": 10**400}, {**notes[0], "start": None}, 7, None]
    api.answer("/api/v1/suno/midi", Answer(reply))

    midi = await music.suno.midi(CLIP_ID)

    assert midi.url.endswith("4538ed06-ccdd-452d-b90f-c35d29150050.mid")
    (instrument,) = midi.instruments
    assert "Synth Voice" == instrument.name
    (note,) = instrument.notes
    assert (64, 1.34375) == (note.pitch, note.start_s)
    assert note.end_s == pytest.approx(2.16146, abs=1e-5)
    assert midi == _codec.result_from_json(_codec.result_to_json(midi))


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(Answer(example("task_not_ready_202"), 202), id="202"),
        pytest.param(Answer(example("task_not_ready_202")), id="202 in the body"),
    ],
)
async def test_midi_that_is_not_ready_is_told(
    api: Scripted, music: MusicSession, answer: Answer
) -> None:
    """The service may prepare it first; nothing is asked for twice by itself."""
    api.answer("/api/v1/suno/midi", answer)

    with pytest.raises(SubmissionUnknown, match="not ready; ask again in some seconds"):
        await music.suno.midi(CLIP_ID)

    assert 1 == len(api.posts)


async def test_aligned_lyrics_are_words_and_lines(
    api: Scripted, music: MusicSession
) -> None:
    """Words lose their headings and line breaks, and the lines are an LRC text."""
    reply = Answer(example("suno_aligned_lyrics_ok"))
    api.answer("/api/v1/suno/aligned-lyrics", reply)

    found = await music.suno.aligned_lyrics(CLIP_ID)

    assert AlignedWord(text="Paper", start_s=12.3, end_s=12.8) == found.words[0]
    assert ["Paper", "boats", "Rain"] == [word.text for word in found.words]
    assert "[00:12.30]Paper boats\n[00:14.00]Rain\n" == found.lrc
    assert found == _codec.result_from_json(_codec.result_to_json(found))


@pytest.mark.parametrize("data", [{}, {"alignment": []}, {"alignment": [{"word": 5}]}])
async def test_lyrics_without_words_are_no_result(
    api: Scripted, music: MusicSession, data: dict[str, Any]
) -> None:
    """A reply without a single word is not what was paid for."""
    reply = {"code": 200, "data": data, "message": "success"}
    api.answer("/api/v1/suno/aligned-lyrics", Answer(reply))

    with pytest.raises(SubmissionUnknown, match="alignment"):
        await music.suno.aligned_lyrics(CLIP_ID)


@pytest.mark.parametrize(
    "build", [suno.Stems, suno.GetWav, suno.GetMidi, suno.AlignLyrics]
)
def test_an_upload_is_refused(build: Any) -> None:
    """Only generated clips can be taken apart."""
    upload = Upload(clip_id="c", provider="suno", url="u")

    with pytest.raises(InvalidRequest, match="only a generated clip can be used here"):
        build(upload)


def test_results_are_named() -> None:
    """The kinds of results can be imported, for annotations."""
    assert {"AlignedLyrics", "Midi", "Wav"} == {
        kind.__name__ for kind in (AlignedLyrics, Midi, Wav)
    }
