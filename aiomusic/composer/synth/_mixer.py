"""The mixer: mixes tracks to stereo blocks, in constant memory."""

from bisect import bisect_left
from collections.abc import Iterator
from functools import lru_cache
from typing import Final, final

import numpy as np

from aiomusic.composer._groove import DRUM_PITCHES
from aiomusic.composer._score import Note, Performance, Track
from aiomusic.composer._stems import is_in_stem, is_rest
from aiomusic.composer._voice import Voice, parse_voice
from aiomusic.composer.synth._convolve import Convolver, ShortFilter
from aiomusic.composer.synth._instruments import PATCHES
from aiomusic.composer.synth._mix_presets import (
    MIX_PRESETS,
    MixPreset,
    impulse_response,
)
from aiomusic.composer.synth._singer import sing_phrases
from aiomusic.composer.synth._tone_cache import ToneCache
from aiomusic.composer.synth._voice_room import RoomForVoice, VoiceDip
from aiomusic.composer.synth._waves import RATE, Sound, attack_curve, filtered, noise

BLOCK: Final = 1 << 16
_FADE_S: Final = 1.2
_DUCK_S: Final = 0.26
_TAPS: Final = 129
_SILENCE: Final = 1e-9


def mix_blocks(performance: Performance) -> Iterator[Sound]:
    """
    Mix *performance* block by block; the last block is truncated to its length.

    Of notes before second 0 only the part after it is heard.
    """
    for mix, _ in _blocks(performance, _Mixer(performance)):
        yield mix


def stem_blocks(performance: Performance, stem: str) -> Iterator[tuple[Sound, Sound]]:
    """Mix *performance* block by block; yield each block, and what of it is *stem*."""
    yield from _blocks(performance, _Mixer(performance, stem))


