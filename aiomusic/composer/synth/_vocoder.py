"""
Singing with the frames of speech: pulses at the pitch of the melody, and noise.

Each period of the voice adds one grain of minimum phase, made of a frame's envelope;
what isn't voiced is noise with the same envelope.
"""

from typing import Final

import attrs
import numpy as np

from aiomusic.composer._voice import Voice
from aiomusic.composer.synth._espeak import SPEECH_RATE
from aiomusic.composer.synth._speech import BINS, Frames
from aiomusic.composer.synth._waves import RATE, Curve, Sound, Spectrum, noise

_SIZE: Final = 1024
_GRAIN: Final = 1024
_FADE: Final = 200
_SUBSAMPLES: Final = 4
_HERTZ: Final = np.fft.rfftfreq(_SIZE, 1 / RATE)
_ADVANCE: Final = np.exp(
    2j * np.pi * np.outer(np.arange(_SUBSAMPLES) / _SUBSAMPLES, _HERTZ / RATE)
).astype(np.complex64)
"""The spectrum of each part of a sample by which a grain comes early."""
_FADING: Final = (np.arange(_FADE)[::-1] / _FADE).astype(np.float32)
_TOP_HZ: Final = 10500.0
_FALL: Final = 2.3 / 1500
"""Nepers of power a hertz: 10 dB in 1.5 kHz."""
_NOISE_HOP: Final = 256
_NOISE_SIZE: Final = 1024
_BATCH: Final = 50
_PULSES: Final = 32
_STRIDE: Final = 2
"""Frames for one grain: the voice changes more slowly than noise."""
_UNVOICED: Final = 0.03


@attrs.frozen(kw_only=True, eq=False)
class Utterance:
    """
    What is sung: frames of speech, and which of them is heard when.

    Args:
        envelopes, voiced: The frames of all syllables, one after another.
        times: Seconds at which a frame is known.
        places: The frame at each of them, which grows.
        levels: The loudness at each of them, 0 to 1.
    """

    envelopes: Frames
    voiced: Frames
    times: Curve
    places: Curve
    levels: Curve

    def frame_at(self, time: Curve) -> tuple[Curve, Curve]:
        """Return the frame (with a fraction) and the level at each of *time*."""
        place = np.interp(time, self.times, self.places)
        level = np.interp(time, self.times, self.levels, left=0.0, right=0.0)
        return np.minimum(place, len(self.envelopes) - 1.001), level


def sing_utterance(
    utterance: Utterance, pulses: Curve, voice: Voice, frames: int, name: str
) -> Sound:
    """
    Sing *utterance* with a pulse at each of *pulses*, in seconds.

    Args:
        name: Of the noise, which is the same for the same name.
    """
    shaped = _shaped(utterance.envelopes, voice)
    out = np.zeros(frames + _GRAIN, dtype=np.float32)
    _add_pulses(out, utterance, shaped, pulses, voice)
    _add_noise(out, utterance, shaped, voice, name)
    return out[:frames]


def _shaped(envelopes: Frames, voice: Voice) -> Frames:
    """Return the envelopes for the size of the voice, at the bins of a grain."""
    place = _HERTZ * ((BINS - 1) * 2 / SPEECH_RATE) / voice.formant_scale
    left = np.minimum(place.astype(int), BINS - 2)
    part = np.clip(place - left, 0.0, 1.0).astype(np.float32)
    shaped: Frames = envelopes[:, left] * (1 - part) + envelopes[:, left + 1] * part
    shaped += (0.23 * voice.bright * np.clip((_HERTZ - 500) / 2500, 0, 3)).astype("f4")
    # Speech is known up to there; above, its noises fade as those of a mouth do.
    shaped -= (_FALL * np.maximum(_HERTZ - _TOP_HZ, 0.0)).astype(np.float32)
    return shaped


def _noisiness(voiced: Frames, voice: Voice, hertz: Curve) -> Frames:
    """Return the share of noise of each frame at each of *hertz*."""
    air = 0.02 + 0.3 * voice.breath + 0.5 * np.clip((hertz - 3500) / 5000, 0.0, 1.0)
    share: Frames = (1 - voiced[:, None] * (1 - np.minimum(air, 0.9))).astype("f4")
    return share


