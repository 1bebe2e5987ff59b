"""Which rows can be bought, and why the others can't."""

from typing import Any

import pytest

from aiomusic import MusicWarning, batch


def planned(*rows: dict[str, Any]) -> batch.Plan:
    return batch.plan(rows)


def why(*rows: dict[str, Any]) -> str:
    found = planned(*rows)
    assert len(found.bad) == 1, [str(one.error) for one in found.bad]
    return str(found.bad[0].error.args[0])


SONG: dict[str, Any] = {"key": "song", "provider": "suno", "description": "rain"}


def extend(clip: str, **more: object) -> dict[str, Any]:
    return {
        "key": "more",
        "provider": "suno",
        "operation": "extend",
        "clip": clip,
        "at": 10,
        "lyrics": "la",
        **more,
    }


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([{"key": "a"}], ["row 1", "prompt"]),
        (
            [{"description": "rain", "mood": "calm"}],
            ["needs prompt; description and mood are no arguments"],
        ),
        ([{"provider": "sunno"}], ["provider", "sunno", "suno"]),
        ([{"provider": "Suno ", "operation": "remix"}], ["remix", "extend", "cover"]),
        ([SONG, {**SONG, "description": "sun"}], ["row 2", "'song'", "row 1"]),
        ([{**SONG, "instrumental": "maybe"}], ["column instrumental", "yes or no"]),
        ([SONG, extend("@song", at="ten")], ["column at", "'ten'", "number"]),
        ([SONG, extend("@sing")], ["column clip", "@sing", "no row", "add the row"]),
        ([SONG, extend("@song[2]")], ["take 3", "makes 2"]),
        ([extend("@more")], ["waits for itself"]),
        (
            [{"key": "song", "prompt": "rain"}, extend("@song")],
            ["riffusion", "suno"],
        ),
        (
            [
                {"key": "song", "provider": "lyrics", "description": "x"},
                extend("@song"),
            ],
            ["lyrics.create", "no clip"],
        ),
        (
            [
                {"key": "words", "provider": "lyrics", "description": "x"},
                {"provider": "suno", "lyrics": "@words.kept"},
            ],
            ["row 1", "no takes"],
        ),
        ([{**SONG, "Title": "Boats"}], ["column Title", "write title"]),
        ([{**SONG, "style weight": 1}], ["column style weight", "write style_weight"]),
        ([SONG, extend("@")], ["column clip", "'@'", "key of a row"]),
        ([{**SONG, "extra": "mv"}], ["extra"]),
        ([{**SONG, "lyrics": "both"}], ["not both"]),
    ],
)
def test_a_row_that_cannot_be_bought_is_named(
    rows: list[dict[str, Any]], words: list[str]
) -> None:
    """Where it stands, which column, what was seen, what would do."""
    text = why(*rows)

    assert all(word in text for word in [*words, "Nothing was sent"])


def test_a_bad_row_stops_those_that_refer_to_it_and_no_other() -> None:
    """The chain behind it is told too, each with what it waits for."""
    found = planned(
        {**SONG, "description": ""},
        extend("@song"),
        {"key": "end", "provider": "suno", "operation": "concat", "clip": "@more"},
        {"key": "sun", "prompt": "sun"},
    )

    assert [row.key for row in found.rows] == ["sun"]
    assert {bad.key for bad in found.bad} == {"song", "more", "end"}


def test_rows_come_after_what_they_refer_to_and_else_as_they_stand() -> None:
    """A file may name its rows in any order."""
    found = planned(
        {"key": "end", "provider": "suno", "operation": "concat", "clip": "@more"},
        {"key": "sun", "prompt": "sun"},
        extend("@song.kept"),
        SONG,
    )

    assert [row.key for row in found.rows] == ["sun", "song", "more", "end"]
    assert found.credits == sum(row.cost for row in found.rows)
    assert found.by_operation["suno.concat"] == (1, 2)


def test_a_long_chain_in_reverse_is_ordered_quickly() -> None:
    """Each row is put in its place once, however they stand."""
    chain = [
        extend(f"@{n - 1}", key=str(n)) if n else {**SONG, "key": "0"}
        for n in range(3_000)
    ]

    found = planned(*reversed(chain))

    assert [row.key for row in found.rows] == [str(n) for n in range(3_000)]


def test_cells_are_read_as_the_operation_needs_them() -> None:
    """Text of a CSV becomes numbers, lists, parts and yes or no."""
    found = planned(
        {"provider": "suno", "lyrics": "la", "instrumental": "YES", "weirdness": "0.5"},
        {
            "provider": "nuro",
            "operation": "create_instrumental",
            "description": "calm",
            "genre": "ambient; jazz",
            "duration": "30",
        },
        {
            "provider": "nuro",
            "operation": "create_instrumental",
            "description": "calm",
            "version": "v2.0",
            "segments": "intro:10; verse:20",
        },
    )

    assert not found.bad, [str(one.error) for one in found.bad]
    made: list[Any] = [row.request({}) for row in found.rows]
    first, second, third = made
    assert first.instrumental is True
    assert first.weirdness == 0.5
    assert second.genre == ("ambient", "jazz")
    assert second.duration == 30
    assert [part.duration for part in third.segments] == [10, 20]


def test_what_is_no_argument_is_kept_beside_the_job() -> None:
    """Columns of one's own become the job's metadata."""
    found = planned({**SONG, "album": "blue", "metadata": {"order": 7}})

    assert found.rows[0].metadata == {"album": "blue", "order": 7}


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"lyric": "la"}, "takes no lyric: .* Did you mean lyrics?"),
        ({"duration": 180}, "suno.create takes no duration: it is kept as metadata"),
    ],
    ids=["misspelt", "of another operation"],
)
def test_a_column_that_seems_to_be_an_argument_is_warned_of(
    more: dict[str, Any], words: str
) -> None:
    """The row would be bought without it."""
    with pytest.warns(MusicWarning, match=words):
        found = planned({**SONG, **more})

    assert found.rows[0].metadata == more


def test_words_that_begin_with_an_at_are_words() -> None:
    """Only a row that makes lyrics can stand in place of lyrics."""
    found = planned(
        {"key": "words", "provider": "lyrics", "description": "rain"},
        {"provider": "suno", "lyrics": "@home at last"},
        {"provider": "suno", "lyrics": "@words[1]"},
    )

    assert [len(row.references) for row in found.rows] == [0, 0, 1]


@pytest.mark.parametrize("value", ["songs.csv", [5], ["rain"]])
def test_something_else_than_rows_is_a_type_error(value: list[Any]) -> None:
    """It says what is taken."""
    with pytest.raises(TypeError, match="mappings"):
        batch.plan(value)
