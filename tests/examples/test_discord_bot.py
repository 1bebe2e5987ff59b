"""The bot for Discord, from a user's wish to the uploaded song, through a restart."""

from pathlib import Path

import pytest
from discord_service import RUN, TOKEN, Discord
from example_process import EXAMPLES, Example, held_service, needs, until
from quick_service import FRAME

pytestmark = [pytest.mark.anyio, pytest.mark.slow, needs("discord")]

ADA, BOB = 70, 80


async def test_songs_are_delivered_through_a_restart(tmp_path: Path) -> None:
    """Each is paid and uploaded once, by whichever process is there when it ends."""
    program = str(EXAMPLES / "discord_bot.py")
    async with held_service() as service, Discord() as discord:
        run = ("-c", RUN, discord.url, program)
        bot = Example(service, tmp_path, *run, DISCORD_TOKEN=TOKEN)

        def saying(words: str) -> int:
            return sum(words in said[-1] for said in discord.texts.values())

        async with bot.running():
            await until(lambda: discord.is_ready)
            await discord.ask("paper boats in the rain", user=ADA)
            await until(lambda: saying("pending") == 1)

        polls = service.api.polls
        async with bot.running():
            await until(lambda: service.api.polls > polls and discord.is_ready)
            await service.api.finish()
            await until(lambda: saying("Here it is.") == 1)
            # A second song is within Ada's limit, a third is not; Bob has his own.
            for user in (ADA, ADA, BOB):
                await discord.ask("lamp light", user=user)
            await until(lambda: saying("pending") == 2 and saying("No song") == 1)
            await service.api.finish()
            await until(lambda: saying("Here it is.") == 3)

        async with service.session(tmp_path / "bot.db") as music:
            assert [] == await music.resume(undelivered=True)

    assert ["song"] == discord.commands
    assert 6 == len(set(discord.uploads)) == len(discord.uploads)
    assert all(data.endswith(FRAME) for data in discord.uploads)
    assert (3, 30) == (service.api.submissions, service.api.charged)
