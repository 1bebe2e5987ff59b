"""Whatever interrupts a program and whenever, the next process loses nothing."""

import asyncio
import os
from pathlib import Path

import pytest
import swept
from sweep_worker import WAYS

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.slow,
    pytest.mark.skipif(os.name == "nt", reason="signals of POSIX"),
]

INSTANTS = 4
MAX_UNPAID = 3


async def test_a_program_that_is_interrupted_leaves_true_books(tmp_path: Path) -> None:
    """In every way, at instants from its create until it has left its session."""
    async with asyncio.timeout(55), swept.swept(tmp_path) as sweep:
        life_s = await sweep.life_s()
        instants = [life_s * number / INSTANTS for number in range(INSTANTS)]

        found = await sweep.run(instants)

    assert [] == [line for one in found for line in one.wrong]
    assert len(WAYS) * INSTANTS == len(found)
    # Who is killed between its mark and the socket can't be told from who had sent.
    assert sum(one.unpaid for one in found) <= MAX_UNPAID
