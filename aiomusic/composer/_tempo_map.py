"""From beats to seconds, with swing."""

import attrs


@attrs.frozen(kw_only=True)
class TempoMap:
    """
    Tell the second of a beat.

    *swing* is how late the off-beats come, as a share of *step* beats.
    """

    tempo: float
    swing: float = 0.0
    step: float = 0.25

    def seconds(self, beat: float) -> float:
        """Return the second at which *beat* falls."""
        return self._swung(beat) * 60.0 / self.tempo

    def _swung(self, beat: float) -> float:
        pairs, rest = divmod(beat, 2 * self.step)
        late = 1.0 + self.swing
        if rest <= self.step:
            return pairs * 2 * self.step + rest * late
        over = rest - self.step
        return pairs * 2 * self.step + self.step * late + over * (2.0 - late)
