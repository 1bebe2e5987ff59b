"""Conversion of beats to seconds, with swing."""

import attrs


@attrs.frozen(kw_only=True)
class TempoMap:
    """
    The time of every beat of a song.

    Args:
        tempo: Beats per minute.
        swing: Delay of the off-beats, as a share of *step*.
        step: Distance between beat and off-beat, in beats.
    """

    tempo: float
    swing: float = 0.0
    step: float = 0.25

    def seconds(self, beat: float) -> float:
        """Return the time of *beat* in seconds."""
        return self._with_swing(beat) * 60.0 / self.tempo

    def _with_swing(self, beat: float) -> float:
        pairs, rest = divmod(beat, 2 * self.step)
        stretch = 1.0 + self.swing
        if rest <= self.step:
            return pairs * 2 * self.step + rest * stretch
        over = rest - self.step
        return pairs * 2 * self.step + self.step * stretch + over * (2.0 - stretch)
