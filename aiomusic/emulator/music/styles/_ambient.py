"""
Ambient: chords that change like light, bells far away, no drums.
"""

from typing import Final

from aiomusic.emulator.music.styles._style import Changes, Groove, Layer, Style

AMBIENT: Final = Style(
    name="ambient",
    words=("ambient", "atmospheric", "meditative", "sleep", "spa", "soundscape",
           "drone", "ethereal", "space"),
    tempo=(60, 76),
    modes=("major", "major", "dorian", "minor"),
    major=Changes(
        verse=("Iadd9 Iadd9 IVmaj9 IVmaj9", "Imaj9 Imaj9 vi9 vi9"),
        chorus=("IVmaj9 Iadd9 vi9 Vsus4", "IVmaj9 IVmaj9 Imaj9 Imaj9"),
        bridge=("ii9 ii9 IVmaj9 IVmaj9",),
    ),
    minor=Changes(
        verse=("iadd9 iadd9 bVImaj7 bVImaj7", "i9 i9 iv9 iv9"),
        chorus=("bVImaj9 bIIImaj7 iadd9 bVII", "iv9 bVImaj9 i9 i9"),
        bridge=("bIIImaj7 bIIImaj7 iv9 iv9",),
    ),
    groove=None,
    kit="pop",
    layers=(
        Layer(
            role="pad",
            patches=("warm-pad", "warm-pad"),
            patterns=("x-------------------------------",),
            low=48,
            high=72,
            voicing="open",
            gate=1.12,
            gain_db=-7.0,
            send=0.6,
        ),
        Layer(
            role="pad",
            patches=("choir", "strings"),
            patterns=("x-------------------------------",),
            energy=(0.6, 1.0),
            low=60,
            high=81,
            voicing="open",
            gate=1.1,
            gain_db=-14.0,
            pan=0.2,
            send=0.8,
        ),
        Layer(
            role="bass",
            patches=("sub", "sub"),
            patterns=("r-------------------------------",),
            energy=(0.5, 1.0),
            low=31,
            high=46,
            gain_db=-9.0,
            send=0.1,
        ),
        Layer(
            role="arp",
            patches=("bell", "vibes"),
            patterns=(
                "....3.......2...........4.......",
                "..2.....4...........3.....1.....",
            ),
            low=67,
            high=91,
            gate=3.0,
            gain_db=-15.0,
            pan=-0.3,
            send=0.9,
        ),
        Layer(
            role="lead",
            patches=("flute", "bell"),
            low=62,
            high=81,
            gain_db=-12.0,
            send=0.8,
        ),
    ),
    push=0.2,
    pulse=1.0,
    room="cathedral",
    human_s=0.03,
)
