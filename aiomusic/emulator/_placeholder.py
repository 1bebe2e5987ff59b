"""Placeholder covers, drawn from a name."""

import hashlib

__all__ = ["picture"]


def picture(name: str) -> bytes:
    """Return a square SVG picture; equal names give equal pictures."""
    seen = hashlib.blake2b(name.encode(errors="surrogatepass"), digest_size=8).digest()
    hue, other = seen[0] * 360 // 256, seen[1] * 360 // 256
    rings = "".join(
        f'<circle cx="{80 + seen[2 + i]}" cy="{80 + seen[3 + i]}" r="{30 + 25 * i}"'
        f' fill="hsl({other} 70% {40 + 8 * i}%)" opacity="0.4"/>'
        for i in range(5)
    )
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" width="400" height="400">'
        f'<rect width="400" height="400" fill="hsl({hue} 60% 30%)"/>{rings}</svg>'
    ).encode()
