"""What is stored can be signed with the user's own certificate, after its tags."""

import json
import logging
from datetime import UTC, datetime
from pathlib import Path

import attrs
import c2pa
import certificates
import media_host
import mutagen
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from media_host import Saver
from sounds import encoded

from aiomusic import InvalidRequest, Signer
from aiomusic._files.credentials import has_credentials
from aiomusic._files.placement import Placement
from aiomusic._files.save import Downloads
from aiomusic._files.tags import GENERATED
from aiomusic.errors import DownloadError, Retry
from aiomusic.results import Clip, ClipState

pytestmark = pytest.mark.anyio
host, client = media_host.host, media_host.client
tagging_save = media_host.tagging_save

CLIP = Clip(
    clip_id="0f7b5f2e-6c1d-4b8a-9d3e-5a4c3b2a1f00",
    provider="suno",
    state=ClipState.SUCCEEDED,
    title="Paper Boats",
    model="chirp-v5",
    created_at=datetime(2026, 11, 28, tzinfo=UTC),
)
KINDS = [("MP3", "audio/mpeg"), ("FLAC", "audio/flac"), ("WAV", "audio/wav")]


@pytest.fixture
def signer(tmp_path: Path) -> Signer:
    return Signer(*certificates.stored(tmp_path))


def read(path: Path, mime: str) -> dict[str, object]:
    with path.open("rb") as file:
        found = json.loads(c2pa.Reader(mime, file).json())
    assert isinstance(found, dict)
    return found


def verdict(path: Path, mime: str) -> set[str]:
    """Return what a verifier minds; of a root of our own it can't know."""
    status = read(path, mime).get("validation_status", [])
    assert isinstance(status, list)
    return {one["code"] for one in status} - {"signingCredential.untrusted"}


@pytest.mark.parametrize(("kind", "mime"), KINDS)
def test_a_file_is_signed_after_it_was_tagged(
    signer: Signer, tmp_path: Path, kind: str, mime: str
) -> None:
    """The signature holds over the tags, and names what the laws want named."""
    path = tmp_path / "song.part"
    path.write_bytes(encoded(1.0, kind))
    before = sorted(tmp_path.iterdir())
    song = tmp_path / f"song.{kind.lower()}"

    assert signer.tag(path, CLIP, into=song)

    assert "Paper Boats" in str(mutagen.File(song).tags)
    assert verdict(song, mime) == set()
    text = json.dumps(read(song, mime))
    said = (GENERATED, "suno chirp-v5", CLIP.clip_id, "2026-11-28T00:00:00Z")
    assert all(word in text for word in said)
    assert sorted(tmp_path.iterdir()) == sorted([*before, song])


def test_a_signature_that_is_there_is_kept(signer: Signer, tmp_path: Path) -> None:
    """Nobody's signature is replaced by another's."""
    path, signed = tmp_path / "song.part", tmp_path / "signed"
    path.write_bytes(encoded(1.0, "MP3"))
    assert signer.tag(path, CLIP, into=signed)

    assert not signer.tag(signed, CLIP, into=tmp_path / "again")
    assert not (tmp_path / "again").exists()


