"""Every operation: how it is called, what is sent, and what it makes."""

from collections.abc import Mapping
from typing import Any, final

import attrs

from aiomusic import AlignedLyrics, Clip, Lyrics, Midi, Persona, Upload, Wav

CLIP_ID = "a533515b-56c9-4eb2-8cb8-7f3dfa165eb8"
PERSONA_ID = "c08806c1-34fa-4290-a78d-0c623eb1dd1c"
URL = "https://e.org/a.mp3"
WORDS = "[Verse]\nPaper boats upon the river"
LONG_WORDS = "[verse]" + "\nPaper boats upon the river" * 12


@final
@attrs.frozen(kw_only=True)
class Operation:
    """
    One operation.

    Attributes:
        fields: Its arguments, by name.
        path, body: What is sent, and where.
        result: The kind of its result; clips come from a task.
        reply: The recorded reply, in ``examples/``.
    """

    fields: Mapping[str, Any]
    path: str
    body: Mapping[str, Any]
    reply: str
    result: type = Clip


def _suno(reply: str = "suno_get_music_succeeded", **body: Any) -> Mapping[str, Any]:
    return {"path": "/api/v1/suno/create", "body": body, "reply": reply}


def _riffusion(**body: Any) -> Mapping[str, Any]:
    # The page of the reply was not seen; it has suno's keys.
    reply = "suno_get_music_succeeded"
    body = {"mv": "FUZZ-1.1 Pro", **body}
    return {"path": "/api/v1/riffusion/create", "body": body, "reply": reply}


def _riffusion_edit(task_type: str, **body: Any) -> Mapping[str, Any]:
    words = {"lyrics": WORDS, "sound": "pop", "continue_clip_id": CLIP_ID}
    return _riffusion(task_type=task_type, custom_mode=True, **words, **body)


def _producer(task_type: str, **body: Any) -> Mapping[str, Any]:
    body = {"task_type": task_type, "mv": "FUZZ-2.0", **body}
    reply = "producer_get_music_succeeded"
    return {"path": "/api/v1/producer/create", "body": body, "reply": reply}


def _nuro(**body: Any) -> Mapping[str, Any]:
    reply = "nuro_get_music_succeeded"
    return {"path": "/api/v1/nuro/create", "body": body, "reply": reply}


_EDIT = {"clip": CLIP_ID, "lyrics": WORDS, "sound": "pop"}

