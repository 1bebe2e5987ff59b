"""Content Credentials (C2PA) of the user's own, written into what is stored."""

import importlib
import io
import json
import logging
import os
import wave
from collections.abc import Mapping
from datetime import UTC
from pathlib import Path
from types import ModuleType
from typing import BinaryIO, Final, final

from aiomusic._files.audio import Music, examine
from aiomusic._files.credentials import has_credentials
from aiomusic._files.tags import GENERATED, NO_LABEL, Label, origin_of, plain, tag
from aiomusic._log import log
from aiomusic.errors import InvalidRequest
from aiomusic.results import Clip, ClipState

__all__ = ["NotSigned", "Signer"]

MIME_TYPES: Final = {
    ".mp3": "audio/mpeg",
    ".wav": "audio/wav",
    ".flac": "audio/flac",
    ".m4a": "audio/mp4",
}
# What a private key may be of; c2pa has no way to ask it.
ALGORITHMS: Final = (b"es256", b"es384", b"es512", b"ps256", b"ps384", b"ed25519")
MAX_PEM_BYTES: Final = 1 << 20


@final
class NotSigned(Exception):
    """A file could not be signed; the message says why."""


@final
class Signer:
    """
    Signs each file that is stored with your own certificate; needs the extra ``c2pa``.

    The files, once tagged, get a manifest that says that a model made them: whose and
    which one, when, and the clip's and the task's ids.  A file that carries a
    manifest already keeps it as it is.

    Args:
        certificate: A PEM file with your certificate, then those that vouch for it.
        key: A PEM file with its private key (PKCS #8, without a password).
        timestamp_url: A time-stamping authority (RFC 3161) that is asked for each
            file, so that signatures outlive the certificate; None: no one is asked.

    Raises:
        InvalidRequest: The extra is missing, or nothing can be signed with these
            files; a few bytes are signed here to see it.
    """

    def __init__(
        self,
        certificate: str | Path,
        key: str | Path,
        *,
        timestamp_url: str | None = None,
    ) -> None:
        self._name = str(certificate)
        self._chain, self._key = _pem(certificate), _pem(key)
        self._timestamp_url = timestamp_url
        self._c2pa = _c2pa()
        self._algorithm = self._tried()

    def __repr__(self) -> str:
        return f"<Signer {self._name}>"

    def tag(
        self,
        path: Path,
        clip: Clip,
        cover: bytes | None = None,
        *,
        into: Path,
        label: Label = NO_LABEL,
        known: Music | None = None,
    ) -> bool:
        """
        Write a copy of the music with tags, as `tags.tag` does, and sign it.

        Returns:
            Whether there is a copy; False for a file with Content Credentials, and
            where it can be neither tagged nor signed.

        Raises:
            NotSigned: It can't be signed, and one of its kind can.
            OSError: The copy can't be written.
        """
        if has_credentials(path):
            return False
        tagged = path.with_suffix(".tagged")
        try:
            is_tagged = tag(path, clip, cover, into=tagged, label=label, known=known)
            if self.sign(tagged if is_tagged else path, into, clip):
                return True
            log(logging.WARNING, "Clip %s stays unsigned: its kind.", clip.clip_id)
            if is_tagged:
                tagged.replace(into)
            return is_tagged
        finally:
            tagged.unlink(missing_ok=True)

    def sign(self, source: Path, into: Path, clip: Clip) -> bool:
        """
        Write a signed copy, which gets its name when it is whole.

        Returns:
            Whether there is one; False: no file of this kind can be signed.

        Raises:
            NotSigned: It failed.
            OSError: The copy can't be written.
        """
        before = examine(source)
        mime = MIME_TYPES.get(before.kind or "")
        if mime is None:
            return False
        copy = source.with_suffix(".signed")
        try:
            copy.unlink(missing_ok=True)
            with source.open("rb") as music, copy.open("x+b") as target:
                info = self._info(self._algorithm, self._timestamp_url)
                self._sign(info, _manifest(clip), mime, music, target)
                target.flush()
                os.fsync(target.fileno())
            after = examine(copy)
            if (after.kind, after.sound) != (before.kind, before.sound):
                message = "its music would not be the same after it"
                raise NotSigned(message)
            copy.replace(into)
        finally:
            copy.unlink(missing_ok=True)
        return True

    def _tried(self) -> bytes:
        """Return the algorithm that the key is for."""
        reasons, manifest = [], _manifest(_TRIAL)
        for algorithm in ALGORITHMS:
            try:
                info, music = self._info(algorithm, None), io.BytesIO(_silence())
                self._sign(info, manifest, "audio/wav", music, io.BytesIO())
            except NotSigned as error:
                reasons.append(str(error))
            else:
                return algorithm
        # Where the key is of one kind and wrong, the others say that it is no key.
        reason = max(reasons, key=lambda one: "private key" not in one)
        message = (
            f"Nothing can be signed with {self._name}: {reason}. Check the certificate"
            " and its key, both as PEM, the key as PKCS #8 without a password."
            " Nothing was sent."
        )
        raise InvalidRequest(message, field="signer")

    def _info(self, algorithm: bytes, url: str | None) -> object:
        named = None if url is None else url.encode()
        return self._c2pa.C2paSignerInfo(algorithm, self._chain, self._key, named)

    def _sign(
        self,
        info: object,
        manifest: Mapping[str, object],
        mime: str,
        source: BinaryIO,
        target: BinaryIO,
    ) -> None:
        """
        Sign a stream.

        Raises:
            NotSigned: It failed.
        """
        c2pa = self._c2pa
        try:
            with (
                c2pa.Signer.from_info(info) as signer,
                c2pa.Builder(json.dumps(manifest)) as builder,
            ):
                builder.sign(signer, mime, source, target)
        except c2pa.C2paError as error:
            words = " ".join(str(error).split()).partition(": ")
            raise NotSigned((words[2] or words[0]).rstrip(".")) from None