def test_a_kind_that_nobody_can_sign_is_only_tagged(
    signer: Signer, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A warning says so."""
    path = tmp_path / "song.part"
    path.write_bytes(encoded(1.0, "OGG"))

    with caplog.at_level(logging.WARNING, "aiomusic"):
        assert signer.tag(path, CLIP, into=tmp_path / "song")

    assert "stays unsigned" in caplog.text
    assert not has_credentials(tmp_path / "song")
    assert "Paper Boats" in str(mutagen.File(tmp_path / "song").tags)


async def test_what_is_saved_is_signed_and_described(
    tagging_save: Saver, tmp_path: Path
) -> None:
    """The sidecar beside it says that it carries credentials."""
    signer = Signer(*certificates.stored(tmp_path))
    save = tagging_save
    downloads = Downloads(save.client, save.refresh, save.clock, signer)

    path = await downloads.download(save.clip, save.folder, Placement(name="boats"))

    assert verdict(path, "audio/wav") == set()
    assert json.loads((save.folder / "boats.json").read_text())["credentials"] is True
    assert save.names == ["boats.json", "boats.wav"]


async def test_credentials_that_came_are_described(
    tagging_save: Saver, host: media_host.MediaHost, signer: Signer, tmp_path: Path
) -> None:
    """Its bytes are as they came; what the tags would say stands beside them."""
    part = tmp_path / "song.part"
    part.write_bytes(host.song)
    assert signer.sign(part, tmp_path / "song", CLIP)
    host.song = (tmp_path / "song").read_bytes()

    path = await tagging_save()

    assert path.read_bytes() == host.song
    beside = json.loads(path.with_suffix(".json").read_text())
    assert (beside["title"], beside["credentials"]) == ("Paper Boats", True)


async def test_what_cannot_be_signed_is_not_stored_as_if_it_were(
    tagging_save: Saver, tmp_path: Path
) -> None:
    """The error says that it is paid for; without a signer it is saved."""
    certificate, key = certificates.stored(tmp_path)
    # Nobody listens there.
    signer = Signer(certificate, key, timestamp_url="http://127.0.0.1:9/")
    save = tagging_save
    downloads = Downloads(save.client, save.refresh, save.clock, signer)

    with pytest.raises(DownloadError, match="could not be signed: ") as seen:
        await downloads.download(save.clip, save.folder)

    assert seen.value.retry is Retry.AFTER_EDIT
    assert "It is paid for" in str(seen.value)
    assert [name for name in save.names if name.endswith(".wav")] == []
    assert (await save()).name.endswith(".wav")


def _key(form: serialization.PrivateFormat, password: bytes | None = None) -> bytes:
    lock: serialization.KeySerializationEncryption = serialization.NoEncryption()
    if password is not None:
        lock = serialization.BestAvailableEncryption(password)
    key = ec.generate_private_key(ec.SECP256R1())
    return key.private_bytes(serialization.Encoding.PEM, form, lock)


PKCS8 = serialization.PrivateFormat.PKCS8


@pytest.mark.parametrize(
    ("key", "words"),
    [
        (_key(PKCS8), "does not match"),
        (_key(PKCS8, b"secret"), "PRIVATE KEY"),
        (_key(serialization.PrivateFormat.TraditionalOpenSSL), "PRIVATE KEY"),
        (b"\0\1\2", "is no PEM file"),
        (b"", "is no PEM file"),
        (None, "can't be read"),
    ],
)
def test_a_key_that_signs_nothing_is_refused_before_anything_is_sent(
    tmp_path: Path, key: bytes | None, words: str
) -> None:
    """What is wrong is known when the signer is made."""
    certificate, path = certificates.stored(tmp_path)
    path.unlink() if key is None else path.write_bytes(key)

    with pytest.raises(InvalidRequest, match=words) as seen:
        Signer(certificate, path)

    assert str(seen.value).endswith("Nothing was sent.")


def test_the_extra_is_named_where_it_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the command that installs it."""
    monkeypatch.setitem(__import__("sys").modules, "c2pa", None)

    with pytest.raises(InvalidRequest, match=r"pip install 'aiomusic\[c2pa\]'"):
        Signer(*certificates.stored(tmp_path))


def test_a_moment_is_told_in_utc(signer: Signer, tmp_path: Path) -> None:
    """Wherever the service's clock stands."""
    path = tmp_path / "song.part"
    path.write_bytes(encoded(1.0, "WAV"))
    when = datetime.fromisoformat("2026-11-28T03:00:00+02:00")

    assert signer.sign(path, tmp_path / "song", attrs.evolve(CLIP, created_at=when))

    assert "2026-11-28T01:00:00Z" in json.dumps(read(tmp_path / "song", "audio/wav"))
