"""
The providers by name: the one line that enters a new one.

Nothing is imported here, so that help texts and names cost nothing.
"""

from typing import Final

__all__ = ["DIRECT", "FOLLOWED", "REGISTRY"]

FOLLOWED: Final = {
    "suno": "Each operation of Suno: create, extend, cover, personas, stems, uploads.",
    "riffusion": "Each operation of Riffusion: create, extend, replace, swap.",
    "producer": "Each operation of Producer: create, extend, cover, replace, swap.",
    "nuro": "Each operation of Nuro: vocal songs and instrumentals.",
}
"""Providers whose creates are tasks, each with the command's sentence about it."""

DIRECT: Final = {"lyrics": "Write lyrics."}
"""Providers that answer a create with the result itself."""

REGISTRY: Final = FOLLOWED | DIRECT