def _blocks(performance: Performance, mixer: "_Mixer") -> Iterator[tuple[Sound, Sound]]:
    frames = round(performance.duration_s * RATE)
    first = min((n.start_s for t in performance.tracks for n in t.notes), default=0.0)
    position = -BLOCK * -int(min(0.0, first) * RATE // BLOCK) if first < 0 else 0
    while position < frames:
        mix, part = (
            fade_out(block, position, frames) for block in mixer.block(position)
        )
        start, end = max(0, -position), min(BLOCK, frames - position)
        if end > start:
            yield mix[:, start:end], part[:, start:end]
        position += BLOCK


def fade_out(block: Sound, position: int, frames: int) -> Sound:
    """Fade out the end of a performance."""
    if position + BLOCK <= frames - int(_FADE_S * RATE):
        return block
    left = (frames - 1 - position - np.arange(BLOCK)) / min(_FADE_S * RATE, frames / 3)
    return block * np.clip(left, 0.0, 1.0).astype(np.float32)


@final
class _Mixer:
    """
    Mixes the channels, and keeps the state between blocks.

    Args:
        stem: What of the mix is wanted beside it; None: all of it.
    """

    def __init__(self, performance: Performance, stem: str | None = None) -> None:
        cache = ToneCache(performance.tonic)
        self._channels = [
            _Channel(track, cache, performance.voice) for track in performance.tracks
        ]
        self._preset = MIX_PRESETS[performance.mix]
        self._stem = stem
        self._whole = _Bus(self._preset)
        self._part = _Bus(self._preset)
        is_sung = any(track.patch == "voice" for track in performance.tracks)
        self._room = RoomForVoice() if is_sung else None
        self._kick_frames = _kick_frames(performance)
        self._duck = _duck_shape()
        self._crackle = _crackle_loop(self._preset)

    def block(self, position: int) -> tuple[Sound, Sound]:
        """Return the block at frame *position*: the mix, and what of it is the stem."""
        duck = self._ducking_curve(position)
        for channel in self._channels:
            sound = channel.block(position)
            if sound is None:
                continue
            if channel.track.duck:
                sound = sound * (1.0 - np.float32(channel.track.duck) * duck)
            self._whole.add(sound, channel.track)
            if self._is_in_stem(channel.track):
                self._part.add(sound, channel.track)
        if self._room is not None:
            room = self._room.curve(self._whole.sung)
            self._whole.make_room(room)
            if self._stem is not None:
                self._part.make_room(room)
        return self._with_preset(position)

    def _is_in_stem(self, track: Track) -> bool:
        stem = self._stem
        return stem is not None and is_in_stem(track.role, track.patch, stem)

    def _with_preset(self, position: int) -> tuple[Sound, Sound]:
        preset, stem = self._preset, self._stem
        whole = mix = self._whole.take()
        if preset.drive:
            drive = np.float32(1.0 + preset.drive)
            mix = np.tanh(drive * whole) / drive
        if self._crackle is not None:
            shift = position % BLOCK
            crackle = np.roll(self._crackle, -shift)[:BLOCK]
            mix = mix + crackle
        if stem is None:
            mix = self._whole.filtered(mix)
            return mix, mix
        part = self._part.take()
        if preset.drive:
            # The drive is shared out: the parts sum to the driven mix.
            driven = np.tanh(drive * whole) / drive
            is_heard = np.abs(whole) > _SILENCE
            part = part * np.divide(
                driven, whole, out=np.ones_like(whole), where=is_heard
            )
        if self._crackle is not None and is_rest(stem):
            part = part + crackle
        return self._whole.filtered(mix), self._part.filtered(part)

    def _ducking_curve(self, position: int) -> Sound:
        curve = np.zeros(BLOCK, dtype=np.float32)
        size = len(self._duck)
        first = bisect_left(self._kick_frames, position - size)
        for kick in self._kick_frames[first:]:
            start = kick - position
            if start >= BLOCK:
                break
            low, high = max(0, start), min(BLOCK, start + size)
            if high > low:
                part = self._duck[low - start : high - start]
                np.maximum(curve[low:high], part, out=curve[low:high])
        return curve


@final
class _Bus:
    """Sums channels, with their reverb; filters the sum."""

    def __init__(self, preset: MixPreset) -> None:
        self._reverb = Convolver(impulse_response(preset), BLOCK)
        is_plain = not (preset.low_pass_hz or preset.treble_db)
        self._filter = None if is_plain else ShortFilter(_filter_taps(preset), sides=2)
        self._dip = VoiceDip()
        self._clear()

    def _clear(self) -> None:
        self._dry = np.zeros((2, BLOCK), dtype=np.float32)
        self._wet = np.zeros(BLOCK, dtype=np.float32)
        self.sung = np.zeros((2, BLOCK), dtype=np.float32)

    def add(self, sound: Sound, track: Track) -> None:
        """Add the next block of the channel of *track*."""
        if track.patch == "voice":
            self.sung += sound
        else:
            self._dry += sound
        if track.send:
            self._wet += np.float32(track.send) * (sound[0] + sound[1])

    def make_room(self, curve: Sound) -> None:
        """Lower what hides words in the band, where *curve* is above 0."""
        self._dry -= self._dip.feed(self._dry[0] + self._dry[1], curve)

    def take(self) -> Sound:
        """Return the sum of the block, and begin the next one."""
        mix: Sound = self._dry + self.sung + self._reverb.feed(self._wet)
        self._clear()
        return mix

    def filtered(self, block: Sound) -> Sound:
        """Return the next block, filtered as the preset says."""
        return self._filter.feed(block) if self._filter else block


def _kick_frames(performance: Performance) -> list[int]:
    return sorted(
        int(note.start_s * RATE) - RATE // 200
        for track in performance.tracks
        if track.role == "drums"
        for note in track.notes
        if note.pitch == DRUM_PITCHES["kick"]
    )


def _duck_shape() -> Sound:
    size = int(_DUCK_S * RATE)
    down = RATE // 200
    shape = (1.0 - np.arange(size) / size) ** 1.5
    shape[:down] *= 0.5 - 0.5 * np.cos(np.pi * np.arange(down) / down)
    return shape.astype(np.float32)


def _crackle_loop(preset: MixPreset) -> Sound | None:
    """Return a loop of vinyl crackle; None if the preset has none."""
    if not preset.crackle:
        return None
    ticks = noise(BLOCK, "dust")
    ticks = np.where(np.abs(ticks) > 3.4, 12 * ticks, 0.0).astype(np.float32)
    hiss = filtered(ticks + 0.3 * noise(BLOCK, "hiss"), lambda f: f / (f + 900.0))
    return np.stack([hiss, np.roll(hiss, 977)]) * np.float32(preset.crackle)


def _filter_taps(preset: MixPreset) -> Sound:
    """Return a short filter of linear phase that shapes the treble."""
    hertz = np.fft.rfftfreq(_TAPS, 1 / RATE)
    rising = 1.0 / (1.0 + (3000.0 / np.maximum(hertz, 1.0)) ** 2)
    loudness = 10 ** (preset.treble_db * rising / 20)
    if preset.low_pass_hz:
        loudness[hertz > preset.low_pass_hz] = 0.0
    centred = np.roll(np.fft.irfft(loudness, _TAPS), _TAPS // 2)
    return (centred * np.hanning(_TAPS + 2)[1:-1]).astype(np.float32)


@final
class _Channel:
    """One track: adds its notes to a buffer from which blocks are taken."""

    def __init__(self, track: Track, cache: ToneCache, voice: Voice | None) -> None:
        self.track = track
        self._sounds = _note_sounds(track, cache, voice)
        self._next: tuple[float, Sound] | None = next(self._sounds, None)
        self._buffer = np.zeros((2, 2 * BLOCK), dtype=np.float32)
        self._is_silent = True
        gain = 10 ** (track.gain_db / 20)
        self._left = np.float32(gain * min(1.0, 1.0 - track.pan))
        self._right = np.float32(gain * min(1.0, 1.0 + track.pan))
        self._drive = 0.0 if track.role == "drums" else _drive_of(track.patch)

    def block(self, position: int) -> Sound | None:
        """Return the block at frame *position*; None if it is silent."""
        while self._next:
            start_s, sound = self._next
            start = int(start_s * RATE) - position
            if start >= BLOCK:
                break
            self._add(sound, start)
            self._next = next(self._sounds, None)
        if self._is_silent:
            return None
        return self._take_block()

    def _take_block(self) -> Sound:
        out = self._buffer[:, :BLOCK].copy()
        rest = self._buffer.shape[1] - BLOCK
        self._buffer[:, :rest] = self._buffer[:, BLOCK:].copy()
        self._buffer[:, rest:] = 0.0
        self._is_silent = not self._buffer.any()
        if self._drive:
            gain = np.float32(1.0 + self._drive)
            out = np.tanh(gain * out) / np.sqrt(gain)
        out[0] *= self._left
        out[1] *= self._right
        return out

    def _add(self, tone: Sound, start: int) -> None:
        if start < 0:
            # The breath before the first sung note is not heard.
            tone, start = tone[..., -start:], 0
            tone = tone * attack_curve(tone.shape[-1], 0.01)
        end = start + tone.shape[-1]
        if end > self._buffer.shape[1]:
            size = BLOCK * -(-end // BLOCK)
            grown = np.zeros((2, size), dtype=np.float32)
            grown[:, : self._buffer.shape[1]] = self._buffer
            self._buffer = grown
        self._buffer[:, start:end] += tone
        self._is_silent = False


def _note_sounds(
    track: Track, cache: ToneCache, voice: Voice | None
) -> Iterator[tuple[float, Sound]]:
    """Yield start and sound of each note of *track* by time, rendered on demand."""
    if track.patch == "voice":
        singer = voice or parse_voice("", default="female")
        yield from sing_phrases(track.notes, singer, track.role)
        return
    for note in sorted(track.notes, key=lambda note: note.start_s):
        yield note.start_s, _render_note(track, note, cache)


def _render_note(track: Track, note: Note, cache: ToneCache) -> Sound:
    gain = np.float32(note.velocity**1.3)
    if track.role == "drums":
        variant = int(note.start_s * 1000) % 2
        return gain * cache.drum_hit(track.patch, note.pitch, variant)
    patch = PATCHES[track.patch]
    held = int(note.length_s * RATE)
    release = int(patch.release_s * RATE)
    tone = cache.tone(track.patch, note.pitch, held + release)
    tone = gain * tone[..., : held + release]
    over = tone.shape[-1] - held
    if over > 0:
        tone[..., held:] *= _release_curve(over)
    return tone


@lru_cache(maxsize=64)
def _release_curve(frames: int) -> Sound:
    slope = np.linspace(1.0, 0.0, frames, dtype=np.float32)
    return slope * slope


def _drive_of(patch: str) -> float:
    return PATCHES[patch].drive if patch in PATCHES else 0.0
