"""
A Discord bot on discord.py: ``/song prompt: paper boats in the rain``.

Set AIOMUSIC_API_KEY and DISCORD_TOKEN, and run ``python discord_bot.py``.
Kill it and start it again: whatever was asked for still arrives, paid for once.
"""

import asyncio
import contextlib
import os

import discord
from discord import app_commands

from aiomusic import JobDetached, JobState, MusicError, MusicJob, MusicSession


class SongBot(discord.Client):
    """Makes songs for whoever asks in a channel that it may write to."""

    def __init__(self, music: MusicSession) -> None:
        super().__init__(intents=discord.Intents.default())
        self.music = music
        self.tree = app_commands.CommandTree(self)
        self.tree.command(name="song", description="Make a song.")(self.song)
        self.tasks: list[asyncio.Task[None]] = []

    async def setup_hook(self) -> None:
        """Take up what was left when the last process ended."""
        await self.tree.sync()
        for job in await self.music.resume(queued=True, undelivered=True):
            self.tasks.append(asyncio.create_task(self.deliver(job)))

    async def song(self, asked: discord.Interaction, prompt: str) -> None:
        """Answer at once, and order the song; the journal keeps where it belongs."""
        await asked.response.send_message("One moment, please.")
        note = await asked.original_response()
        user, channel = str(asked.user.id), str(note.channel.id)
        place = {"user": user, "channel": channel, "note": str(note.id)}
        try:
            job = self.music.suno.create(prompt, key=str(asked.id), metadata=place)
        except MusicError as error:
            await note.edit(content=f"No song: {error}")
        else:
            await self.deliver(job)

    async def deliver(self, job: MusicJob) -> None:
        """Show how a job goes, then upload its songs."""
        channel = self.get_partial_messageable(int(job.metadata["channel"]))
        note = channel.get_partial_message(int(job.metadata["note"]))

        async def show(text: str) -> None:
            with contextlib.suppress(discord.HTTPException):  # It may be gone.
                await note.edit(content=text[:2000])

        try:
            async for update in job.updates():
                eta = ", {:.0f} to {:.0f} s to go".format(*job.eta) if job.eta else ""
                await show(f"{update.state}{eta}")
            paths = await job.save("songs")
            await channel.send(files=[discord.File(path) for path in paths])
            await job.mark("delivered")
            await show("Here it is.")
        except MusicError as error:
            if not isinstance(error, JobDetached):  # Else the next start goes on.
                await show(f"No song: {error}")
            if job.state is JobState.FAILED:
                await job.mark("delivered")


async def main() -> None:
    """Listen until Ctrl-C."""
    discord.utils.setup_logging()
    music = MusicSession(journal="bot.db", on_exit="detach", limits={"user": 20})
    async with music, SongBot(music) as bot:
        await bot.start(os.environ["DISCORD_TOKEN"])


if __name__ == "__main__":
    asyncio.run(main())