_PARAMETERS: Final = {
    "provider": "AI_PROVIDER",
    "model": "AI_MODEL",
    "clip_id": "CLIP_ID",
    "task_id": "TASK_ID",
}
_TRIAL: Final = Clip(clip_id="trial", provider="aiomusic", state=ClipState.SUCCEEDED)


def _manifest(clip: Clip) -> Mapping[str, object]:
    """Return what made a clip, in the words of the standard."""
    origin = origin_of(clip)
    named = {name: origin[tag] for name, tag in _PARAMETERS.items() if tag in origin}
    agent = " ".join(named[one] for one in ("provider", "model") if one in named)
    action: dict[str, object] = {
        "action": "c2pa.created",
        "digitalSourceType": GENERATED,
        "softwareAgent": {"name": agent},
        "parameters": named,
    }
    if clip.created_at is not None:
        made_at = clip.created_at.astimezone(UTC)
        action["when"] = f"{made_at:%Y-%m-%dT%H:%M:%SZ}"
    return {
        "claim_generator_info": [{"name": "aiomusic"}],
        **plain({"title": clip.title}),
        "assertions": [{"label": "c2pa.actions", "data": {"actions": [action]}}],
    }


def _pem(path: str | Path) -> bytes:
    """
    Read a file of a certificate or a key.

    Raises:
        InvalidRequest: It can't be read, or is something else.
    """
    try:
        with Path(path).expanduser().open("rb") as file:
            data = file.read(MAX_PEM_BYTES)
    except (OSError, RuntimeError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        message = f"{path}, to sign with, can't be read: {why}. Nothing was sent."
        raise InvalidRequest(message, field="signer") from error
    if b"-----BEGIN " not in data or b"\0" in data:
        message = f"{path}, to sign with, is no PEM file. Nothing was sent."
        raise InvalidRequest(message, field="signer")
    return data


def _c2pa() -> ModuleType:
    try:
        return importlib.import_module("c2pa")
    except ImportError:
        message = (
            "Signing needs c2pa-python, which is not installed:"
            " pip install 'aiomusic[c2pa]'. Nothing was sent."
        )
        raise InvalidRequest(message, field="signer") from None


def _silence() -> bytes:
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8_000)
        file.writeframes(bytes(1_600))
    return buffer.getvalue()
