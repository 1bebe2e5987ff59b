"""Partitioned convolution: long filters at the cost of a few FFTs."""

from typing import final

import numpy as np

from aiomusic.composer.synth._waves import Sound, Spectrum


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
