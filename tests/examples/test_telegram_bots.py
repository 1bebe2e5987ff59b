"""The bots for Telegram, from a user's wish to the uploaded song, through restarts."""

import signal
from pathlib import Path

import pytest
from example_process import Example, held_service, needs, until
from quick_service import FRAME
from telegram_service import TOKEN, Telegram

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

ADA, BOB = 7, 8


@pytest.mark.parametrize(
    "program",
    [
        pytest.param("aiogram_bot.py", marks=needs("aiogram")),
        pytest.param("telegram_bot.py", marks=needs("telegram")),
    ],
)
async def test_songs_are_delivered_through_restarts(
    tmp_path: Path, program: str
) -> None:
    """Each is paid and uploaded once, by whichever process is there when it ends."""
    async with held_service() as service, Telegram() as telegram:
        environment = {"TELEGRAM_API": telegram.url, "TELEGRAM_TOKEN": TOKEN}
        bot = Example(service, tmp_path, program, **environment)

        def saying(words: str) -> int:
            return sum(words in said[-1] for said in telegram.texts.values())

        async with bot.running():
            telegram.say("/song paper boats in the rain", user=ADA)
            await until(lambda: saying("pending") == 1)

        polls = service.api.polls
        async with bot.running() as process:
            await until(lambda: service.api.polls > polls)
            await service.api.finish()
            await until(lambda: saying("Here it is.") == 1)
            # A second song is within Ada's limit, a third is not; Bob has his own.
            telegram.say("/song", user=BOB)
            for user in (ADA, ADA, BOB):
                telegram.say("/song lamp light", user=user)
            await until(lambda: saying("pending") == saying("No song") == 2)
            await service.api.finish()
            await until(lambda: saying("Here it is.") == 3)
            process.send_signal(signal.SIGINT)
            await until(lambda: process.returncode == 0)

        async with service.session(tmp_path / "bot.db") as music:
            assert [] == await music.resume(undelivered=True)

    chats = [chat for chat, _, _ in telegram.uploads]
    assert [ADA, ADA, ADA, ADA, BOB, BOB] == sorted(chats)
    assert 6 == len({data for _, _, data in telegram.uploads})
    assert all(data.endswith(FRAME) for _, _, data in telegram.uploads)
    assert (3, 30) == (service.api.submissions, service.api.charged)
