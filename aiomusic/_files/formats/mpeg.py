"""MPEG audio and AAC: frames that follow each other, behind tags or junk."""

import re
from collections.abc import Callable
from typing import TypeAlias, final

import attrs

from aiomusic._files.formats.source import Sound, Source

__all__ = ["first_frame", "probe_aac", "probe_mpeg"]

# How far behind its beginning music is looked for, and in its midst.
MAX_JUNK_BYTES = 128 * 1024
# So many frames in a row are no accident.
SURE_FRAMES = 3
# An announced number of frames may count the frame that announces it.
WHOLE_SHARE = 0.98

_SYNC = re.compile(rb"\xff[\xe0-\xff]")
_L3_KBITS = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
_L2_KBITS = (0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384)
_MPEG2_KBITS = (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)
_MPEG1_HZ = (44_100, 48_000, 32_000)
# By the version's bits: MPEG 2.5, reserved, 2, 1.
_SLOWER = (4, 0, 2, 1)
_AAC_HZ = (
    *(96_000, 88_200, 64_000, 48_000, 44_100, 32_000),
    *(24_000, 22_050, 16_000, 12_000, 11_025, 8_000, 7_350),
)

Frame: TypeAlias = tuple[int, float, int]
"""Its bytes, its seconds, and what all frames of one stream have in common."""
ReadFrame: TypeAlias = Callable[[bytes], Frame | None]
HEADER_BYTES = 7
# What of MPEG's header a frame's size depends on.
SIZE_BYTES = 3


def mpeg_frame(head: bytes) -> Frame | None:
    """Read the header of a frame of layer II or III."""
    if len(head) < 4 or head[0] != 0xFF or head[1] < 0xE0:
        return None
    slower, layer = _SLOWER[head[1] >> 3 & 3], head[1] >> 1 & 3
    bits, hz_bits = head[2] >> 4, head[2] >> 2 & 3
    if not slower or layer not in {1, 2} or bits in {0, 15} or hz_bits == 3:
        return None
    fast = _L3_KBITS if layer == 1 else _L2_KBITS
    kbits = (fast if slower == 1 else _MPEG2_KBITS)[bits]
    hz = _MPEG1_HZ[hz_bits] // slower
    samples = 576 if layer == 1 and slower > 1 else 1152
    size = samples * kbits * 125 // hz + (head[2] >> 1 & 1)
    return size, samples / hz, head[1] << 2 & 0x78 | hz_bits


def aac_frame(head: bytes) -> Frame | None:
    """Read the header of an ADTS frame."""
    if len(head) < HEADER_BYTES or head[0] != 0xFF or head[1] & 0xF6 != 0xF0:
        return None
    index = head[2] >> 2 & 15
    size = (head[3] & 3) << 11 | head[4] << 3 | head[5] >> 5
    if index >= len(_AAC_HZ) or size <= HEADER_BYTES:
        return None
    return size, 1024 * (1 + (head[6] & 3)) / _AAC_HZ[index], index


def first_frame(source: Source, at: int, read: ReadFrame = mpeg_frame) -> int | None:
    """Return where frames begin that follow each other, near *at*."""
    head = source.read(at, MAX_JUNK_BYTES)
    for found in _SYNC.finditer(head):
        if _are_frames(source, at + found.start(), read):
            return at + found.start()
    return None


def _are_frames(source: Source, at: int, read: ReadFrame) -> bool:
    common = None
    for seen in range(SURE_FRAMES):
        frame = read(source.read(at, HEADER_BYTES))
        if frame is None or common not in {None, frame[2]}:
            return False
        common = frame[2]
        at += frame[0]
        if at >= source.size:
            # A file of a frame or two is as short as that.
            return at == source.size or seen > 0
    return True


def probe_mpeg(source: Source, at: int) -> Sound:
    """Follow the frames of an MP3, and compare them with what its first announces."""
    return _probe(source, at, mpeg_frame, strides=_Strides())


def probe_aac(source: Source, at: int) -> Sound:
    """Follow the frames of AAC."""
    return _probe(source, at, aac_frame, strides=None)


