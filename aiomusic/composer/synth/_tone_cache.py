"""A cache of rendered tones, with a memory limit."""

from collections import OrderedDict
from typing import Final, final

from aiomusic.composer._groove import DRUM_PITCHES
from aiomusic.composer.synth._drums import KITS, drum_sound, tune_kit
from aiomusic.composer.synth._instruments import PATCHES
from aiomusic.composer.synth._patches import Patch, Wave, render_patch
from aiomusic.composer.synth._waves import RATE, Sound

_LIMIT_BYTES: Final = 80_000_000
_NAMES: Final = {pitch: name for name, pitch in DRUM_PITCHES.items()}


@final
class ToneCache:
    """Caches the tones of one song; the least recently used are evicted."""

    def __init__(self, tonic: int) -> None:
        self._tonic = tonic
        self._tones: OrderedDict[tuple[str, int, int], Sound] = OrderedDict()
        self._size = 0

    def __repr__(self) -> str:
        return f"<Bank {len(self._tones)} tones, {self._size} bytes>"

    def tone(self, name: str, pitch: int, frames: int) -> Sound:
        """Return a tone of at least *frames* samples, unless it decays sooner."""
        patch = PATCHES[name]
        # Sustained tones are cached in lengths of 1, 2, 4, 6, 8 … seconds.
        size = 1
        if isinstance(patch.sound, Wave) and frames > RATE:
            size = 2 * -(-frames // (2 * RATE))
        return self._cached((name, pitch, size), patch, RATE * size)

    def drum_hit(self, kit: str, pitch: int, variant: int) -> Sound:
        """Return the sound of a drum."""
        key = (f"kit/{kit}", pitch, variant)
        if key not in self._tones:
            self._keep(
                key,
                drum_sound(tune_kit(KITS[kit], self._tonic), _NAMES[pitch], variant),
            )
        self._tones.move_to_end(key)
        return self._tones[key]

    def _cached(self, key: tuple[str, int, int], patch: Patch, frames: int) -> Sound:
        if key not in self._tones:
            self._keep(key, render_patch(patch, key[1], frames))
        self._tones.move_to_end(key)
        return self._tones[key]

    def _keep(self, key: tuple[str, int, int], sound: Sound) -> None:
        self._tones[key] = sound
        self._size += sound.nbytes
        while self._size > _LIMIT_BYTES and len(self._tones) > 1:
            _, evicted = self._tones.popitem(last=False)
            self._size -= evicted.nbytes
