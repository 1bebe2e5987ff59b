# mypy: disable-error-code="import-untyped, no-any-return, arg-type"
"""
Measure the composer's music with independent detectors.

Run ``python benchmarks/music.py`` (all of it, some minutes) or name the parts:
``styles``, ``genres``, ``sections``, ``classify``, ``cost``. Needs librosa,
pyloudnorm, scipy and scikit-learn besides the ``emulator`` extra.
"""

import argparse
import os
import resource
import sys
import tempfile
import time
import warnings
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import cached_property
from pathlib import Path

import attrs
import librosa
import numpy as np
import numpy.typing as npt
import pyloudnorm
import scipy.ndimage
import scipy.signal
import soundfile
from sklearn.neighbors import NearestCentroid
from sklearn.preprocessing import StandardScaler

from aiomusic.composer import Score, SongSpec, compose, write_song
from aiomusic.composer.styles import STYLES

Samples = npt.NDArray[np.float64]
HEARD_RATE = 22050

# Krumhansl and Kessler's probe-tone profiles, the usual templates for keys.
MAJOR = (6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88)
MINOR = (6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17)
LYRICS = """
[Verse]
Morning finds a paper crane
Sleeping on the window pane
Someone folded it last night
Out of letters, out of light
[Chorus]
Fly away and do not fall
Higher than the garden wall
Fly away and when you land
Write a word upon my hand
[Verse]
Evening brings it back to me
Smelling of the open sea
Half a feather, half a word
Telling everything it song
[Chorus]
Fly away and do not fall
Higher than the garden wall
Fly away and when you land
Write a word upon my hand
"""


@attrs.frozen(kw_only=True, slots=False)
class DecodedSong:
    """A score, its decoded file, and the CPU time of rendering it."""

    score: Score
    samples: Samples
    rate: int
    cpu_s: float

    @cached_property
    def mono(self) -> npt.NDArray[np.float32]:
        """Return the mono mix at the rate that librosa's detectors expect."""
        mixed = np.mean(self.samples, axis=1)
        slower = scipy.signal.resample_poly(mixed, HEARD_RATE, self.rate)
        return slower.astype(np.float32)


def render(spec: SongSpec, kind: str = "mp3") -> DecodedSong:
    """Compose, render and decode one song."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, f"song.{kind}")
        start = time.process_time()
        score = compose(spec)
        write_song(score, path, "wav" if kind == "wav" else "mp3")
        cpu_s = time.process_time() - start
        samples, rate = soundfile.read(path, always_2d=True)
    return DecodedSong(score=score, samples=samples, rate=rate, cpu_s=cpu_s)


def tempo_error(song: DecodedSong) -> float:
    """Return the relative error of librosa's tempo, up to a factor of two."""
    ratios = [heard_tempo(song) * factor / song.score.tempo for factor in (0.5, 1, 2)]
    return min(abs(ratio - 1.0) for ratio in ratios)


def heard_tempo(song: DecodedSong) -> float:
    """Return librosa's tempo in beats per minute; 0 if it hears no beats."""
    hop = 128
    onsets = librosa.onset.onset_strength(y=song.mono, sr=HEARD_RATE, hop_length=hop)
    _, beats = librosa.beat.beat_track(
        onset_envelope=onsets, sr=HEARD_RATE, hop_length=hop, units="time"
    )
    return 60.0 / float(np.median(np.diff(beats))) if len(beats) >= 4 else 0.0


def key_of(song: DecodedSong) -> tuple[int, bool]:
    """Return the tonic and whether it is minor, from librosa's chroma."""
    harmonic = librosa.effects.harmonic(song.mono, margin=2.0, hop_length=1024)
    # The tuning is given: librosa's estimate of it crashes with numba 0.68.
    chroma = librosa.feature.chroma_cqt(y=harmonic, sr=HEARD_RATE, tuning=0.0)
    chroma = chroma.mean(axis=1)
    best = (-2.0, 0, False)
    for tonic in range(12):
        for is_minor, profile in ((False, MAJOR), (True, MINOR)):
            match = float(np.corrcoef(np.roll(profile, tonic), chroma)[0, 1])
            best = max(best, (match, tonic, is_minor))
    return best[1], best[2]


def is_key_right(score: Score, heard: tuple[int, bool]) -> bool:
    """Return whether the *heard* key is exact or the relative key."""
    key = score.key
    # The relative of a mode shares its notes: A minor, D dorian, G mixolydian: C.
    to_major = {"major": 0, "minor": 3, "dorian": 10, "mixolydian": 5}[key.mode]
    major = (key.tonic + to_major) % 12
    relatives = ((major, False), ((major + 9) % 12, True))
    return heard in ((key.tonic, key.is_minor), *relatives)