OPERATIONS: Mapping[str, Operation] = {
    "suno.create": Operation(
        fields={
            "lyrics": WORDS,
            "title": "Boats",
            "tags": "pop",
            "negative_tags": "metal",
            "style_weight": 0.5,
            "weirdness": 0.25,
            "vocal_gender": "f",
            "auto_lyrics": True,
        },
        **_suno(
            custom_mode=True,
            prompt=WORDS,
            title="Boats",
            tags="pop",
            mv="chirp-v4-5",
            negative_tags="metal",
            style_weight=0.5,
            weirdness_constraint=0.25,
            vocal_gender="f",
            auto_lyrics=True,
        ),
    ),
    "suno.extend": Operation(
        fields={"clip": CLIP_ID, "at": 30, "lyrics": WORDS},
        **_suno(
            task_type="extend_music",
            custom_mode=True,
            continue_clip_id=CLIP_ID,
            continue_at=30,
            prompt=WORDS,
            mv="chirp-v4-5",
        ),
    ),
    "suno.concat": Operation(
        fields={"clip": CLIP_ID},
        **_suno(task_type="concat_music", continue_clip_id=CLIP_ID),
    ),
    "suno.cover": Operation(
        fields={"clip": CLIP_ID, "lyrics": WORDS, "tags": "jazz"},
        **_suno(
            task_type="cover_music",
            custom_mode=True,
            continue_clip_id=CLIP_ID,
            prompt=WORDS,
            tags="jazz",
            mv="chirp-v4-5",
        ),
    ),
    "suno.create_with_persona": Operation(
        fields={"persona": PERSONA_ID, "lyrics": WORDS},
        **_suno(
            task_type="persona_music",
            custom_mode=True,
            persona_id=PERSONA_ID,
            prompt=WORDS,
            mv="chirp-v4-5",
        ),
    ),
    "suno.create_persona": Operation(
        fields={"clip": CLIP_ID, "name": "Ann", "description": "warm"},
        path="/api/v1/suno/persona",
        body={"continue_clip_id": CLIP_ID, "name": "Ann", "description": "warm"},
        reply="suno_persona_created",
        result=Persona,
    ),
    "suno.upload": Operation(
        fields={"url": URL},
        path="/api/v1/suno/upload",
        body={"url": URL},
        reply="suno_upload_ok",
        result=Upload,
    ),
    "suno.stems": Operation(
        fields={"clip": CLIP_ID},
        path="/api/v1/suno/stems/basic",
        body={"clip_id": CLIP_ID},
        reply="suno_get_music_succeeded",
    ),
    "suno.wav": Operation(
        fields={"clip": CLIP_ID},
        path="/api/v1/suno/wav",
        body={"clip_id": CLIP_ID},
        reply="suno_wav_ok",
        result=Wav,
    ),
    "suno.midi": Operation(
        fields={"clip": CLIP_ID},
        path="/api/v1/suno/midi",
        body={"clip_id": CLIP_ID},
        reply="suno_midi_ok",
        result=Midi,
    ),
    "suno.aligned_lyrics": Operation(
        fields={"clip": CLIP_ID},
        path="/api/v1/suno/aligned-lyrics",
        body={"clip_id": CLIP_ID},
        reply="suno_aligned_lyrics_ok",
        result=AlignedLyrics,
    ),
    "riffusion.create": Operation(
        fields={"prompt": "r&b pop song"},
        **_riffusion(prompt="r&b pop song", custom_mode=False),
    ),
    "riffusion.create_with_lyrics": Operation(
        fields={"lyrics": WORDS, "sound": "pop"},
        **_riffusion(
            lyrics=WORDS, sound="pop", custom_mode=True, make_instrumental=False
        ),
    ),
    "riffusion.extend": Operation(
        fields={**_EDIT, "at": 30}, **_riffusion_edit("extend_music", continue_at=30)
    ),
    "riffusion.cover": Operation(fields=_EDIT, **_riffusion_edit("cover_music")),
    "riffusion.replace_section": Operation(
        fields={**_EDIT, "at": 10, "until": 20.5},
        **_riffusion_edit("replace_music", continue_at=10, ends_at=20.5),
    ),
    "riffusion.swap_sound": Operation(
        fields=_EDIT, **_riffusion_edit("swap_music_sound")
    ),
    "riffusion.swap_vocals": Operation(
        fields=_EDIT, **_riffusion_edit("swap_music_vocals")
    ),
    "riffusion.upload": Operation(
        fields={"url": URL},
        path="/api/v1/riffusion/upload",
        body={"url": URL},
        reply="suno_upload_ok",
        result=Upload,
    ),
    "nuro.create_vocal": Operation(
        fields={"lyrics": LONG_WORDS, "genre": "Pop", "duration": 60},
        **_nuro(type="vocal", lyrics=LONG_WORDS, genre="Pop", duration=60),
    ),
    "nuro.create_instrumental": Operation(
        fields={"description": "calm", "mood": ["calm"], "duration": 30},
        **_nuro(type="bgm", description="calm", mood=["calm"], duration=30),
    ),
    "producer.create": Operation(
        fields={
            "sound": "pop",
            "lyrics": WORDS,
            "title": "Boats",
            "instrumental": True,
            "seed": "7",
            "lyrics_strength": 0.5,
            "sound_strength": 0.25,
            "weirdness": 0.75,
        },
        **_producer(
            "create_music",
            sound="pop",
            lyrics=WORDS,
            title="Boats",
            make_instrumental=True,
            seed="7",
            lyrics_strength=0.5,
            sound_strength=0.25,
            weirdness=0.75,
        ),
    ),
    "producer.extend": Operation(
        fields={"clip": CLIP_ID, "at": 12.5, "sound": "pop"},
        **_producer("extend_music", clip_id=CLIP_ID, starts_at=12.5, sound="pop"),
    ),
    "producer.cover": Operation(
        fields={"clip": CLIP_ID, "sound": "jazz", "strength": 0.5},
        **_producer("cover_music", clip_id=CLIP_ID, sound="jazz", cover_strength=0.5),
    ),
    "producer.replace_section": Operation(
        fields={"clip": CLIP_ID, "at": 10, "until": 20.5, "lyrics": WORDS},
        **_producer(
            "replace_music", clip_id=CLIP_ID, starts_at=10, ends_at=20.5, lyrics=WORDS
        ),
    ),
    "producer.swap_sound": Operation(
        fields={"clip": CLIP_ID, "sound": "strings"},
        **_producer("swap_music_sound", clip_id=CLIP_ID, sound="strings"),
    ),
    "producer.swap_vocals": Operation(
        fields={"clip": CLIP_ID, "sound": "a deep voice", "strength": 0.5},
        **_producer(
            "swap_music_vocals",
            clip_id=CLIP_ID,
            sound="a deep voice",
            cover_strength=0.5,
        ),
    ),
    "producer.variation": Operation(
        fields={"clip": CLIP_ID}, **_producer("music_variation", clip_id=CLIP_ID)
    ),
    "producer.upload": Operation(
        fields={"url": URL},
        path="/api/v1/producer/upload",
        body={"audio_url": URL},
        reply="producer_get_music_succeeded",
    ),
    "producer.download": Operation(
        fields={"clip": CLIP_ID, "format": "wav"},
        path="/api/v1/producer/download",
        body={"clip_id": CLIP_ID, "format": "wav"},
        reply="producer_get_music_succeeded",
    ),
    "lyrics.create": Operation(
        fields={"description": "sky"},
        path="/api/v1/suno/lyrics",
        body={"description": "sky"},
        reply="lyrics_ok_partial",
        result=Lyrics,
    ),
}
"""By name, as in ``suno.create``."""
