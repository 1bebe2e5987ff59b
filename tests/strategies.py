"""Hypothesis strategies for what goes over the wire."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from hypothesis import strategies as st

from aiomusic import Request, lyrics, nuro, producer, riffusion, suno
from aiomusic._fields import ClipRef, known_values
from aiomusic._spelling import is_blank

__all__ = ["clip_lists", "json_values", "nuro_tasks", "requests", "sentences"]


def _maybe(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | strategy


def _text(most: int, least: int = 0) -> st.SearchStrategy[str]:
    # No surrogates: JSON can't carry half of one.
    texts = st.text(
        st.characters(codec="utf-8"), min_size=least, max_size=min(most, 40)
    )
    # What is blank is empty.
    return texts.filter(lambda text: not (least and is_blank(text)))


_words = _text(40, 1)
_titles = _maybe(_text(40))
_numbers = st.integers(1, 400) | st.floats(0.1, 400)
_parts = _maybe(st.floats(0, 1) | st.integers(0, 1))
_ids = st.uuids().map(str)
_clips = st.builds(ClipRef, _ids, is_upload=st.booleans())
_made = st.builds(ClipRef, _ids)
_suno_models = st.sampled_from(known_values(suno.Model))
_fuzz_models = st.sampled_from(known_values(riffusion.Model))


def _uploads(kind: type[Any]) -> st.SearchStrategy[Any]:
    return st.builds(kind, _words.map(quote).map("https://e.org/{}".format))


def _edits(kind: type[Any], **fields: Any) -> st.SearchStrategy[Any]:
    return st.builds(
        kind,
        _clips,
        lyrics=_words,
        sound=_words,
        title=_titles,
        model=_fuzz_models,
        **fields,
    )


def _sung(kind: type[Any], what: st.SearchStrategy[Any], **fields: Any) -> Any:
    return st.builds(
        kind,
        what,
        lyrics=_words,
        title=_titles,
        tags=_titles,
        model=_suno_models,
        **fields,
    )


_newer = st.sampled_from(known_values(suno.Model)[2:])

_suno_creates = st.one_of(
    st.builds(
        suno.Create,
        _words,
        title=_titles,
        tags=_titles,
        instrumental=st.booleans(),
        model=_suno_models,
        style_weight=_parts,
        weirdness=_parts,
    ),
    st.builds(
        suno.Create,
        lyrics=_words,
        title=_titles,
        tags=_titles,
        instrumental=st.booleans(),
        model=_newer,
        negative_tags=_titles,
        style_weight=_parts,
        weirdness=_parts,
        vocal_gender=st.sampled_from([None, "f", "m"]),
        auto_lyrics=st.booleans(),
    ),
    st.builds(suno.Create, lyrics=st.just(""), instrumental=st.just(value=True)),
)


def _some(literal: Any) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(known_values(literal)), max_size=5)


def _split(lengths: list[int]) -> list[tuple[str, int]]:
    names = known_values(nuro.SegmentName)
    return [(names[n % len(names)], length) for n, length in enumerate(lengths)]


_segments = (
    st.lists(st.integers(5, 60), min_size=2, max_size=8)
    .filter(lambda lengths: 30 <= sum(lengths) <= 120)
    .map(_split)
) | st.integers(30, 120).map(lambda length: _split([length]))

_vocals = st.builds(
    nuro.CreateVocal,
    _words.map(lambda words: (words * 300)[:2000].ljust(300, "x")),
    gender=_maybe(st.sampled_from(known_values(nuro.Gender))),
    genre=_maybe(st.sampled_from(known_values(nuro.Genre))),
    mood=_maybe(st.sampled_from(known_values(nuro.Mood))),
    timbre=_maybe(st.sampled_from(known_values(nuro.Timbre))),
    duration=_maybe(st.integers(30, 240)),
)
_instrumentals = st.one_of(
    st.builds(
        nuro.CreateInstrumental,
        _words,
        genre=_some(nuro.BackgroundGenre),
        mood=_some(nuro.BackgroundMood),
        instrument=_some(nuro.Instrument),
        theme=_some(nuro.Theme),
        duration=_maybe(st.integers(1, 60)),
    ),
    st.builds(
        nuro.CreateInstrumental,
        _words,
        version=st.just("v2.0"),
        duration=_maybe(st.integers(30, 120)),
    ),
    st.builds(
        nuro.CreateInstrumental, _words, version=st.just("v2.0"), segments=_segments
    ),
)


def _produced(kind: type[Any], *clip: Any, **fields: Any) -> Any:
    return st.builds(
        kind,
        *clip,
        sound=_words,
        lyrics=_titles,
        title=_titles,
        model=st.sampled_from(known_values(producer.Model)),
        seed=_maybe(_words),
        lyrics_strength=_parts,
        sound_strength=_maybe(st.floats(0.2, 1)),
        weirdness=_parts,
        **fields,
    )


requests: Mapping[type[Request[Any]], st.SearchStrategy[Request[Any]]] = {
    suno.Create: _suno_creates,
    suno.Extend: _sung(suno.Extend, _clips, at=_numbers),
    suno.Concat: st.builds(suno.Concat, _made),
    suno.Cover: st.one_of(
        _sung(suno.Cover, _clips),
        _sung(
            suno.Cover,
            st.builds(ClipRef, _ids, is_upload=st.just(value=True)),
            audio_weight=_parts,
        ),
    ),
    suno.CreateWithPersona: _sung(suno.CreateWithPersona, _ids),
    suno.CreatePersona: st.builds(
        suno.CreatePersona, _made, name=_words, description=_words
    ),
    suno.UploadAudio: _uploads(suno.UploadAudio),
    suno.Stems: st.builds(suno.Stems, _made, full=st.booleans()),
    suno.GetWav: st.builds(suno.GetWav, _made),
    suno.GetMidi: st.builds(suno.GetMidi, _made),
    suno.AlignLyrics: st.builds(suno.AlignLyrics, _made),
    riffusion.Create: st.builds(riffusion.Create, _words, model=_fuzz_models),
    riffusion.CreateWithLyrics: st.builds(
        riffusion.CreateWithLyrics,
        _words,
        sound=_titles,
        title=_titles,
        instrumental=st.booleans(),
        model=_fuzz_models,
    ),
    riffusion.Extend: _edits(riffusion.Extend, at=st.integers(1, 400)),
    riffusion.Cover: _edits(riffusion.Cover),
    riffusion.ReplaceSection: _edits(
        riffusion.ReplaceSection,
        at=st.floats(0, 100),
        until=_maybe(st.floats(100.5, 400)),
    ),
    riffusion.SwapSound: _edits(riffusion.SwapSound),
    riffusion.SwapVocals: _edits(riffusion.SwapVocals),
    riffusion.UploadAudio: _uploads(riffusion.UploadAudio),
    nuro.CreateVocal: _vocals,
    nuro.CreateInstrumental: _instrumentals,
    producer.Create: _produced(producer.Create, instrumental=st.booleans()),
    producer.Extend: _produced(producer.Extend, _made, at=_maybe(_numbers)),
    producer.Cover: _produced(producer.Cover, _made, strength=_parts),
    producer.ReplaceSection: _produced(
        producer.ReplaceSection,
        _made,
        at=st.floats(0, 100),
        until=_maybe(st.floats(100.5, 400)),
    ),
    producer.SwapSound: _produced(producer.SwapSound, _made, strength=_parts),
    producer.SwapVocals: _produced(producer.SwapVocals, _made, strength=_parts),
    producer.Variation: _produced(producer.Variation, _made),
    producer.UploadAudio: _uploads(producer.UploadAudio),
    producer.Download: st.builds(
        producer.Download, _made, format=st.sampled_from(["mp3", "wav"])
    ),
    lyrics.Create: st.builds(lyrics.Create, _words),
}
"""Requests that the service takes, by their kind."""

json_values: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from([10**400, -(10**400), 404, 500, 202])
    | st.floats()
    | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=8,
)
"""Whatever JSON can say, and the infinities that Python's reader takes for it."""

_states = st.sampled_from(["pending", "running", "succeeded", "failed", "new", "", 7])
_fields = st.sampled_from(
    ["title", "tags", "lyrics", "audio_url", "duration", "created_at", "mv", "new_key"]
)
_almost_clips = st.builds(
    lambda known, rest: {**rest, **known},
    st.fixed_dictionaries({}, optional={"clip_id": st.text(), "state": _states}),
    st.dictionaries(_fields, json_values, max_size=4),
)

clip_lists: st.SearchStrategy[Any] = st.fixed_dictionaries(
    {"data": st.lists(_almost_clips, max_size=3) | json_values},
    optional={"code": json_values, "type": json_values, "message": json_values},
)
"""Bodies that are nearly replies to a poll of a task of suno."""

nuro_tasks: st.SearchStrategy[Any] = st.fixed_dictionaries(
    {},
    optional={
        "status": _states,
        **dict.fromkeys(("progress", "duration", "code", "type"), json_values),
        **dict.fromkeys(("audio_url", "lyrics", "genre", "message"), json_values),
    },
)
"""Bodies that are nearly replies to a poll of a task of nuro."""

sentences: st.SearchStrategy[str] = st.text(
    st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1
)
"""Words that a service may say."""
