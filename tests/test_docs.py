"""Every Python program in README.md and docs/ runs as printed."""

import asyncio
import importlib.util
import os
import pkgutil
import re
import runpy
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import anyio
import pytest

from aiomusic.emulator import Emulator, Pace

ROOT: Final = Path(__file__).parent.parent
DOCS: Final = ROOT / "docs"
PAGES: Final = [ROOT / "README.md", *sorted(DOCS.rglob("*.md"))]
LINK: Final = re.compile(r"\]\((?!https?:)([^)#]+)(?:#[^)]*)?\)")


def blocks(language: str) -> Iterator[tuple[str, str]]:
    """Return each block of a language, and where it stands."""
    for page in PAGES:
        text = page.read_text()
        for found in re.finditer(rf"```{language}\n(.*?)```", text, re.DOTALL):
            line = text[: found.start()].count("\n") + 1
            yield f"{page.relative_to(ROOT)}:{line}", found[1]


PROGRAMS: Final = dict(blocks("python"))


@pytest.mark.slow
@pytest.mark.anyio
@pytest.mark.parametrize("place", PROGRAMS)
async def test_a_program_runs_as_printed(
    place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In an empty folder, with nothing set but the key and the address."""
    program = PROGRAMS[place]
    # Music is made only for those that save it.
    media = ".save(" in program or "batch.run(" in program
    monkeypatch.chdir(tmp_path)
    async with Emulator(preview_s=20, pace=Pace.seconds(0, 0), media=media) as api:
        monkeypatch.setenv("AIOMUSIC_API_KEY", api.key)
        monkeypatch.setenv("AIOMUSIC_BASE_URL", api.url)
        if "def test_" in program:
            await run_tests(program, tmp_path)
        else:
            await anyio.to_thread.run_sync(run, program, place)


def run(program: str, place: str) -> None:
    """Run a program as a module of its own."""
    exec(compile(program, place, "exec"), {"__name__": "__main__"})


async def run_tests(program: str, folder: Path) -> None:
    """Run a program's tests by pytest, under the plugins that there are."""
    (folder / "test_it.py").write_text(program)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    if importlib.util.find_spec("pytest_asyncio") is not None:
        other = program.replace("pytest.mark.anyio", "pytest.mark.asyncio")
        (folder / "test_other.py").write_text(other)
        command += ["-o", "asyncio_default_fixture_loop_scope=function"]
    async with asyncio.timeout(120):
        done = await anyio.run_process(
            command, cwd=folder, check=False, stderr=subprocess.STDOUT
        )
    assert 0 == done.returncode, done.stdout.decode()


@pytest.mark.slow
@pytest.mark.anyio
async def test_the_tutorial_runs_as_printed(tmp_path: Path) -> None:
    """Its files are saved, and its commands typed in their order."""
    text = (DOCS / "tutorial.md").read_text()
    [songs] = re.findall(r"```csv\n(.*?)```", text, re.DOTALL)
    (tmp_path / "songs.csv").write_text(songs)
    commands = "".join(re.findall(r"```console\n(.*?)```", text, re.DOTALL))
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"

    async with asyncio.timeout(200):
        done = await anyio.run_process(
            ["bash", "-euc", commands],
            cwd=tmp_path,
            check=False,
            env={**os.environ, "PATH": path, "PYTHONPATH": os.pathsep.join(sys.path)},
            stderr=subprocess.STDOUT,
        )

    assert 0 == done.returncode, done.stdout.decode()
    assert 6 == len(list(tmp_path.glob("album/*.mp3")))
    assert (tmp_path / "album" / "index.html").exists()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    """A link to another page, or to a file, names one that exists."""
    links = [page.parent / link for link in LINK.findall(page.read_text())]

    assert not [link for link in links if not link.exists()]


def test_the_table_of_operations_is_up_to_date() -> None:
    """It is written from the request classes, by a command that it names."""
    found = runpy.run_path(str(ROOT / ".ci" / "operations.py"))

    assert found["page"]() == (DOCS / "operations.md").read_text()


def test_every_page_is_in_the_menu() -> None:
    """A page that no menu names is found by nobody."""
    menu = (ROOT / "mkdocs.yml").read_text()

    missing = {page.relative_to(DOCS).as_posix() for page in DOCS.rglob("*.md")}
    assert not {page for page in missing if page not in menu}


def test_a_reader_finds_every_public_name_in_two_clicks() -> None:
    """From the first page to the list of names, and from there to its own page."""
    found = runpy.run_path(str(ROOT / ".ci" / "names.py"))

    assert [] == [name for name, page in found["names"]() if not page]
    assert found["page"]() == (DOCS / "reference" / "names.md").read_text(), (
        "run 'python .ci/names.py'"
    )
    assert "](reference/names.md)" in (DOCS / "index.md").read_text()


def test_what_the_reference_describes_is_there_once() -> None:
    """A name that is gone would only fail the build of the pages."""
    lines = [
        line.split()[1]
        for page in DOCS.rglob("*.md")
        for line in page.read_text().splitlines()
        if line.startswith("::: ")
    ]

    assert len(lines) > 20
    for name in lines:
        pkgutil.resolve_name(name)
    assert [] == [name for name, count in Counter(lines).items() if count > 1]


def test_every_row_of_the_comparison_can_be_checked() -> None:
    """Its last cell names a command that is there, or a page that tells of it."""
    rows = [
        [cell.strip() for cell in line.strip("| ").split("|")]
        for line in (DOCS / "comparison.md").read_text().splitlines()
        if line.startswith("| ") and not line.startswith("|---")
    ]
    heads = [row for row in rows if row[-1] in {"shown by", "see"}]

    assert 2 == len(heads)
    for row in rows:
        if row in heads:
            continue
        command = re.fullmatch(r"`(\w+\.py)`", row[-1])
        links = [DOCS / link for link in LINK.findall(row[-1])]
        shown = [ROOT / "benchmarks" / command[1]] if command else links
        assert shown, row
        assert [] == [path for path in shown if not path.is_file()]
