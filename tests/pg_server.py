"""A PostgreSQL cluster of the tests' own, and PgBouncer before it."""

import contextlib
import functools
import getpass
import hashlib
import importlib.util
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import attrs
import pytest

FAST = "/dev/shm" if Path("/dev/shm").is_dir() else None
PORT = 5432
START_S = 60.0
SETTINGS = {
    "listen_addresses": "",
    "max_connections": "300",
    # What the machine forgets when it fails is for no test to see.
    "fsync": "off",
    "full_page_writes": "off",
    "log_min_messages": "fatal",
    # Schemas come and go with each test.
    "autovacuum": "off",
}


def _found(name: str) -> Path | None:
    places = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), reverse=True)
    which = shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    return places[0] if places else Path(which) if which else None


def is_here() -> bool:
    """Check whether all that the tests need is installed."""
    has_driver = importlib.util.find_spec("asyncpg") is not None
    return has_driver and all(_found(name) for name in ("initdb", "pgbouncer"))


NEEDED = pytest.mark.skipif(
    not is_here(), reason="needs postgresql, pgbouncer and asyncpg"
)


def _user() -> str:
    """Return who may run a server: root may not."""
    return "postgres" if os.geteuid() == 0 else getpass.getuser()


def _popen(command: Sequence[str], folder: Path) -> "subprocess.Popen[bytes]":
    is_root = os.geteuid() == 0
    return subprocess.Popen(
        command,
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        user=_user() if is_root else None,
        group=_user() if is_root else None,
        extra_groups=[] if is_root else None,
    )


@attrs.define(eq=False)
class Program:
    """A server that is started, killed and started again."""

    command: Sequence[str]
    folder: Path
    process: "subprocess.Popen[bytes] | None" = None

    def start(self) -> None:
        assert self.process is None
        self.process = _popen(self.command, self.folder)
        self._wait()

    def _wait(self) -> None:
        deadline = time.monotonic() + START_S
        while time.monotonic() < deadline:
            assert self.process is not None
            assert self.process.poll() is None, f"{self.command[0]} did not start"
            with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as one:
                one.connect(str(self.folder / f".s.PGSQL.{PORT}"))
                return
            time.sleep(0.02)
        raise TimeoutError(self.command[0])

    def stop(self, how: int = signal.SIGQUIT) -> None:
        if self.process is not None:
            self.process.send_signal(how)
            self.process.wait(START_S)
            self.process = None


@attrs.define(eq=False)
class Server:
    """One cluster in a folder of its own."""

    folder: Path
    postgres: Program
    bouncer: Program

    def url(self, path: Path, *, is_pooled: bool = False, options: str = "") -> str:
        """Return the address of the journal that belongs to a test's own folder."""
        host = self.bouncer.folder if is_pooled else self.postgres.folder
        schema = f"t{hashlib.md5(bytes(path)).hexdigest()[:16]}"
        return f"postgresql://postgres@/postgres?host={host}&schema={schema}{options}"

    @property
    def socket(self) -> Path:
        """The file at which it takes connections."""
        return self.postgres.folder / f".s.PGSQL.{PORT}"

    def stop(self) -> None:
        self.bouncer.stop()
        self.postgres.stop()
        shutil.rmtree(self.folder, ignore_errors=True)


def start() -> Server:
    folder = Path(tempfile.mkdtemp(dir=FAST, prefix="pg-"))
    for name in ("data", "server", "bouncer"):
        (folder / name).mkdir()
    if os.geteuid() == 0:
        for path in (folder, *folder.iterdir()):
            shutil.chown(path, _user(), _user())
    initdb = _found("initdb")
    assert initdb is not None
    words = f"{initdb} -D {folder}/data -U postgres -A trust -N -E UTF8 --locale C"
    assert _popen(words.split(), folder).wait(START_S) == 0
    options = [f"-c{name}={value}" for name, value in SETTINGS.items()]
    words = f"{initdb.with_name('postgres')} -D {folder}/data -p{PORT} -k"
    where = folder / "server"
    server = Program([*words.split(), str(where), *options], where)
    server.start()
    bouncer = _bouncer(folder)
    bouncer.start()
    return Server(folder, server, bouncer)


def _bouncer(folder: Path) -> Program:
    settings = folder / "bouncer" / "pgbouncer.ini"
    settings.write_text(
        f"[databases]\n* = host={folder / 'server'} port={PORT} user=postgres\n"
        "[pgbouncer]\npool_mode = transaction\nauth_type = any\n"
        # Fewer than a test has sessions, so that they do share them.
        "default_pool_size = 2\nmax_client_conn = 500\n"
        f"listen_addr =\nlisten_port = {PORT}\nunix_socket_dir = {folder / 'bouncer'}\n"
    )
    if os.geteuid() == 0:
        shutil.chown(settings, _user(), _user())
    return Program([str(_found("pgbouncer")), "-q", str(settings)], settings.parent)


@functools.cache
def running() -> Server:
    """Return the cluster that all tests share; the run's end stops it."""
    return start()


def stop_running() -> None:
    if running.cache_info().currsize:
        running().stop()
        running.cache_clear()