def loudness(song: DecodedSong) -> float:
    """Return the integrated loudness in LUFS, by pyloudnorm."""
    return float(pyloudnorm.Meter(song.rate).integrated_loudness(song.samples))


def true_peak(song: DecodedSong) -> float:
    """Return the true peak in dBFS, by scipy's fourfold resampling."""
    over = scipy.signal.resample_poly(song.samples, 4, 1)
    return float(20 * np.log10(np.max(np.abs(over))))


def boundaries(song: DecodedSong) -> npt.NDArray[np.float64]:
    """Return the section boundaries that librosa's clustering finds, in seconds."""
    hop = 1024
    mfcc = librosa.feature.mfcc(y=song.mono, sr=HEARD_RATE, n_mfcc=14, hop_length=hop)
    contrast = librosa.feature.spectral_contrast(
        y=song.mono, sr=HEARD_RATE, hop_length=hop
    )
    loud = librosa.amplitude_to_db(
        librosa.feature.rms(y=song.mono, hop_length=hop)[:, : mfcc.shape[1]]
    )
    scale = StandardScaler()
    rows = [scale.fit_transform(part.T).T for part in (mfcc, contrast, loud)]
    rows[2] *= 2.0
    _, beats = librosa.beat.beat_track(
        y=song.mono, sr=HEARD_RATE, hop_length=hop // 4, units="time"
    )
    places = np.unique(librosa.time_to_frames(beats, sr=HEARD_RATE, hop_length=hop))
    # Smoothed over two beats: a boundary is a change of the band, not of a drum.
    synced = librosa.util.sync(np.vstack(rows), places, aggregate=np.median)
    synced = scipy.ndimage.uniform_filter1d(synced, 2, axis=1)
    count = len(song.score.sections)
    starts = librosa.segment.agglomerative(synced, count)
    times = librosa.frames_to_time(
        np.concatenate([[0], places]), sr=HEARD_RATE, hop_length=hop
    )
    return np.asarray(times[np.minimum(starts, len(times) - 1)])


def features(song: DecodedSong) -> list[float]:
    """Return spectral centroid (log) and onset density, then a few more."""
    centroid = librosa.feature.spectral_centroid(y=song.mono, sr=HEARD_RATE)
    onsets = librosa.onset.onset_detect(y=song.mono, sr=HEARD_RATE)
    flatness = librosa.feature.spectral_flatness(y=song.mono)
    spread = librosa.feature.spectral_bandwidth(y=song.mono, sr=HEARD_RATE)
    mfcc = librosa.feature.mfcc(y=song.mono, sr=HEARD_RATE, n_mfcc=13)
    seconds = len(song.samples) / song.rate
    return [
        float(np.log(np.median(centroid))),
        len(onsets) / seconds,
        float(np.log(np.mean(flatness) + 1e-9)),
        float(np.log(np.mean(spread))),
        *(float(value) for value in mfcc.mean(axis=1)),
        *(float(value) for value in mfcc.std(axis=1)[:5]),
    ]


def specs(seeds: range, seconds: float = 20.0) -> Iterator[SongSpec]:
    """Yield the spec of a song for each style and seed."""
    for style in STYLES:
        for seed in seeds:
            yield SongSpec(
                style=style, duration_s=seconds, seed=seed, instrumental=seed % 2 == 0,
                lyrics=LYRICS,
            )  # fmt: skip


def measure_styles(seeds: int) -> None:
    """Print tempo, key, loudness, peak and cost of each style."""
    print(f"{'style':<12}{'tempo':>7}{'off':>7}{'key':>12}{'key ok':>8}"
          f"{'LUFS':>8}{'dBTP':>7}{'CPU/s':>7}")  # fmt: skip
    tempo_ok = keys_ok = levels_ok = songs = with_beat = 0
    for spec in specs(range(1, seeds + 1)):
        song = render(spec)
        songs += 1
        error, is_right = tempo_error(song), is_key_right(song.score, key_of(song))
        lufs, peak = loudness(song), true_peak(song)
        has_beat = STYLES[spec.style].groove is not None
        with_beat += has_beat
        tempo_ok += has_beat and error <= 0.03
        keys_ok += is_right
        levels_ok += abs(lufs + 14) <= 1 and peak <= -1.0
        print(
            f"{spec.style:<12}{song.score.tempo:>7.1f}"
            f"{f'{error:.1%}' if has_beat else '-':>7}{song.score.key!s:>12}"
            f"{'yes' if is_right else 'NO':>8}{lufs:>8.2f}{peak:>7.2f}"
            f"{song.cpu_s / song.score.duration_s:>7.3f}"
        )
    print(f"tempo within 3 %: {tempo_ok}/{with_beat}")
    print(f"key exact or relative: {keys_ok}/{songs}")
    print(f"loudness and peak in bounds: {levels_ok}/{songs}")


