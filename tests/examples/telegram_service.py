"""A stand-in for Telegram's Bot API: plain HTTP, one bot, any number of chats."""

import asyncio
import json
import time
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Final, Self, final

from aiohttp import web

TOKEN: Final = "42:a-token-for-tests"
BOT: Final = {"id": 42, "is_bot": True, "first_name": "Songs", "username": "song_bot"}
MAX_WAIT_S: Final = 5.0


@final
class Telegram:
    """
    What a bot sees of Telegram, and what its users see of the bot.

    After a restart all messages come again, as Telegram sends those again whose receipt
    it did not hear of.

    Attributes:
        texts: What each message of the bot said, by its id, oldest first.
        uploads: The chat, the file's name and the content of each upload.
    """

    def __init__(self) -> None:
        self.texts: dict[int, list[str]] = {}
        self.uploads: list[tuple[int, str, bytes]] = []
        self._updates: list[dict[str, Any]] = []
        self._last_id = 0
        self._news = asyncio.Event()

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=10**8)
        app.router.add_route("*", "/bot{token}/{method}", self._call)
        self._runner = web.AppRunner(
            app, handler_cancellation=True, shutdown_timeout=1.0
        )
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._runner.cleanup()

    def say(self, text: str, *, user: int) -> None:
        """Send the bot a message, in the user's own chat."""
        size = len(text.partition(" ")[0])
        message = self._message(user) | {
            "from": {"id": user, "is_bot": False, "first_name": "Ada"},
            "text": text,
            "entities": [{"type": "bot_command", "offset": 0, "length": size}],
        }
        self._updates.append({"update_id": len(self._updates) + 1, "message": message})
        self._news.set()

    def _message(self, chat: int) -> dict[str, Any]:
        self._last_id += 1
        return {
            "message_id": self._last_id,
            "date": int(time.time()),
            "chat": {"id": chat, "type": "private", "first_name": "Ada"},
        }

    async def _call(self, request: web.Request) -> web.Response:
        if request.match_info["token"] != TOKEN:
            return _refusal(401, "Unauthorized")
        fields = await _fields(request)
        method = request.match_info["method"].lower()
        if method == "getupdates":
            return _result(await self._updates_after(fields))
        answer = {
            "getme": lambda _: _result(BOT),
            "sendmessage": self._sent,
            "editmessagetext": self._edited,
            "sendaudio": self._uploaded,
        }.get(method, _done)
        return answer(fields)

    async def _updates_after(self, fields: Mapping[str, Any]) -> list[dict[str, Any]]:
        offset, wait_s = int(fields.get("offset", 0)), float(fields.get("timeout", 0))
        for _ in range(2):
            found = [one for one in self._updates if one["update_id"] >= offset]
            if found:
                return found
            self._news.clear()
            try:
                async with asyncio.timeout(min(wait_s, MAX_WAIT_S)):
                    await self._news.wait()
            except TimeoutError:
                break
        return []

    def _sent(self, fields: Mapping[str, Any]) -> web.Response:
        message = self._message(int(fields["chat_id"]))
        self.texts[message["message_id"]] = [fields["text"]]
        return _result(message | {"from": BOT, "text": fields["text"]})

    def _edited(self, fields: Mapping[str, Any]) -> web.Response:
        texts, text = self.texts[int(fields["message_id"])], fields["text"]
        if texts[-1] == text:
            return _refusal(400, "Bad Request: message is not modified")
        texts.append(text)
        return _done(fields)

    def _uploaded(self, fields: Mapping[str, Any]) -> web.Response:
        chat = int(fields["chat_id"])
        name, data = next(one for one in fields.values() if isinstance(one, tuple))
        self.uploads.append((chat, name, data))
        audio = {"file_id": "f", "file_unique_id": "u", "duration": 20}
        return _result(self._message(chat) | {"from": BOT, "audio": audio})


async def _fields(request: web.Request) -> dict[str, Any]:
    if request.content_type == "application/json":
        found: dict[str, Any] = json.loads(await request.read())
        return found
    return {
        name: (value.filename, value.file.read())
        if isinstance(value, web.FileField)
        else value
        for name, value in (await request.post()).items()
    }


def _result(result: object) -> web.Response:
    return web.json_response({"ok": True, "result": result})


def _done(_fields: object) -> web.Response:
    return web.json_response({"ok": True, "result": True})


def _refusal(status: int, why: str) -> web.Response:
    body = {"ok": False, "error_code": status, "description": why}
    return web.json_response(body, status=status)
