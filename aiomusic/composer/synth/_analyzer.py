"""Analysis of an audio file: tempo, key and chords in one pass over its blocks."""

import os
from collections.abc import Iterator
from typing import Final, final

import numpy as np
import numpy.typing as npt
import soundfile

from aiomusic.composer._analysis import AudioAnalysis, UnreadableAudio
from aiomusic.composer._theory import Chord, Key
from aiomusic.composer.synth._recording import sanitize
from aiomusic.composer.synth._waves import Curve, Sound

_BLOCK_S: Final = 4.0
_ONSET_FRAME: Final = 1024
_CHROMA_FRAME: Final = 8192
_MIN_TEMPO, _MAX_TEMPO, _TYPICAL_TEMPO = 50.0, 210.0, 112.0
# Krumhansl and Kessler's probe-tone ratings.
_MAJOR: Final = (6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88)
_MINOR: Final = (6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17)
_SILENCE: Final = 1e-4
# Below, a frame is longer than a song; above, the work takes too long.
_MIN_RATE, _MAX_RATE = 4_000, 400_000


def analyze_file(
    path: str | os.PathLike[str], min_s: float, max_s: float
) -> AudioAnalysis:
    """
    Return length, tempo, key and chords of the file at *path*.

    Raises:
        UnreadableAudio: See ``analyze_audio()``.
    """
    try:
        with soundfile.SoundFile(os.fspath(path)) as file:
            _check_rate(file.samplerate)
            duration_s = file.frames / file.samplerate
            _check_length(duration_s, min_s, max_s)
            analyzer = _Analyzer(file.samplerate)
            for block in _mono(file):
                analyzer.feed(block)
    except soundfile.LibsndfileError as error:
        # Its text names the file, a path that the uploader does not know.
        why = error.error_string
        raise UnreadableAudio(f"not an audio file that can be read: {why}") from error
    except RuntimeError as error:
        raise UnreadableAudio(f"not an audio file that can be read: {error}") from error
    if analyzer.peak < _SILENCE:
        raise UnreadableAudio("the audio file is silent")
    return analyzer.result(os.fspath(path), duration_s)


def _check_rate(rate: int) -> None:
    if not _MIN_RATE <= rate <= _MAX_RATE:
        raise UnreadableAudio(
            f"the audio has {rate} samples a second, "
            f"{_MIN_RATE} to {_MAX_RATE} are supported"
        )


def _check_length(duration_s: float, min_s: float, max_s: float) -> None:
    if duration_s < min_s:
        raise UnreadableAudio(
            f"the audio is {duration_s:.1f} s long, at least {min_s:.0f} s are needed"
        )
    if duration_s > max_s:
        raise UnreadableAudio(
            f"the audio is {duration_s:.0f} s long, at most {max_s:.0f} s are allowed"
        )


def _mono(file: soundfile.SoundFile) -> Iterator[Sound]:
    size = int(_BLOCK_S * file.samplerate)
    while len(block := file.read(size, dtype="float32", always_2d=True)):
        yield sanitize(block).mean(axis=1)