GENRES = """
    pop, k-pop, j-pop, dance pop, synth pop, indie, ballad, city pop, hyperpop,
    bollywood, rock, hard rock, punk, grunge, blues, emo, post-rock, surf,
    metal, heavy metal, death metal, metalcore, doom metal, folk, country,
    bluegrass, celtic, irish, polka, sea shanty, mariachi, medieval, r&b, soul,
    neo soul, funk, motown, gospel, worship, hip hop, trap, drill, boom bap,
    grime, phonk, lo-fi, chillhop, trip hop, house, deep house, disco, nu disco,
    edm, future bass, amapiano, eurodance, techno, trance, psytrance, dubstep,
    hardstyle, drum and bass, jungle, breakbeat, synthwave, vaporwave,
    electropop, reggae, dub, rocksteady, ska, dancehall, soca, reggaeton,
    dembow, salsa, mambo, bachata, cumbia, merengue, tango, milonga, bossa nova,
    samba, flamenco, fado, afrobeat, afrobeats, highlife, soukous, jazz, swing,
    bebop, ragtime, big band, fusion, waltz, jazz waltz, lullaby, christmas,
    cinematic, epic, orchestral, horror, march, opera, baroque, choir, hymn, a
    cappella, gregorian, ambient, drone, meditation, chiptune, 8-bit, video
    game, corporate, jingle, kids, musical, anime, chanson, enka, klezmer,
    balkan, arabic, hawaiian, zydeco, honky tonk, southern rock, shoegaze, prog,
    gothic, rockabilly, screamo, industrial, acid, idm, chillout, new age, raga,
    qawwali
"""
TONICS = "CADEGFB"


@attrs.frozen(kw_only=True)
class HeardGenre:
    """What detectors heard of one prompt: the tempo in beats per minute, the key."""

    prompt: str
    score: Score
    tempo: float
    key: tuple[int, bool]

    @property
    def has_beat(self) -> bool:
        """Return whether drums are played."""
        return "drums" in {track.role for track in self.score.tracks}

    def is_in_tempo(self, *factors: float) -> bool:
        """Return whether one of *factors* of the tempo is heard, within 3 %."""
        ratio = self.tempo / self.score.tempo
        return any(abs(ratio / factor - 1.0) <= 0.03 for factor in factors)

    @property
    def is_key_right(self) -> bool:
        """Return whether the key is heard, or its relative."""
        return is_key_right(self.score, self.key)

    @property
    def faults(self) -> str:
        """Return what is not as it was asked for."""
        is_off = self.has_beat and not self.is_in_tempo(0.5, 1, 2)
        named = (
            ("a guess", self.score.is_guess),
            (f"tempo {self.tempo:.0f}", is_off),
            (f"key {self.key}", not self.is_key_right),
        )
        return ", ".join(fault for fault, is_true in named if is_true)


def hear_genre(word: str, seed: int, tonic: str) -> HeardGenre:
    """Ask for a genre at its own tempo, in its mode on *tonic*, and listen."""
    warnings.simplefilter("ignore")
    plain = compose(SongSpec(style=word, seed=seed, duration_s=20.0))
    mode = "minor" if plain.key.is_minor else "major"
    prompt = f"{word}, {round(plain.tempo)} bpm, {tonic} {mode}"
    spec = SongSpec(style=prompt, seed=seed, duration_s=20.0, instrumental=True)
    song = render(spec, "wav")
    return HeardGenre(
        prompt=prompt, score=song.score, tempo=heard_tempo(song), key=key_of(song)
    )


