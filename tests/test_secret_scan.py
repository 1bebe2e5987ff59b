"""The scan for keys, which every run of the tests ends with, finds what is shown."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
OPTIONS = ["-q", "-rE", "-p", "no:cacheprovider"]

# Put together there: the scan reads this test's folder, too.
TESTS = """
import logging
from aiomusic import _redact, suno

KEY = "emu-" + 16 * "0f"
kept = []

def test_log():
    logging.getLogger("aiomusic").warning("the key is %s", KEY)

def test_output():
    print(KEY)

def test_file(tmp_path):
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "j.db").write_bytes(b"x" * 9_000_000 + KEY.encode())

def test_base64():
    _redact.hide("k-4711-0815-4711")
    print("ay00NzExLTA4MTUtNDcxMQ")

def test_telemetry_repr():
    kept.append(suno.Create("rain", title=KEY))

def test_folder_of_many(tmp_path_factory):
    kept.clear()
    (tmp_path_factory.mktemp("all") / "log.txt").write_text(KEY)

def test_nothing(tmp_path):
    (tmp_path / "a").write_text("all is well")
"""


@pytest.mark.parametrize("workers", [0, 2])
def test_what_shows_a_key_fails_the_run(tmp_path: Path, workers: int) -> None:
    """In a log, in output, in a file, in a repr, and in another spelling; once each."""
    (tmp_path / "conftest.py").write_text((HERE / "conftest.py").read_text())
    (tmp_path / "test_it.py").write_text(TESTS)
    path = os.pathsep.join([str(HERE), str(HERE.parent)])

    done = subprocess.run(
        [sys.executable, "-m", "pytest", *OPTIONS, "-n", str(workers), "."],
        cwd=tmp_path,
        # In bytecode, what is put together stands as one.
        env={**os.environ, "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        timeout=200,
        check=False,
    )

    told = done.stdout.decode()
    leaking = {
        line.split("::")[1].split()[0]
        for line in told.splitlines()
        if "ERROR test" in line
    }
    assert 1 == done.returncode, told
    assert {
        "test_log",
        "test_output",
        "test_file",
        "test_base64",
        "test_telemetry_repr",
    } == leaking
    assert "A key is shown: an emulator's, in all0/log.txt" in told
    assert "keys: 6 shown in what 7 tests leave" in told
