"""Music that is signed keeps its signature, and no other is taken for it."""

import io
import json
import struct
from pathlib import Path

import c2pa
import pytest
from certificates import certificates
from sounds import box, encoded, m4a, mp3, wav

from aiomusic._files.credentials import MP4_MANIFEST, has_credentials
from aiomusic._files.tags import tag
from aiomusic.results import Clip, ClipState

CLIP = Clip(
    clip_id="0f7b5f2e-6c1d-4b8a-9d3e-5a4c3b2a1f00",
    provider="suno",
    state=ClipState.SUCCEEDED,
    title="Paper Boats",
)
MANIFEST = {
    "claim_generator_info": [{"name": "a service", "version": "1"}],
    "assertions": [
        {
            "label": "c2pa.actions",
            "data": {
                "actions": [
                    {
                        "action": "c2pa.created",
                        "digitalSourceType": "http://cv.iptc.org/newscodes/"
                        "digitalsourcetype/trainedAlgorithmicMedia",
                    }
                ]
            },
        }
    ],
}
KINDS = [("MP3", "audio/mpeg"), ("FLAC", "audio/flac"), ("WAV", "audio/wav")]


@pytest.fixture(scope="module")
def signer() -> c2pa.Signer:
    chain, key = certificates()
    return c2pa.Signer.from_info(c2pa.C2paSignerInfo(b"es256", chain, key, None))


def signed(signer: c2pa.Signer, kind: str, mime: str) -> bytes:
    source, target = io.BytesIO(encoded(1.0, kind)), io.BytesIO()
    c2pa.Builder(json.dumps(MANIFEST)).sign(signer, mime, source, target)
    return target.getvalue()


def verdict(data: bytes, mime: str) -> set[str]:
    """Return what a verifier finds wrong with the content itself."""
    found = json.loads(c2pa.Reader(mime, io.BytesIO(data)).json())
    status = found.get("validation_status", [])
    return {one["code"] for one in status if "dataHash" in one["code"]}


@pytest.mark.parametrize(("kind", "mime"), KINDS)
def test_a_signed_file_is_left_as_it_is(
    signer: c2pa.Signer, tmp_path: Path, kind: str, mime: str
) -> None:
    """No tag is written, so that what signed it still holds."""
    data = signed(signer, kind, mime)
    path = tmp_path / "song"
    path.write_bytes(data)

    is_tagged = tag(path, CLIP, into=tmp_path / "tagged")

    assert has_credentials(path)
    assert not is_tagged
    assert [path] == list(tmp_path.iterdir())
    assert path.read_bytes() == data
    assert verdict(data, mime) == set()


@pytest.mark.parametrize(("kind", "mime"), KINDS)
def test_a_file_that_is_not_signed_is_tagged(
    tmp_path: Path, kind: str, mime: str
) -> None:
    """The same music without a manifest gets its tags."""
    path = tmp_path / "song"
    path.write_bytes(encoded(1.0, kind))

    assert not has_credentials(path)
    assert tag(path, CLIP, into=tmp_path / "tagged"), mime


def riff(*chunks: tuple[bytes, bytes]) -> bytes:
    parts = b"".join(
        struct.pack("<4sI", name, len(data)) + data + b"\0" * (len(data) % 2)
        for name, data in chunks
    )
    return b"RIFF" + struct.pack("<I", len(parts) + 4) + b"WAVE" + parts


@pytest.mark.parametrize(
    ("data", "is_signed"),
    [
        (b"", False),
        (b"ID3", False),
        (b"ID3\x04\0\0\0\0\x7f\x7f" + b"GEOB" + b"application/c2pa", True),
        (b"ID3\x04\0\0\0\0\x7f\x7f" + b"GEOB" + b"image/png", False),
        (b"ID3\x04\0\0\0\0\x7f\x7f" + b"TIT2 c2pa", False),
        (b"ID3\x04\0\0\0\0\0\x04TIT2" + b"GEOB c2pa", False),
        (riff((b"fmt ", bytes(15)), (b"C2PA", b"jumb")), True),
        (riff((b"fmt ", bytes(16)), (b"LIST", b"C2PA")), False),
        (b"RIFF\xff\xff\xff\xffWAVE" + b"data\xff\xff\xff\xff", False),
        (riff(*[(b"junk", b"")] * 20_000), False),
        (m4a() + box(b"uuid", MP4_MANIFEST, b"manifest"), True),
        (m4a() + box(b"uuid", bytes(16), MP4_MANIFEST), False),
        (box(b"ftyp", b"M4A ") + struct.pack(">I4sQ", 1, b"uuid", 99), False),
        (
            box(b"ftyp", b"M4A ") + struct.pack(">I4sQ", 1, b"uuid", 99) + MP4_MANIFEST,
            True,
        ),
        (box(b"ftyp", b"M4A ") + b"\0\0\0\0mdat", False),
        (mp3(1), False),
        (wav(1), False),
    ],
)
def test_a_manifest_is_found_where_each_format_holds_it(
    tmp_path: Path, data: bytes, is_signed: bool
) -> None:
    """Elsewhere the same bytes are something else; what is broken holds none."""
    path = tmp_path / "song"
    path.write_bytes(data)

    assert has_credentials(path) is is_signed
