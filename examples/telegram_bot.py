"""
A Telegram bot on python-telegram-bot: ``/song paper boats in the rain``.

Set AIOMUSIC_API_KEY and TELEGRAM_TOKEN, and run ``python telegram_bot.py``.
Kill it and start it again: whatever was asked for still arrives, paid for once.
"""

import asyncio
import contextlib
import os

from telegram import Bot, Update
from telegram.error import TelegramError
from telegram.ext import Application, CommandHandler, ContextTypes

from aiomusic import JobDetached, JobState, MusicError, MusicJob, MusicSession

TOKEN = os.environ["TELEGRAM_TOKEN"]
API = os.environ.get("TELEGRAM_API", "https://api.telegram.org")


async def song(update: Update, context: ContextTypes.DEFAULT_TYPE) -> None:
    """Answer at once, and order the song; the journal keeps where it belongs."""
    music, message = context.bot_data["music"], update.effective_message
    key = f"{message.chat_id}-{message.message_id}"
    if await music.job(key):
        return  # Telegram sent the message twice.
    note = await message.reply_text("One moment, please.")
    user = str(update.effective_user.id)
    place = {"user": user, "chat": message.chat_id, "note": note.message_id}
    try:
        job = music.suno.create(" ".join(context.args), key=key, metadata=place)
    except MusicError as error:
        await note.edit_text(f"No song: {error}")
    else:
        await deliver(job, context.bot)


async def deliver(job: MusicJob, bot: Bot) -> None:
    """Show how a job goes, then upload its songs."""
    chat, note = job.metadata["chat"], job.metadata["note"]

    async def show(text: str) -> None:
        with contextlib.suppress(TelegramError):  # It may be gone, or say so already.
            await bot.edit_message_text(text, chat_id=chat, message_id=note)

    try:
        async for update in job.updates():
            eta = ", {:.0f} to {:.0f} s to go".format(*job.eta) if job.eta else ""
            await show(f"{update.state}{eta}")
        for path in await job.save("songs"):
            await bot.send_audio(chat, path)
        await job.mark("delivered")
        await show("Here it is.")
    except MusicError as error:
        if not isinstance(error, JobDetached):  # Else the next start goes on.
            await show(f"No song: {error}")
        if job.state is JobState.FAILED:
            await job.mark("delivered")


async def main() -> None:
    """Take up what was left, and listen until Ctrl-C."""
    app = Application.builder().token(TOKEN).base_url(f"{API}/bot").build()
    app.add_handler(CommandHandler("song", song, block=False))
    music = MusicSession(journal="bot.db", on_exit="detach", limits={"user": 20})
    async with app, contextlib.AsyncExitStack() as stack:
        await app.start()
        stack.push_async_callback(app.stop)
        app.bot_data["music"] = await stack.enter_async_context(music)
        for job in await music.resume(queued=True, undelivered=True):
            app.create_task(deliver(job, app.bot))
        await app.updater.start_polling()
        stack.push_async_callback(app.updater.stop)
        await asyncio.Event().wait()


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(main())
