"""What a batch file says, and how a wrong line of it is told."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiomusic import InvalidRequest, batch
from aiomusic.batch import BadRow, Row


def written(folder: Path, text: str, name: str = "songs.csv") -> Path:
    path = folder / name
    path.write_bytes(text.encode())
    return path


def read(folder: Path, text: str, name: str = "songs.csv") -> list[Row | BadRow]:
    return batch.read(written(folder, text, name))


def row(folder: Path, text: str, name: str = "songs.csv") -> Row:
    (found,) = read(folder, text, name)
    assert isinstance(found, Row)
    return found


def error(folder: Path, text: str, name: str = "songs.csv") -> str:
    bad = [one for one in read(folder, text, name) if isinstance(one, BadRow)]
    return str(bad[0].error.args[0])


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("key,provider,prompt\na,riffusion,rain\n", "songs.csv"),
        ("key,provider,operation,prompt\na,RIFFUSION,Create,rain\n", "songs.csv"),
        ("\ufeffkey;provider;prompt\r\na;riffusion;rain\r\n", "songs.csv"),
        ("key\tprovider\tprompt\na\triffusion\train\n", "songs.tsv"),
        ('{"key": "a", "prompt": "rain"}\n\n', "songs.jsonl"),
    ],
)
def test_a_row_is_read_alike_from_every_kind_of_file(
    tmp_path: Path, text: str, name: str
) -> None:
    """Commas, semicolons, tabs and JSON lines say the same."""
    found = row(tmp_path, text, name)

    assert (found.key, found.kind) == ("a", "riffusion.create")
    assert found.values == {"prompt": "rain"}


def test_a_cell_may_hold_lines_and_the_next_row_is_still_named_right(
    tmp_path: Path,
) -> None:
    """Lyrics span lines; an error below them names the line that it stands in."""
    text = 'key,lyrics\na,"[Verse]\none, two\nthree"\nb,x,y\n'

    first, second = read(tmp_path, text)

    assert isinstance(first, Row)
    assert first.values == {"lyrics": "[Verse]\none, two\nthree"}
    assert isinstance(second, BadRow)
    assert "songs.csv, line 5" in str(second.error)
    assert "3 cells" in str(second.error)


@pytest.mark.parametrize(
    ("text", "name", "words"),
    [
        ('key,prompt\na,"rain\n', "songs.csv", ["line 2", "no CSV"]),
        ("{\n", "songs.jsonl", ["line 1", "no JSON", "character"]),
        ('{"a": NaN}\n', "songs.jsonl", ["line 1", "NaN"]),
        ("[1]\n", "songs.jsonl", ["line 1", "object", "[1]"]),
        ("[" * 100_000, "songs.jsonl", ["line 1", "no JSON"]),
        ('{"key": 5}\n', "songs.jsonl", ["line 1", "column key", "5"]),
        ('{"provider": ["suno"]}\n', "songs.jsonl", ["line 1", "column provider"]),
    ],
)
def test_a_line_that_cannot_be_read_is_named(
    tmp_path: Path, text: str, name: str, words: list[str]
) -> None:
    """File, line, what was seen, and that nothing was sent for it."""
    found = error(tmp_path, text, name)

    assert all(word in found for word in [name, *words, "Nothing was sent"])


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (None, ["can't be read", "No such file"]),
        (b"key,prompt\na,\xff\n", ["line 2", "UTF-8"]),
        (b"key,key\na,b\n", ["line 1", "two columns", "key"]),
        (b"Key,prompt\na,b\n", ["line 1", "named Key; write key"]),
        (b"root:x:0:0\nbin:x:1:1\n", ["line 1", "names no argument"]),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_whole(
    tmp_path: Path, data: bytes | None, words: list[str]
) -> None:
    """There is no row to name, so the call itself raises."""
    path = tmp_path / "songs.csv"
    if data is not None:
        path.write_bytes(data)

    with pytest.raises(InvalidRequest) as seen:
        batch.read(path)

    assert all(word in str(seen.value) for word in [*words, "Nothing was sent"])


def test_the_same_row_has_the_same_key_wherever_it_stands(tmp_path: Path) -> None:
    """A row without a key is known by what it asks for, so a run again meets it."""
    one = read(tmp_path, "prompt\nrain\nsun\n")
    other = read(tmp_path, "prompt,provider\nsun,riffusion\nrain,\n")

    assert [found.key for found in one] == [found.key for found in reversed(other)]


def test_rows_that_are_alike_are_two_songs(tmp_path: Path) -> None:
    """Their keys are told apart by how often the row was seen, also past a bad one."""
    first, bad, second = read(tmp_path, "prompt\nrain\nx,y\nrain\n")

    assert isinstance(bad, BadRow)
    assert second.key == f"{first.key}-2"


def test_a_recipe_is_filled_once_for_each_row_of_another_file(tmp_path: Path) -> None:
    """Placeholders are replaced, keys told apart, references kept together."""
    recipe = written(
        tmp_path,
        "key,provider,operation,description,clip,at,lyrics\n"
        "song,suno,create,for {name},,,\n"
        "more-{name},suno,extend,,@song[1],10,{{oh}} {name}\n",
    )
    names = written(tmp_path, "key,name\nann,Ann\n,Bo\n", "names.csv")

    rows = batch.read(recipe, fill=names)

    assert [one.key for one in rows] == ["song-ann", "more-Ann", "song-2", "more-Bo"]
    assert isinstance(rows[3], Row)
    assert rows[3].values["clip"] == "@song-2[1]"
    assert rows[3].values["lyrics"] == "{oh} Bo"
    assert not batch.plan(rows).bad


def test_a_placeholder_that_nothing_fills_is_told(tmp_path: Path) -> None:
    """It names the column, what there is, and how to write a brace."""
    recipe = written(tmp_path, "key,prompt\na,for {nmae}\n")
    names = written(tmp_path, "name\nAnn\n", "names.csv")

    (found,) = batch.read(recipe, fill=names)

    assert isinstance(found, BadRow)
    text = str(found.error)
    assert all(one in text for one in ("{nmae}", "column prompt", "name", "{{"))


def test_braces_are_plain_text_where_nothing_is_filled_in(tmp_path: Path) -> None:
    """Only a recipe has placeholders."""
    assert row(tmp_path, "prompt\n{rain}\n").values == {"prompt": "{rain}"}


@given(
    cells=st.lists(
        st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\0\r"))
        .map(str.strip)
        .filter(bool),
        min_size=1,
        max_size=5,
    )
)
def test_whatever_a_cell_holds_is_read_as_it_is(
    tmp_path_factory: pytest.TempPathFactory, cells: list[str]
) -> None:
    """Quotes, separators and line ends within a cell are the cell's own."""
    folder = tmp_path_factory.mktemp("cells")
    quoted = ",".join('"{}"'.format(cell.replace('"', '""')) for cell in cells)
    heading = ",".join(["prompt", "c1", "c2", "c3", "c4"][: len(cells)])

    found = row(folder, f"{heading}\n{quoted}\n")

    assert list(found.values.values()) == cells