def measure_genres(seeds: int) -> None:
    """Print how often detectors agree with the tempo and the key that were asked."""
    words = [word for word in " ".join(GENRES.split()).split(", ") if word]
    asked = [
        (word, seed, TONICS[(number + seed) % len(TONICS)])
        for number, word in enumerate(words)
        for seed in range(seeds)
    ]
    heard: list[HeardGenre] = []
    with ProcessPoolExecutor() as workers:
        for genre in workers.map(hear_genre, *zip(*asked, strict=True)):
            heard.append(genre)
            if genre.faults:
                print(f"  {genre.prompt}: {genre.faults}", flush=True)
    beats = [genre for genre in heard if genre.has_beat]
    print_share("style read, not guessed", [not g.score.is_guess for g in heard])
    print_share("tempo, or half or twice", [g.is_in_tempo(0.5, 1, 2) for g in beats])
    print_share("tempo itself", [genre.is_in_tempo(1) for genre in beats])
    print_share("key, or its relative", [genre.is_key_right for genre in heard])


def print_share(name: str, right: list[bool]) -> None:
    """Print how many of *right* are true."""
    print(f"{name}: {sum(right)}/{len(right)} = {sum(right) / len(right):.0%}")


def measure_sections() -> None:
    """Print how many section boundaries of a verse and chorus form are found."""
    found = total = 0
    for style in STYLES:
        song = render(SongSpec(style=style, lyrics=LYRICS, seed=4, duration_s=80.0))
        seen = boundaries(song)
        real = [section.start_s for section in song.score.sections[1:]]
        hits = sum(bool(np.min(np.abs(seen - second)) <= 1.0) for second in real)
        found, total = found + hits, total + len(real)
        print(f"{style:<12}{hits}/{len(real)} boundaries within 1 s")
    print(f"boundaries found: {found}/{total} = {found / total:.0%}")


def measure_classify(train: int, test: int) -> None:
    """Print the accuracy of a nearest-centroid classifier of styles."""
    known = [
        (b.style, features(render(b, "wav"))) for b in specs(range(100, 100 + train))
    ]
    fresh = [
        (b.style, features(render(b, "wav"))) for b in specs(range(900, 900 + test))
    ]
    for name, columns in (("centroid and onset density", 2), ("all features", None)):
        scale = StandardScaler()
        rows = scale.fit_transform([row[:columns] for _, row in known])
        model = NearestCentroid().fit(rows, [style for style, _ in known])
        predicted = model.predict(scale.transform([row[:columns] for _, row in fresh]))
        pairs = list(zip(predicted, (style for style, _ in fresh), strict=True))
        right = sum(a == b for a, b in pairs)
        print(f"{name}: {right}/{len(pairs)} = {right / len(pairs):.0%} correct")
        wrong = sorted({f"{b} taken for {a}" for a, b in pairs if a != b})
        print("  " + "; ".join(wrong))


def measure_cost() -> None:
    """Print CPU seconds per second of audio, and the peak memory, by length."""
    for style in ("pop", "rock", "ambient", "jazz"):
        for seconds in (20.0, 120.0, 480.0):
            cpu_s, peak_mb = _measure_child(
                SongSpec(style=style, duration_s=seconds, lyrics=LYRICS)
            )
            print(f"{style:<10}{seconds:>5.0f} s  {cpu_s / seconds:.3f} CPU s/s  "
                  f"{peak_mb:.0f} MB peak")  # fmt: skip


def _measure_child(spec: SongSpec) -> tuple[float, float]:
    """Render in a child process, to measure the peak memory of one song."""
    read, write = os.pipe()
    child = os.fork()
    if not child:
        score = compose(spec)
        start = time.process_time()
        with tempfile.TemporaryDirectory() as folder:
            write_song(score, Path(folder, "song.mp3"))
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        os.write(write, f"{time.process_time() - start} {peak}".encode())
        os._exit(0)
    os.waitpid(child, 0)
    cpu, peak_text = os.read(read, 100).decode().split()
    os.close(read)
    os.close(write)
    return float(cpu), float(peak_text)


def main() -> None:
    """Run the parts that the command line names."""
    warnings.simplefilter("ignore")
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", default=[])
    parser.add_argument("--seeds", type=int, default=2, help="songs per style")
    arguments = parser.parse_args()
    parts = arguments.parts or ["styles", "genres", "sections", "classify", "cost"]
    for part in parts:
        print(f"# {part}", flush=True)
        match part:
            case "styles":
                measure_styles(arguments.seeds)
            case "genres":
                measure_genres(arguments.seeds)
            case "sections":
                measure_sections()
            case "classify":
                measure_classify(2 * arguments.seeds, arguments.seeds)
            case "cost":
                measure_cost()
            case _:
                sys.exit(f"no such part: {part}")


if __name__ == "__main__":
    main()
