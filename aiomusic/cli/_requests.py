"""From the options of ``aiomusic create`` to the provider's own request."""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, final

import attrs

from aiomusic._fields import known_values
from aiomusic._request import Request
from aiomusic._spelling import meant
from aiomusic.cli._exits import UsageError
from aiomusic.cli._options import Song
from aiomusic.providers import nuro, producer, riffusion, suno

__all__ = ["read_lyrics", "to_request"]


@final
@attrs.frozen(kw_only=True)
class _Operation:
    """
    One operation that makes a song.

    Args:
        name: As one says it after "for".
        kind: The request it ends in.
        takes: The options it takes, each with its field of the request; None: the
            operation itself says it.
    """

    name: str
    kind: type[Request[Any]]
    takes: Mapping[str, str | None]


def _same(*options: str, **others: str | None) -> Mapping[str, str | None]:
    """Return options that fields are named as, and those that they are not."""
    return {**{one: one for one in options}, **others}


# Producer succeeds Riffusion, and takes the same of a song with words.
_SOUND_AND_WORDS: Final = _same(
    "lyrics", "title", "instrumental", "model", style="sound"
)

_DESCRIBED: Final = {
    "riffusion": _Operation(
        name="riffusion with a prompt alone",
        kind=riffusion.Create,
        takes=_same("prompt", "model"),
    ),
    "suno": _Operation(
        name="suno with a prompt alone",
        kind=suno.Create,
        takes=_same(
            *("title", "instrumental", "model", "weirdness"),
            prompt="description",
            style="tags",
            gender="vocal_gender",
        ),
    ),
    "nuro": _Operation(
        name="nuro with a prompt",
        kind=nuro.CreateInstrumental,
        takes=_same(
            *("duration", "genre", "mood", "instrument", "theme"),
            prompt="description",
            instrumental=None,
            model="version",
            segment="segments",
        ),
    ),
    "producer": _Operation(
        name="producer with a prompt alone",
        kind=producer.Create,
        takes=_same("title", "instrumental", "model", prompt="sound"),
    ),
}

_WITH_WORDS: Final = {
    "riffusion": _Operation(
        name="riffusion with --lyrics or --instrumental",
        kind=riffusion.CreateWithLyrics,
        takes=_SOUND_AND_WORDS,
    ),
    "suno": _Operation(
        name="suno with --lyrics (or --instrumental and --style or --title)",
        kind=suno.Create,
        takes=_same(
            *("lyrics", "title", "instrumental", "model"),
            *("negative_tags", "style_weight", "weirdness", "auto_lyrics"),
            style="tags",
            gender="vocal_gender",
        ),
    ),
    "nuro": _Operation(
        name="nuro with --lyrics",
        kind=nuro.CreateVocal,
        takes=_same("lyrics", "duration", "gender", "genre", "mood", "timbre"),
    ),
    "producer": _Operation(
        name="producer with --lyrics",
        kind=producer.Create,
        takes=_SOUND_AND_WORDS,
    ),
}

_OPERATIONS: Final = (*_DESCRIBED.values(), *_WITH_WORDS.values())


def read_lyrics(source: str) -> str:
    """
    Read the words from a file, or from standard input.

    Raises:
        UsageError: There are none.
    """
    name = "standard input" if source == "-" else f"the lyrics file {source}"
    try:
        data = sys.stdin.buffer.read() if source == "-" else Path(source).read_bytes()
        words = data.decode("utf-8-sig").strip()
    except OSError as error:
        raise _refused(f"{name} can't be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise _refused(f"{name} is not UTF-8 text") from error
    if not words:
        raise _refused(f"{name} is empty")
    return words


def to_request(song: Song, lyrics: str | None) -> Request[Any]:
    """
    Choose the operation that *song* asks for, and fill it in.

    Args:
        lyrics: The words themselves; None: none are given.

    Raises:
        UsageError: The options don't go together.
        InvalidRequest: A field breaks a rule of the service.
    """
    given = _given(song)
    operation = _operation_for(song)
    if operation is _WITH_WORDS.get(song.provider):
        given["lyrics"] = lyrics or ""
        _take_prompt_for_style(operation, given)
    elif "prompt" not in given:
        raise _refused('say what to make, as in: aiomusic create "r&b pop song"')
    for option in given:
        if option not in operation.takes:
            raise _refused(_misplaced(option, operation))
    fields: dict[str, Any] = {}
    for option, value in given.items():
        field = operation.takes[option]
        if field is not None:
            fields[field] = value
    return operation.kind(**_spelled(operation, fields))


def _given(song: Song) -> dict[str, Any]:
    """Keep the options that say something."""
    options = attrs.asdict(song, recurse=False)
    del options["provider"]
    return {
        option: value
        for option, value in options.items()
        if value is not None and value is not False and value != ()
    }


def _operation_for(song: Song) -> _Operation:
    is_named = song.style is not None or song.title is not None
    if song.provider not in _DESCRIBED:
        raise _refused(
            f"{song.provider} has operations of its own:"
            f" see 'aiomusic {song.provider} --help'"
        )
    match song.provider:
        case "riffusion":
            # Its description takes no word on the voice.
            has_words = song.lyrics is not None or song.instrumental
        case "suno":
            has_words = song.lyrics is not None or (song.instrumental and is_named)
        case _:
            has_words = song.lyrics is not None
    return (_WITH_WORDS if has_words else _DESCRIBED)[song.provider]


def _take_prompt_for_style(operation: _Operation, given: dict[str, Any]) -> None:
    """Read a prompt beside lyrics as what it must mean there."""
    if "style" not in operation.takes or "prompt" not in given:
        return
    if "style" in given:
        raise _refused(
            "beside --lyrics or --instrumental the prompt is the style,"
            " so give the prompt or --style, not both"
        )
    given["style"] = given.pop("prompt")


def _misplaced(option: str, operation: _Operation) -> str:
    others = "; ".join(one.name for one in _OPERATIONS if option in one.takes)
    name = "a prompt" if option == "prompt" else f"--{option.replace('_', '-')}"
    return f"{name} is not for {operation.name}, but for: {others}"


def _spelled(operation: _Operation, fields: dict[str, Any]) -> dict[str, Any]:
    """Turn what is typed into what the request's fields hold."""
    if operation.kind is suno.Create and "vocal_gender" in fields:
        fields["vocal_gender"] = fields["vocal_gender"][0]
    if operation.kind is nuro.CreateVocal:
        for name, choices in _VOCAL.items():
            if name in fields:
                fields[name] = _one_of(known_values(choices), name, fields[name])
    if "segments" in fields:
        fields["segments"] = [_segment(one) for one in fields["segments"]]
    return fields


_VOCAL: Final = {
    "gender": nuro.Gender,
    "genre": nuro.Genre,
    "mood": nuro.Mood,
    "timbre": nuro.Timbre,
}


def _one_of(choices: tuple[str, ...], name: str, value: str | tuple[str, ...]) -> str:
    """Forgive case, spaces and separators; the request judges any other name."""
    first, *more = (value,) if isinstance(value, str) else value
    if more:
        raise _refused(f"--{name} is given more than once; a nuro voice takes one")
    return meant(first, choices) or first


def _segment(text: str) -> nuro.Segment:
    name, _, length = text.partition(":")
    if not length.isdecimal():
        raise _refused(f"--segment is {text!r}; write name:seconds, as in intro:10")
    # The request checks the name.
    return nuro.Segment(name, int(length))


def _refused(why: str) -> UsageError:
    return UsageError(f"{why[0].upper()}{why[1:]}. Nothing was sent.")
