"""
A composer and synthesiser: songs from words, the same for the same seed.

``compose()`` turns a `SongSpec` into a `Score` and needs the standard library alone;
``write_song()`` renders a score to a file and imports numpy only then::

    score = compose(SongSpec(style="jazz, warm female voice", duration_s=20.0))
    write_song(score, "song.mp3")

The stages of a song, each of which returns a frozen value::

    SongSpec -> ParsedPrompt, form, harmony, melody -> LeadSheet     (beats)
    LeadSheet + Style -> arrangement -> Performance                  (seconds)
    Performances -> spans -> Score -> mixer -> loudness -> file      (samples)

Times end in ``_s`` and are seconds from the start of the song; pitches are MIDI
numbers (60 is middle C); audio is float32 stereo of 44.1 kHz in arrays ``(2, n)``.
An edit (``extend()``, ``cover()`` ...) returns a new score without rendering; the
parts of the song that it leaves alone keep the same samples.

``ValueError`` means that an argument is out of range, `UnreadableAudio` (a
``ValueError``) that a file cannot be analyzed, ``LookupError`` that no renderer has
that name, ``RuntimeError`` that numpy and soundfile are missing.
"""

from aiomusic.composer._analysis import AudioAnalysis, UnreadableAudio
from aiomusic.composer._analyze import analyze_audio, can_analyze
from aiomusic.composer._compose import compose
from aiomusic.composer._cover_art import draw_cover, draw_cover_jpeg
from aiomusic.composer._encode import (
    AudioFormat,
    Renderer,
    available_formats,
    load_renderer,
    write_song,
)
from aiomusic.composer._lyrics import WrittenLyrics, write_lyrics
from aiomusic.composer._midi import to_midi
from aiomusic.composer._piano_roll import TRACK_COLOURS, draw_piano_roll
from aiomusic.composer._score import Score
from aiomusic.composer._spec import Segment, SongSpec
from aiomusic.composer._stems import BASIC_STEMS, FULL_STEMS
from aiomusic.composer._sung_words import SungWord, is_sung_whole, sung_words
from aiomusic.composer._voice import Voice
from aiomusic.composer._waveform import draw_waveform, measure_levels
from aiomusic.composer.edits import (
    concat,
    cover,
    extend,
    replace_section,
    score_from_audio,
    split,
    swap_sound,
    swap_vocals,
)
from aiomusic.composer.styles import STYLES

__all__ = [
    "BASIC_STEMS",
    "FULL_STEMS",
    "STYLES",
    "TRACK_COLOURS",
    "AudioAnalysis",
    "AudioFormat",
    "Renderer",
    "Score",
    "Segment",
    "SongSpec",
    "SungWord",
    "UnreadableAudio",
    "Voice",
    "WrittenLyrics",
    "analyze_audio",
    "available_formats",
    "can_analyze",
    "compose",
    "concat",
    "cover",
    "draw_cover",
    "draw_cover_jpeg",
    "draw_piano_roll",
    "draw_waveform",
    "extend",
    "is_sung_whole",
    "load_renderer",
    "measure_levels",
    "replace_section",
    "score_from_audio",
    "split",
    "sung_words",
    "swap_sound",
    "swap_vocals",
    "to_midi",
    "write_lyrics",
    "write_song",
]
