"""The files that run a worker are well-formed, and type a command that there is."""

import configparser
import shlex
import shutil
import subprocess
from pathlib import Path
from typing import Any, Final

import pytest

from aiomusic.cli._app import APP

WORKER: Final = Path(__file__).parents[2] / "examples" / "worker"
UNIT: Final = WORKER / "aiomusic-worker.service"


def check(words: list[str]) -> None:
    """See that the command takes these words, without running them."""
    APP.parse_args(words, exit_on_error=False, print_error=False)


def test_the_unit_is_one_of_systemd_and_types_a_worker(tmp_path: Path) -> None:
    """It has time to hand over, and no key in it."""
    unit = configparser.ConfigParser(interpolation=None)
    unit.optionxform = str  # type: ignore[assignment, method-assign]
    unit.read_string(UNIT.read_text())

    program, *words = shlex.split(unit["Service"]["ExecStart"])
    check(words)
    assert "aiomusic" == Path(program).name
    assert 45 == int(unit["Service"]["TimeoutStopSec"])
    assert "AIOMUSIC_API_KEY" not in unit["Service"].get("Environment", "")
    if verify := shutil.which("systemd-analyze"):
        copy = tmp_path / UNIT.name
        copy.write_text(UNIT.read_text().replace(program, "/bin/true"))
        ran = subprocess.run(
            [verify, "verify", "--man=no", str(copy)],
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert UNIT.name not in ran.stderr, ran.stderr


def test_the_compose_file_types_a_worker_that_waits_for_its_database() -> None:
    """Password and key come from outside."""
    yaml = pytest.importorskip("yaml")
    found: dict[str, Any] = yaml.safe_load((WORKER / "compose.yaml").read_text())

    worker, db = found["services"]["worker"], found["services"]["db"]
    check(shlex.split(worker["command"]))
    assert {"db": {"condition": "service_healthy"}} == worker["depends_on"]
    assert "45s" == worker["stop_grace_period"]
    secrets = [
        worker["environment"]["PGPASSWORD"],
        db["environment"]["POSTGRES_PASSWORD"],
    ]
    assert ["${PGPASSWORD:?set it in .env}"] * 2 == secrets
    mounted = {one.split(":")[0] for one in [*worker["volumes"], *db["volumes"]]}
    assert mounted == set(found["volumes"])