def _grains(shaped: Frames, voiced: Frames, voice: Voice) -> Frames:
    """Return the grain of each frame at each subsample offset."""
    quiet = np.log(np.maximum(1 - _noisiness(voiced, voice, _HERTZ), 1e-5))
    cepstrum = np.fft.irfft((shaped + quiet) / 2, _SIZE)
    cepstrum[:, 1 : _SIZE // 2] *= 2
    cepstrum[:, _SIZE // 2 + 1 :] = 0
    spectrum = _exponential(np.fft.rfft(cepstrum))
    # Pulses of minimum phase all push one way, which nobody hears.
    spectrum[:, 0] = 0.0
    grains: Frames = np.fft.irfft(spectrum[:, None] * _ADVANCE).astype("f4", copy=False)
    grains[..., -_FADE:] *= _FADING
    return grains


def _exponential(powers: Spectrum) -> Spectrum:
    """Return e to *powers*, three times as quick as numpy's of complex numbers."""
    found = np.empty_like(powers)
    size = np.exp(powers.real)
    np.multiply(size, np.cos(powers.imag), out=found.real)
    np.multiply(size, np.sin(powers.imag), out=found.imag)
    return found


def _add_pulses(
    out: Sound, utterance: Utterance, shaped: Frames, pulses: Curve, voice: Voice
) -> None:
    place, level = utterance.frame_at(pulses)
    period = np.gradient(pulses) if len(pulses) > 1 else np.full(len(pulses), 0.005)
    level = level * np.sqrt(np.clip(period, 0.001, 0.02) * RATE)
    place /= _STRIDE
    frame = place.astype(int)
    right = ((place - frame) * level).astype(np.float32)
    left = level.astype(np.float32) - right
    begin = np.ceil(pulses * RATE).astype(int)
    early = ((begin - pulses * RATE) * _SUBSAMPLES).astype(int)
    thinned, voiced = shaped[::_STRIDE], utterance.voiced[::_STRIDE]
    has_voice = np.maximum(voiced, np.append(voiced[1:], 0.0)) > _UNVOICED
    heard = np.flatnonzero((level > 1e-3) & has_voice[frame])
    for first in range(0, len(thinned), _BATCH):
        chosen = heard[(frame[heard] >= first) & (frame[heard] < first + _BATCH)]
        if not len(chosen):
            continue
        low, high = int(frame[chosen].min()), int(frame[chosen].max()) + 2
        grains = _grains(thinned[low:high], voiced[low:high], voice)
        near = frame - low
        after = np.minimum(near + 1, len(grains) - 1)
        # Few at a time stay in the processor's cache.
        for some in np.split(chosen, range(_PULSES, len(chosen), _PULSES)):
            blends = grains[near[some], early[some]] * left[some, None]
            blends += grains[after[some], early[some]] * right[some, None]
            for start, blend in zip(begin[some].tolist(), blends, strict=True):
                out[start : start + _GRAIN] += blend[: len(out) - start]


def _add_noise(
    out: Sound, utterance: Utterance, shaped: Frames, voice: Voice, name: str
) -> None:
    count = len(out) // _NOISE_HOP + 1
    place, level = utterance.frame_at(np.arange(count) * (_NOISE_HOP / RATE))
    thinner = _SIZE // _NOISE_SIZE
    hertz = _HERTZ[::thinner]
    power = np.exp(shaped[:, ::thinner]) * _noisiness(utterance.voiced, voice, hertz)
    loudness = np.sqrt(power)
    window = np.hanning(2 * _NOISE_HOP + 1)[:-1].astype("f4")
    air = noise((count + 1) * _NOISE_HOP, "speech", name)
    left = place.astype(int)
    share = (place - left).astype("f4")[:, None]
    heard = np.zeros((count + _NOISE_SIZE // _NOISE_HOP + 1, _NOISE_HOP), dtype="f4")
    pieces = np.lib.stride_tricks.sliding_window_view(air, 2 * _NOISE_HOP)[::_NOISE_HOP]
    loud = np.flatnonzero(level > 1e-3)
    for first in range(0, len(loud), _BATCH):
        chosen = loud[first : first + _BATCH]
        near = left[chosen]
        shape = (
            loudness[near] * (1 - share[chosen]) + loudness[near + 1] * share[chosen]
        )
        shape *= level[chosen].astype("f4")[:, None]
        spectra = np.fft.rfft(pieces[chosen] * window, _NOISE_SIZE) * shape
        hops = np.fft.irfft(spectra).reshape(len(chosen), -1, _NOISE_HOP)
        for hop in range(hops.shape[1]):
            heard[chosen + hop] += hops[:, hop]
    # A window begins half its length before its frame.
    out += heard.ravel()[_NOISE_HOP : _NOISE_HOP + len(out)]
