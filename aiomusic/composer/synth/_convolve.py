"""Convolution by FFTs: in parts as long as a block, or with a short response."""

from typing import Final, final

import numpy as np

from aiomusic.composer.synth._waves import Sound, Spectrum

_STEP: Final = 1024


@final
class Convolver:
    """
    Filters a mono stream with the impulse response of each side, block by block.

    The impulse response is split into parts of one block; the spectra of the last
    blocks are kept, so memory does not grow with the stream.
    """

    def __init__(self, impulse: Sound, block: int) -> None:
        parts = -(-impulse.shape[1] // block)
        sides = len(impulse)
        padded = np.zeros((sides, parts * block), dtype=np.float32)
        padded[:, : impulse.shape[1]] = impulse
        cut = padded.reshape(sides, parts, block).transpose(1, 0, 2)
        self._block = block
        self._parts = np.fft.rfft(cut, 2 * block).astype(np.complex64)
        self._past: list[Spectrum] = []
        self._carry = np.zeros((sides, block), dtype=np.float32)

    def __repr__(self) -> str:
        return f"<Convolver {len(self._parts)} parts of {self._block}>"

    def feed(self, block: Sound) -> Sound:
        """Return the next block of the filtered stream."""
        spectrum = np.fft.rfft(block, 2 * self._block)
        self._past = [spectrum, *self._past][: len(self._parts)]
        total = np.zeros_like(self._parts[0])
        for part, past in zip(self._parts, self._past, strict=False):
            total += part * past
        whole = np.fft.irfft(total, 2 * self._block).astype(np.float32)
        out = whole[:, : self._block] + self._carry
        self._carry = whole[:, self._block :]
        return out


@final
class ShortFilter:
    """
    Filters a stream of whole steps with an impulse response of up to half a step.

    Small transforms stay in the processor's cache: half the work of long ones.

    Args:
        sides: The channels of the stream, which share the response.
    """

    def __init__(self, impulse: Sound, sides: int = 1) -> None:
        self._size = _STEP + _STEP // 2
        self._response = np.fft.rfft(impulse, self._size).astype(np.complex64)
        self._carry = np.zeros((sides, self._size - _STEP), dtype=np.float32)

    def __repr__(self) -> str:
        return f"<ShortFilter of {len(self._carry)} sides>"

    def feed(self, block: Sound) -> Sound:
        """Return the next block of the filtered stream, of shape (sides, frames)."""
        pieces = block.reshape(len(block), -1, _STEP)
        spectra = np.fft.rfft(pieces, self._size) * self._response
        whole = np.fft.irfft(spectra).astype(np.float32, copy=False)
        tails = whole[..., _STEP:]
        whole[:, 1:, : tails.shape[2]] += tails[:, :-1]
        whole[:, 0, : tails.shape[2]] += self._carry
        self._carry = tails[:, -1].copy()
        out: Sound = whole[..., :_STEP].reshape(block.shape)
        return out
