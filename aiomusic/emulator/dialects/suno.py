"""Suno's dialect (API: create music and the pages after it; webhooks)."""

from collections.abc import Mapping
from typing import Any, ClassVar, Final, final

import attrs

from aiomusic._request import Request
from aiomusic.composer import (
    Score,
    SongSpec,
    compose,
    concat,
    cover,
    extend,
    split,
    sung_words,
)
from aiomusic.emulator._schemas import (
    INTEGER,
    NUMBER,
    TEXT,
    TEXT_OR_NULL,
    array,
    clip_list,
    record,
)
from aiomusic.emulator._songs import Song, SongRequest
from aiomusic.emulator._tasks import Progress, Stage, Task
from aiomusic.emulator.dialects._dialect import (
    Breach,
    ClipView,
    Dialect,
    Issuer,
    Sentences,
)
from aiomusic.providers import suno

__all__ = ["SunoDialect"]

_GENDERS: Final = {"f": "female", "m": "male"}
_PERSONA_FIELDS: Final = "name and continue_clip_id are required fields."


@final
class SunoDialect(Dialect):
    """Suno: two clips, listed from the first poll on; personas; webhooks."""

    name = "suno"
    page_create: ClassVar[type[Request[Any]] | None] = suno.Create
    has_streaming_webhook: ClassVar[bool] = True
    sentences: ClassVar[Sentences] = {
        ("*", "mv", Breach.INVALID): (
            "The 'mv' field is invalid."
            " The model should be 'chirp-v3-5','chirp-v4' or 'chirp-v4-5'."
        ),
        ("*", "persona_id", Breach.MISSING): (
            "The 'persona_id' field is required when task_type = persona_music."
        ),
        ("*", "gpt_description_prompt", Breach.TOO_LONG): (
            "The 'gpt_description_prompt' character length should be less than 200."
        ),
        ("create_persona", "name", Breach.MISSING): _PERSONA_FIELDS,
        ("create_persona", "continue_clip_id", Breach.MISSING): _PERSONA_FIELDS,
    }
    may_be_not_ready = True

    def needs_custom_mode(self, body: Mapping[str, Any]) -> bool:
        """All creates but concat need it."""
        return body.get("task_type") != "concat_music"

    def normalized(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """Return a persona's body of the API's second snapshot as one of the first."""
        is_newer = "clip_id" in body and "continue_clip_id" not in body
        if not (path.endswith("/persona") and is_newer):
            return body
        description = body.get("description") or body.get("name")
        return {**body, "continue_clip_id": body["clip_id"], "description": description}

    def required_by_body(
        self, kind: type[Request[Any]], body: Mapping[str, Any]
    ) -> tuple[str, ...]:
        """Return the text that the mode of a create needs."""
        if kind is not suno.Create:
            return ()
        return ("prompt" if body["custom_mode"] else "gpt_description_prompt",)

    def persona(self, request: Request[Any]) -> str | None:
        """Return the persona that a request sings with."""
        return request.persona if isinstance(request, suno.CreateWithPersona) else None

    def is_ready(self, progress: Progress) -> bool:
        """Answer 202 while nothing is known of the task."""
        return progress.stage is not Stage.NOT_READY

    def listed(self, task: Task, progress: Progress) -> int:
        """List all clips from the start."""
        return task.clips

    def clip(self, task: Task, song: Song, view: ClipView) -> dict[str, Any]:
        """Return one clip, with the tags and the description of its request."""
        return {
            **super().clip(task, song, view),
            "mv": getattr(task.request, "model", suno.DEFAULT_MODEL),
            "tags": getattr(task.request, "tags", None) or song.style,
            "gpt_description_prompt": getattr(task.request, "description", None),
        }

    def webhook(self, task: Task, body: dict[str, Any]) -> dict[str, Any]:
        """Write durations as text, and add the keys of the API's second snapshot."""
        request = task.request
        more = {
            "negative_tags": getattr(request, "negative_tags", None),
            "style_weight": getattr(request, "style_weight", None),
            "weirdness_constraint": getattr(request, "weirdness", None),
        }
        clips = [
            {**clip, "duration": str(clip["duration"]), **more} for clip in body["data"]
        ]
        return {**body, "data": clips}

    def direct(
        self, request: Request[Any], source: str, issuer: Issuer
    ) -> Mapping[str, object]:
        """Return a new persona, an upload's clip, or what is asked of a clip."""
        match request:
            case suno.CreatePersona():
                persona_id = issuer.new_id("persona")
                issuer.alias(persona_id, request.clip.clip_id)
                return {"code": 200, "persona_id": persona_id, "message": "success"}
            case suno.GetWav():
                data: object = {"wav_url": issuer.url(f"{request.clip.clip_id}.wav")}
            case suno.GetMidi():
                data = _midi(request.clip.clip_id, issuer)
            case suno.AlignLyrics():
                data = {"alignment": _alignment(issuer.score(request.clip.clip_id))}
            case _:
                return super().direct(request, source, issuer)
        return {"code": 200, "data": data, "message": "success"}

    def song_request(self, request: Request[Any]) -> SongRequest:
        """Return what a request asks the composer for."""
        asked = super().song_request(request)
        if not isinstance(request, suno.Create):
            return asked
        words = request.lyrics or ""
        return attrs.evolve(
            asked,
            lyrics="" if request.auto_lyrics else words,
            subject=words if request.auto_lyrics else request.description or "",
            voice=_GENDERS.get(request.vocal_gender or ""),
            avoid=request.negative_tags or "",
            closeness=request.style_weight,
        )

    def compose(self, request: Request[Any], spec: SongSpec) -> Score:
        """Return a new song; the stems of an unknown clip are those of one song."""
        if isinstance(request, suno.Stems):
            song = compose(attrs.evolve(spec, take=0))
            return split(song, full=request.full)[spec.take]
        return super().compose(request, spec)

    def edit(self, request: Request[Any], source: Score, spec: SongSpec) -> Score:
        """Return the score of an edit, or of a song that a persona sings."""
        match request:
            case suno.Concat():
                return concat(source)
            case suno.Extend():
                return extend(source, spec, at_s=request.at)
            case suno.Cover():
                weight = request.audio_weight
                return cover(
                    source, spec, faithfulness=0.5 if weight is None else weight
                )
            case suno.CreateWithPersona():
                return compose(attrs.evolve(spec, singer=source.voice))
            case suno.Stems():
                return split(source, full=request.full)[spec.take]
        return super().edit(request, source, spec)

    def reply_schema(self, kind: type[Request[Any]]) -> str:
        """Return the name of the schema of the reply to a request."""
        return _SCHEMAS.get(kind) or super().reply_schema(kind)

    def schemas(self) -> Mapping[str, Mapping[str, Any]]:
        """Return the schemas of tasks and personas."""
        return {
            self.task_schema: clip_list(tags=TEXT, gpt_description_prompt=TEXT_OR_NULL),
            "Persona": record(code=INTEGER, persona_id=TEXT, message=TEXT),
            "Wav": _wrapped(wav_url=TEXT),
            "Midi": _wrapped(midi_url=TEXT, instruments=array(_INSTRUMENT)),
            "AlignedLyrics": _wrapped(alignment=array(_WORD)),
        }


_SCHEMAS: Final[Mapping[type[Request[Any]], str]] = {
    suno.CreatePersona: "Persona",
    suno.GetWav: "Wav",
    suno.GetMidi: "Midi",
    suno.AlignLyrics: "AlignedLyrics",
}
_NOTE: Final = record(pitch=INTEGER, start=NUMBER, end=NUMBER, velocity=NUMBER)
_INSTRUMENT: Final = record(name=TEXT, notes=array(_NOTE))
_WORD: Final = record(word=TEXT, start_s=NUMBER, end_s=NUMBER)


def _wrapped(**data: dict[str, Any]) -> dict[str, Any]:
    return record(code=INTEGER, message=TEXT, data=record(**data))


def _midi(clip_id: str, issuer: Issuer) -> dict[str, object]:
    """Return the notes of a clip; none: it was not made here, or without music."""
    score = issuer.score(clip_id)
    instruments = [
        {
            "name": f"{track.role} {track.patch}",
            "notes": [
                {
                    "pitch": note.pitch,
                    "start": note.start_s,
                    "end": round(note.start_s + note.length_s, 6),
                    "velocity": round(min(1.0, note.velocity), 3),
                }
                for note in track.notes
                if note.start_s >= 0
            ],
        }
        for track in (() if score is None else score.tracks)
    ]
    return {"midi_url": issuer.url(f"{clip_id}.mid"), "instruments": instruments}


def _alignment(score: Score | None) -> list[dict[str, object]]:
    """
    Return when each word is sung, in the shape that clients of sisters read.

    A line's last word ends with a line break, a section's first follows its heading.
    """
    if score is None:
        return _UNKNOWN_WORDS
    found: list[dict[str, object]] = []
    words = sung_words(score)
    for word, following in zip(words, [*words[1:], None], strict=True):
        is_last = following is None or following.line != word.line
        text = f"{word.text}\n" if is_last else f"{word.text} "
        found.append({"word": text, "start_s": word.start_s, "end_s": word.end_s})
    return found


_UNKNOWN_WORDS: Final = [{"word": "la", "start_s": 0.0, "end_s": 1.0}]
"""Of a clip that was not made here."""