def _probe(
    source: Source, at: int, read: ReadFrame, *, strides: "_Strides | None"
) -> Sound:
    start = first_frame(source, at, read)
    if start is None:
        return Sound(damage="it holds no music")
    end = _without_tags(source)
    walk = _Walk(source=source, read=read, strides=strides, end=end)
    announced = _announced(source, start)
    walk.follow(start)
    if announced:
        frame = read(source.read(start, HEADER_BYTES))
        assert frame is not None
        walk.frames, walk.seconds = walk.frames - 1, walk.seconds - frame[1]
        if walk.frames < WHOLE_SHARE * announced:
            whole_s = announced * frame[1]
            damage = (
                f"it holds {walk.seconds:.1f} s of the {whole_s:.1f} s it announces"
            )
            return Sound(seconds=walk.seconds, damage=damage)
    if walk.junk_bytes > source.size / 2:
        return Sound(seconds=walk.seconds, damage="most of it is no music")
    return Sound(seconds=walk.seconds, has_end=not walk.is_cut)


@final
@attrs.define(eq=False)
class _Strides:
    """Goes over frames of MPEG whose headers were seen before, by one pattern."""

    _sizes: dict[bytes, int] = attrs.field(factory=dict, init=False)
    _many: re.Pattern[bytes] = attrs.field(init=False)
    _one: re.Pattern[bytes] = attrs.field(init=False)

    def learn(self, header: bytes, size: int) -> None:
        """Remember how long frames are that begin like this one; there are few."""
        begin = header[:SIZE_BYTES]
        if begin in self._sizes:
            return
        self._sizes[begin] = size
        frames = b"|".join(
            b"%s.{%d}" % (re.escape(one), size - SIZE_BYTES)
            for one, size in self._sizes.items()
        )
        self._many = re.compile(b"(?:%s)*" % frames, re.DOTALL)
        # With a group, as `findall` makes less of one byte than of a frame.
        self._one = re.compile(b"(?=(.))(?:%s)" % frames, re.DOTALL)

    def forget(self) -> None:
        """Begin again, as another stream does."""
        self._sizes.clear()

    def over(self, block: bytes, here: int, end: int) -> tuple[int, int]:
        """Return where the frames end that follow each other, and their number."""
        found = self._many.match(block, here, end)
        assert found is not None
        return found.end(), len(self._one.findall(block, here, found.end()))


@final
@attrs.define(eq=False, kw_only=True)
class _Walk:
    """
    Goes from frame to frame, over what is none.

    Attributes:
        strides: Goes over many at a time; None: each frame says again how long it is.
    """

    source: Source
    read: ReadFrame
    strides: _Strides | None
    end: int
    frames: int = 0
    seconds: float = 0.0
    junk_bytes: int = 0
    is_cut: bool = False

    def follow(self, at: int) -> None:
        common = None
        while at < self.end:
            head = self.source.read(at, HEADER_BYTES)
            frame = self.read(head)
            if frame is None or common not in {None, frame[2]}:
                onward = first_frame(self.source, at + 1, self.read)
                if onward is None or onward >= self.end:
                    self.junk_bytes += self.end - at
                    return
                self.junk_bytes += onward - at
                at, common = onward, None
                continue
            if at + frame[0] > self.end:
                self.is_cut = True
                return
            self._count(1, frame[1])
            at += frame[0]
            if self.strides is not None:
                if common is None:
                    self.strides.forget()
                self.strides.learn(head, frame[0])
                at = self._stride(self.strides, at, frame[1])
            common = frame[2]

    def _count(self, frames: int, seconds: float) -> None:
        self.frames += frames
        self.seconds += seconds

    def _stride(self, strides: _Strides, at: int, frame_s: float) -> int:
        """Go over the frames of a stream that lie in one block; they last the same."""
        block, start = self.source.near(at)
        end = min(len(block), self.end - start)
        here, frames = strides.over(block, at - start, end)
        self._count(frames, frames * frame_s)
        return start + here


def _announced(source: Source, at: int) -> int:
    """Return the number of frames that the first one tells; 0: it tells none."""
    head = source.read(at, 200)
    is_mpeg1, is_mono = head[1] & 0x18 == 0x18, head[3] >> 6 == 3
    side = (17 if is_mono else 32) if is_mpeg1 else (9 if is_mono else 17)
    tag = 4 + side
    if head[tag : tag + 4] in {b"Xing", b"Info"} and head[tag + 7] & 1:
        return int.from_bytes(head[tag + 8 : tag + 12], "big")
    if head[36:40] == b"VBRI":
        return int.from_bytes(head[50:54], "big")
    return 0


def _without_tags(source: Source) -> int:
    """Return where the music ends and the tags behind it begin."""
    end = source.size
    if source.read(max(0, end - 128), 3) == b"TAG":
        end -= 128
    foot = source.read(max(0, end - 32), 32)
    if foot[:8] == b"APETAGEX":
        size = int.from_bytes(foot[12:16], "little")
        has_head = foot[23] & 0x80
        end -= size + (32 if has_head else 0)
    return max(0, end)
