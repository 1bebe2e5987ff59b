"""An album's manifest: a JSON object a line, one for each row of its batch."""

import codecs
import contextlib
import io
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO, Final, final

from aiomusic._redact import kept
from aiomusic.errors import DownloadError, Retry
from aiomusic.gallery import Kept, read_kept
from aiomusic.gallery._lines import MANIFEST_NAME, Place, last_lines, read_line

__all__ = ["KEPT_NAME", "Kept", "Manifest", "choices"]

KEPT_NAME: Final = "kept.json"


@final
class Manifest:
    """
    The lines of ``manifest.jsonl``, appended while a batch runs.

    A later line replaces an earlier one of the same key; a line that was cut off by
    a crash is passed over.

    Args:
        folder: The album.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._path = folder / MANIFEST_NAME

    def add(self, line: dict[str, Any]) -> None:
        """
        Append a line.

        Raises:
            DownloadError: It can't be written.
        """
        text = json.dumps(kept(line), ensure_ascii=False, allow_nan=False)
        # Half a surrogate pair, which JSON may hold, is no UTF-8.
        data = f"{text}\n".encode(errors="replace")
        with self._trouble(), self._path.open("ab+") as file:
            end = file.seek(0, os.SEEK_END)
            if end:
                file.seek(end - 1)
                if file.read(1) != b"\n":
                    data = b"\n" + data
            file.write(data)

    def compact(self) -> None:
        """
        Rewrite it, with one line a key; the old one stays until the new is whole.

        Raises:
            DownloadError: It can't be written.
        """
        part = self._path.with_name(f"{MANIFEST_NAME}.part")
        with self._trouble():
            with self._reading() as (file, places), part.open("wb") as target:
                for place in places.values():
                    file.seek(place.start)
                    line = file.read(place.size).removeprefix(codecs.BOM_UTF8)
                    target.write(line.rstrip(b"\r\n") + b"\n")
                target.flush()
                os.fsync(target.fileno())
            part.replace(self._path)

    @contextlib.contextmanager
    def lines(self) -> Iterator[Callable[[str], dict[str, Any]]]:
        """
        Yield what reads the last line of a key; nothing: there is none.

        Raises:
            DownloadError: The file can't be read.
        """
        with self._trouble(), self._reading() as (file, places):

            def line(key: str) -> dict[str, Any]:
                place = places.get(key)
                return {} if place is None else read_line(file, place)

            yield line

    @contextlib.contextmanager
    def _reading(self) -> Iterator[tuple[BinaryIO, dict[str, Place]]]:
        if not self._path.exists():
            yield io.BytesIO(), {}
            return
        places, _ = last_lines(self._folder)
        with self._path.open("rb") as file:
            yield file, places

    @contextlib.contextmanager
    def _trouble(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            message = (
                f"{self._path} can't be written: {error.strerror}. The songs and the"
                " journal are not touched; run the batch again when that is mended."
            )
            raise DownloadError(message, retry=Retry.AFTER_EDIT) from error


def choices(path: Path) -> Kept:
    """
    Read which clips were kept, and which dropped, in the gallery.

    Raises:
        DownloadError: The file is something else.
    """
    try:
        return read_kept(path)
    except (OSError, ValueError) as error:
        message = (
            f"{error} Export it again from the gallery, or remove it. Nothing was sent."
        )
        raise DownloadError(message, retry=Retry.AFTER_EDIT) from error
