"""The parts of a session between entering and leaving it."""