@final
class _Analyzer:
    """Collects onset strengths and pitch classes, block by block."""

    def __init__(self, rate: int) -> None:
        self._rate = rate
        # A hop is 10 ms at any sample rate.
        self._hop = max(1, round(rate / 100))
        self._rest = np.zeros(0, dtype=np.float32)
        self._chroma_rest = np.zeros(0, dtype=np.float32)
        self._bands: list[Sound] = []
        self._chroma: list[Curve] = []
        self._class_weights = _pitch_class_weights(rate)
        self.peak = 0.0

    def feed(self, block: Sound) -> None:
        """Analyze the next block."""
        self.peak = max(self.peak, float(np.max(np.abs(block))))
        self._rest = self._add_onset_bands(np.concatenate([self._rest, block]))
        tonal = np.concatenate([self._chroma_rest, block])
        while len(tonal) >= _CHROMA_FRAME:
            power = np.abs(
                np.fft.rfft(tonal[:_CHROMA_FRAME] * np.hanning(_CHROMA_FRAME))
            )
            classes = np.sqrt(_spectral_peaks(power)) @ self._class_weights
            self._chroma.append(_without_overtones(classes))
            tonal = tonal[_CHROMA_FRAME // 2 :]
        self._chroma_rest = tonal

    def _add_onset_bands(self, sound: Sound) -> Sound:
        count = (len(sound) - _ONSET_FRAME) // self._hop
        if count <= 0:
            return sound
        view = np.lib.stride_tricks.sliding_window_view(sound, _ONSET_FRAME)
        frames = view[: count * self._hop : self._hop] * np.hanning(_ONSET_FRAME)
        power = np.abs(np.fft.rfft(frames))
        edges = np.unique(np.geomspace(1, _ONSET_FRAME // 2, 25).astype(int))
        bands = np.add.reduceat(power, edges, axis=1)
        self._bands.append(np.log1p(20.0 * bands).astype(np.float32))
        return sound[count * self._hop :]

    def result(self, path: str, duration_s: float) -> AudioAnalysis:
        """Return the analysis of all blocks."""
        onsets = self._onset_strengths()
        tempo, first_s = _tempo(onsets, self._rate / self._hop)
        chroma = np.array(self._chroma)
        ends = chroma[:2].sum(axis=0) + chroma[-2:].sum(axis=0)
        key = _key(chroma.sum(axis=0), ends)
        bar_s = 240.0 / tempo
        first_s = self._downbeat(onsets, tempo, first_s)
        frames_s = _CHROMA_FRAME / 2 / self._rate
        chords = [
            _chord(chroma[int(start / frames_s) : int((start + bar_s) / frames_s)], key)
            for start in np.arange(first_s, duration_s - 0.7 * bar_s, bar_s)
        ]
        return AudioAnalysis(
            path=path,
            duration_s=round(duration_s, 6),
            tempo=round(tempo, 2),
            key=key,
            downbeat_s=round(first_s, 4),
            chords=tuple(chords),
        )

    def _onset_strengths(self) -> Curve:
        bands = np.concatenate(self._bands)
        rising = np.maximum(0.0, np.diff(bands, axis=0)).sum(axis=1)
        onsets: Curve = np.concatenate([[0.0], rising])
        around = np.convolve(onsets, np.full(100, 0.01), "same")
        return np.maximum(0.0, onsets - around)

    def _downbeat(self, onsets: Curve, tempo: float, first_s: float) -> float:
        """Return the time of the first downbeat: the loudest of four beats."""
        beat = 60.0 / tempo * self._rate / self._hop
        start = first_s * self._rate / self._hop
        strengths = []
        for number in range(4):
            places = np.arange(start + number * beat, len(onsets) - 3, 4 * beat)
            near = [onsets[max(0, int(p) - 2) : int(p) + 4].max() for p in places]
            strengths.append(float(np.mean(near)) if near else 0.0)
        number = int(np.argmax(np.array(strengths) - 1e-6 * np.arange(4)))
        return first_s + number * 60.0 / tempo


def _spectral_peaks(power: Curve) -> Curve:
    """Keep local maxima, which favours tones over drums."""
    middle = power[1:-1]
    is_peak = (middle > power[:-2]) & (middle >= power[2:])
    peaks: Curve = np.pad(np.where(is_peak, middle, 0.0), 1)
    return peaks


def _without_overtones(classes: Curve) -> Curve:
    """Subtract what third and fifth partials add to other pitch classes."""
    fifths, thirds = np.roll(classes, 7), np.roll(classes, 4)
    own: Curve = np.maximum(0.0, classes - 0.35 * fifths - 0.175 * thirds)
    return own


def _pitch_class_weights(rate: int) -> npt.NDArray[np.float64]:
    """Return the weight of each FFT bin for each pitch class."""
    hertz = np.fft.rfftfreq(_CHROMA_FRAME, 1 / rate)
    pitch = 69 + 12 * np.log2(np.maximum(hertz, 1.0) / 440.0)
    weights = np.zeros((len(hertz), 12))
    for number in range(12):
        off = (pitch - number + 6) % 12 - 6
        weights[:, number] = np.exp(-0.5 * (off / 0.35) ** 2)
    weights[(hertz < 60) | (hertz > 1000)] = 0.0
    return weights


def _tempo(onsets: Curve, rate: float) -> tuple[float, float]:
    """Return the tempo and the time of the first beat."""
    size = 1 << (2 * len(onsets) - 1).bit_length()
    spectrum = np.fft.rfft(onsets - onsets.mean(), size)
    autocorrelation = np.fft.irfft(np.abs(spectrum) ** 2)[
        : int(rate * 60 / _MIN_TEMPO) * 4 + 8
    ]
    tempos = np.geomspace(_MIN_TEMPO, _MAX_TEMPO, 480)
    lags = 60.0 * rate / tempos
    # A beat repeats after one, two and four beat lengths.
    score = sum(
        np.interp(times * lags, np.arange(len(autocorrelation)), autocorrelation)
        for times in (1, 2, 4)
    )
    score = score * np.exp(-0.5 * (np.log2(tempos / _TYPICAL_TEMPO) / 0.9) ** 2)
    rough = float(tempos[int(np.argmax(score))])
    tempo, phase = _refine_tempo(onsets, rate, rough)
    return tempo, (-phase / (2 * np.pi)) % 1.0 * 60.0 / tempo


def _refine_tempo(onsets: Curve, rate: float, rough: float) -> tuple[float, float]:
    """Refine *rough* to the tempo at which the phases of the onsets agree best."""
    time = np.arange(len(onsets)) / rate
    is_onset = onsets > 0.2 * onsets.max()
    time, weight = time[is_onset], onsets[is_onset]
    tempos = rough * np.linspace(0.965, 1.035, 281)
    phasors = np.exp(-2j * np.pi * np.outer(tempos / 60.0, time))
    sums = phasors @ weight
    best = int(np.argmax(np.abs(sums) + 0.6 * np.abs(phasors**2 @ weight)))
    return float(tempos[best]), float(np.angle(sums[best]))


def _key(chroma: Curve, ends: Curve) -> Key:
    best = (-2.0, 0, "major")
    for tonic in range(12):
        for mode, profile in (("major", _MAJOR), ("minor", _MINOR)):
            match = float(np.corrcoef(np.roll(profile, tonic), chroma)[0, 1])
            # Songs tend to begin and to end on the tonic.
            match += 0.1 * float(ends[tonic] / max(1e-9, np.max(ends)))
            best = max(best, (match, tonic, mode))
    return Key(tonic=best[1], mode=best[2])


def _chord(chroma: Curve, key: Key) -> Chord:
    """Return the triad of *key* that matches a bar best."""
    total = chroma.sum(axis=0) if len(chroma) else np.zeros(12)
    scale = key.scale
    best = (
        -1.0,
        Chord(root=key.tonic, intervals=(0, 3, 7) if key.is_minor else (0, 4, 7)),
    )
    for root in scale:
        third = 3 if (root + 3) % 12 in scale else 4
        if (root + 7) % 12 not in scale:
            continue
        tones = ((root, 1.2), ((root + third) % 12, 0.9), ((root + 7) % 12, 1.0))
        match = float(sum(weight * total[tone] for tone, weight in tones))
        best = max(
            best, (match, Chord(root=root, intervals=(0, third, 7))), key=lambda b: b[0]
        )
    return best[1]
