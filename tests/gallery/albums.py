"""Albums on the disk, with sound that a browser plays."""

import json
import math
import struct
import wave
from collections.abc import Mapping, Sequence
from pathlib import Path

import attrs

RATE = 8000
COVER = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 8 8">'
    '<rect width="8" height="8" fill="#176"/></svg>'
)
LYRICS = "[Verse]\nPaper boats go by\n\n[Chorus]\nLet it rain again"
SUNG = ["Paper", "boats", "go", "by", "Let", "it", "rain", "again"]
WORDS = [[word_at / 2, word_at / 2 + 0.4, word] for word_at, word in enumerate(SUNG)]


def write_sound(path: Path, seconds: float = 4.0) -> None:
    """Write a tone that grows louder from beginning to end."""
    count = int(seconds * RATE)
    samples = (
        int(12_000 * place / count * math.sin(place / 3)) for place in range(count)
    )
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(b"".join(struct.pack("<h", sample) for sample in samples))


def clip_id(key: str, take: int) -> str:
    number = sum(ord(char) * 257**place for place, char in enumerate(key)) % 10**8
    return f"{number:08d}-{take:04d}-4000-8000-000000000000"


@attrs.define
class AlbumMaker:
    """Rows of a manifest, and their files."""

    folder: Path
    rows: list[dict[str, object]] = attrs.Factory(list)
    has_files: bool = True

    def song(
        self,
        key: str,
        *,
        takes: int = 2,
        seconds: float = 4.0,
        clip: Mapping[str, object] | None = None,
        origins: Sequence[Mapping[str, object]] = (),
        **fields: object,
    ) -> None:
        """Add a row, and a file for each of its takes."""
        row = len(self.rows) + 1
        title = key.capitalize()
        clips = [
            {
                "clip_id": clip_id(key, take),
                "take": take,
                "title": title,
                "tags": "pop, rain",
                "lyrics": LYRICS,
                "model": "chirp-v5",
                "duration": seconds,
                "created_at": "2026-11-28T06:00:00Z",
                "file": self._file(f"{row:02} {key} ({take}).wav", seconds),
                "cover": self._cover(f"{row:02} {key} ({take}).svg"),
                "lrc": None,
                "words": None,
                "kept": None,
                **(clip or {}),
            }
            for take in range(1, takes + 1)
        ]
        self.rows.append(
            {
                "key": key,
                "row": row,
                "provider": "suno",
                "operation": "create",
                "request": {"description": f"a song about {key}", "model": "chirp-v5"},
                "metadata": {},
                "state": "succeeded",
                "charged": "yes",
                "cost": 10,
                "task_id": f"task-{row}",
                "model": "chirp-v5",
                "made_at": "2026-11-28T06:00:00Z",
                "elapsed_s": 63.2,
                "from": list(origins),
                "clips": clips,
                "error": None,
                **fields,
            }
        )

    def failed(self, key: str) -> None:
        error = {
            "type": "ContentRefused",
            "message": "The service refused the lyrics.",
            "next_steps": "Send other lyrics.",
            "charged": "no",
        }
        self.song(key, takes=0, state="failed", charged="no", error=error)

    def write(self, more: Sequence[str] = ()) -> Path:
        """Write the manifest, and *more* lines of it."""
        lines = [json.dumps(row, ensure_ascii=True) for row in self.rows]
        text = "".join(f"{line}\n" for line in (*lines, *more))
        (self.folder / "manifest.jsonl").write_text(text, encoding="utf-8")
        return self.folder

    def _file(self, name: str, seconds: float) -> str:
        if self.has_files:
            write_sound(self.folder / name, seconds)
        return name

    def _cover(self, name: str) -> str:
        if self.has_files:
            (self.folder / name).write_text(COVER)
        return name


def made_from(key: str, take: int, relation: str) -> dict[str, object]:
    """Name a take of another song as what a song was made from."""
    clip = clip_id(key, take)
    return {"key": key, "take": take, "clip_id": clip, "relation": relation}


def small_album(folder: Path) -> Path:
    """Write an album with a bit of all: chains, a failure, odd texts."""
    maker = AlbumMaker(folder)
    maker.song("boats", clip={"words": WORDS})
    maker.song(
        "river",
        operation="extend",
        clip={"tags": "folk, rain"},
        origins=[made_from("boats", 1, "extend")],
    )
    maker.song("whole", takes=1, origins=[made_from("river", 2, "concat")])
    maker.song("swing", provider="riffusion", clip={"tags": "swing", "lyrics": None})
    maker.failed("refused")
    maker.song("markup", clip={"title": "</script><img src=x onerror=alert(1)>\x07"})
    maker.song("right", clip={"title": "سفن من ورق \u202egnp.exe"})
    maker.song("long", clip={"title": "a very long title " * 60})
    return maker.write()


def large_album(folder: Path, songs: int) -> Path:
    """Write an album of many songs with timed lyrics, which share a few files."""
    maker = AlbumMaker(folder, has_files=False)
    for place in range(8):
        write_sound(folder / f"{place}.wav", 2.0 + place)
        (folder / f"{place}.svg").write_text(COVER)
    text = "\n".join(f"Line {at} of the song goes on" for at in range(40))
    words = [[at / 2, at / 2 + 0.4, word] for at, word in enumerate(text.split())]
    for place in range(songs):
        shared = place % 8
        maker.song(
            f"song {place}",
            clip={
                "file": f"{shared}.wav",
                "cover": f"{shared}.svg",
                "lyrics": text,
                "words": words,
                "tags": f"pop, tag {place % 40}, mood {place % 7}",
            },
            origins=[made_from(f"song {place - 1}", 1, "extend")] if place % 3 else (),
        )
    return maker.write()
