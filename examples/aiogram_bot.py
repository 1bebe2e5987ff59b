"""
A Telegram bot on aiogram: ``/song paper boats in the rain``.

Set AIOMUSIC_API_KEY and TELEGRAM_TOKEN, and run ``python aiogram_bot.py``.
Kill it and start it again: whatever was asked for still arrives, paid for once.
"""

import asyncio
import contextlib
import os

from aiogram import Bot, Dispatcher
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.exceptions import TelegramAPIError
from aiogram.filters import Command, CommandObject
from aiogram.types import FSInputFile, Message

from aiomusic import JobDetached, JobState, MusicError, MusicJob, MusicSession

API = os.environ.get("TELEGRAM_API", "https://api.telegram.org")
CREDITS_PER_USER = 20
dispatcher = Dispatcher()


@dispatcher.message(Command("song"))
async def song(message: Message, command: CommandObject, music: MusicSession) -> None:
    """Answer at once, and order the song; the journal keeps where it belongs."""
    key = f"{message.chat.id}-{message.message_id}"
    if await music.job(key):
        return  # Telegram sent the message twice.
    note = await message.answer("One moment, please.")
    user = str(message.from_user.id)
    place = {"user": user, "chat": message.chat.id, "note": note.message_id}
    try:
        job = music.suno.create(command.args or "", key=key, metadata=place)
    except MusicError as error:
        await note.edit_text(f"No song: {error}")
    else:
        await deliver(job, message.bot)


async def deliver(job: MusicJob, bot: Bot) -> None:
    """Show how a job goes, then upload its songs."""
    chat, note = job.metadata["chat"], job.metadata["note"]

    async def show(text: str) -> None:
        # The message may be gone, or say so already.
        with contextlib.suppress(TelegramAPIError):
            await bot.edit_message_text(text, chat_id=chat, message_id=note)

    try:
        async for update in job.updates():
            eta = ", {:.0f} to {:.0f} s to go".format(*job.eta) if job.eta else ""
            await show(f"{update.state}{eta}")
        for path in await job.save("songs"):
            await bot.send_audio(chat, FSInputFile(path))
        await job.mark("delivered")
        await show("Here it is.")
    except JobDetached:
        pass  # The next start goes on.
    except MusicError as error:
        await show(f"No song: {error}")
        if job.state is JobState.FAILED:
            await job.mark("delivered")


async def main() -> None:
    """Take up what was left, and listen until Ctrl-C."""
    session = AiohttpSession(api=TelegramAPIServer.from_base(API))
    bot, limits = Bot(os.environ["TELEGRAM_TOKEN"], session), {"user": CREDITS_PER_USER}
    async with MusicSession(journal="bot.db", on_exit="detach", limits=limits) as music:
        jobs = await music.resume(queued=True, undelivered=True)
        tasks = [asyncio.create_task(deliver(job, bot)) for job in jobs]
        await dispatcher.start_polling(bot, music=music)
    await asyncio.gather(*tasks)


if __name__ == "__main__":
    asyncio.run(main())
