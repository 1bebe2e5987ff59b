"""A clip's file has a name that any system takes."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from media_host import clip

from aiomusic._names import file_stem


@pytest.mark.parametrize(
    ("stem", "title"),
    [
        pytest.param("AC-DC", "AC/DC", id="separator"),
        pytest.param("etc-passwd", "../../etc/passwd", id="escape"),
        pytest.param("C-Windows", "C:\\Windows", id="drive"),
        pytest.param("a b", " a\n\t\x00b. ", id="controls"),
        pytest.param("_CON.mp3", "CON.mp3", id="reserved"),
        pytest.param("CON", "CON", id="reserved-but-for-the-id"),
        pytest.param("rf", "-rf", id="option"),
        pytest.param("Кораблики 纸船 👩‍👧", "Кораблики 纸船 👩‍👧", id="unicode"),
        pytest.param("gpj.exe", "\u202egpj.exe", id="bidi"),
        pytest.param("x", "x\ud83d", id="half-a-pair"),
        pytest.param("é", "e\u0301", id="one-spelling"),
        pytest.param("船" * 30, "船" * 200, id="long"),
        pytest.param("suno", "...", id="dots"),
        pytest.param("suno", "", id="nothing"),
    ],
)
def test_titles_become_names(stem: str, title: str) -> None:
    """They stay readable, and lose what a file system may not like."""
    assert f"{stem} 0f7b5f2e-6c1d" == file_stem(clip(None, title=title))


@given(title=st.text(max_size=300), clip_id=st.text(max_size=80))
def test_any_name_is_safe(title: str, clip_id: str) -> None:
    """Whatever the service sends, the file stays in its folder, on any system."""
    stem = file_stem(clip(None, title=title, clip_id=clip_id))

    assert 0 < len(f"{stem}.part.tagged".encode()) <= 143
    assert not set(stem) & set('<>:"/\\|?*')
    assert not {"Cc", "Cs"} & {unicodedata.category(char) for char in stem}
    assert stem == stem.strip(" ")
    assert not stem.startswith((".", "-"))


@given(one=st.text(max_size=50), other=st.text(max_size=50))
def test_no_two_ids_share_a_name(one: str, other: str) -> None:
    """Not even where upper and lower case are the same."""
    stems = {
        file_stem(clip(None, clip_id=clip_id)).casefold() for clip_id in (one, other)
    }

    assert len({one, other}) == len(stems)
