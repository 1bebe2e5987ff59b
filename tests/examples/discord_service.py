"""A stand-in for Discord: the few REST calls and the gateway that one bot needs."""

import json
import time
from types import TracebackType
from typing import Final, Self, final

from aiohttp import web

TOKEN: Final = "a-token-for-tests"
BOT: Final = {
    "id": "42",
    "username": "songs",
    "discriminator": "0",
    "avatar": None,
    "bot": True,
    "global_name": None,
}
CHANNEL: Final = "7"
HELLO, HEARTBEAT, ACKNOWLEDGED = 10, 1, 11
# discord.py takes no address: a program that is put before an example sets both.
RUN: Final = """
import runpy, sys, discord, yarl

discord.http.Route.BASE = sys.argv[1] + "/api/v10"
discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(sys.argv[1] + "/gateway")
runpy.run_path(sys.argv[2], run_name="__main__")
"""


@final
class Discord:
    """
    What a bot sees of Discord, and what its users see of the bot.

    Attributes:
        texts: What each message of the bot said, by its id, oldest first.
        uploads: The content of each file that was uploaded.
        commands: The names of the bot's commands.
        is_ready: Whether it is connected.
    """

    def __init__(self) -> None:
        self.texts: dict[str, list[str]] = {}
        self.uploads: list[bytes] = []
        self.commands: list[str] = []
        self._asked: dict[str, str] = {}
        self._last_id = 10**17
        self.is_ready = False
        self._socket: web.WebSocketResponse | None = None

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=10**8)
        api = "/api/v10"
        messages = f"{api}/channels/{CHANNEL}/messages"
        original = f"{api}/webhooks/{BOT['id']}/{{token}}/messages/@original"
        app.router.add_get("/gateway", self._gateway)
        app.router.add_get(f"{api}/users/@me", self._me)
        app.router.add_get(f"{api}/oauth2/applications/@me", self._me)
        app.router.add_put(f"{api}/applications/42/commands", self._sync)
        app.router.add_post(
            f"{api}/interactions/{{id}}/{{token}}/callback", self._answer
        )
        app.router.add_get(original, self._original)
        app.router.add_post(messages, self._upload)
        app.router.add_patch(f"{messages}/{{id}}", self._edit)
        app.router.add_patch(original, self._edit)
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

    async def ask(self, prompt: str, *, user: int) -> None:
        """Call the bot's command."""
        option = {"name": "prompt", "type": 3, "value": prompt}
        data = {"id": "5", "name": "song", "type": 1, "options": [option]}
        interaction = {
            "id": self._next_id(),
            "application_id": "42",
            "type": 2,
            "token": f"token-{self._last_id}",
            "version": 1,
            "channel_id": CHANNEL,
            "channel": {"id": CHANNEL, "type": 1},
            "user": {**BOT, "id": str(user), "bot": False},
            "locale": "en-GB",
            "entitlements": [],
            "authorizing_integration_owners": {},
            "attachment_size_limit": 10**7,
            "data": data,
        }
        await self._dispatch("INTERACTION_CREATE", interaction)

    async def _dispatch(self, event: str, data: object) -> None:
        assert self._socket is not None
        await self._socket.send_json({"op": 0, "s": 1, "t": event, "d": data})

    def _next_id(self) -> str:
        self._last_id += 1
        return str(self._last_id)

    async def _gateway(self, request: web.Request) -> web.WebSocketResponse:
        socket = self._socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.send_json({"op": HELLO, "d": {"heartbeat_interval": 40_000}})
        async for message in socket:
            if json.loads(message.data)["op"] == HEARTBEAT:
                await socket.send_json({"op": ACKNOWLEDGED})
            else:
                ready = {
                    "v": 10,
                    "user": BOT,
                    "guilds": [],
                    "session_id": "s",
                    "resume_gateway_url": f"{self.url}/gateway",
                    "application": {"id": "42", "flags": 0},
                }
                await self._dispatch("READY", ready)
                self.is_ready = True
        self.is_ready = False
        return socket

    async def _me(self, request: web.Request) -> web.Response:
        if request.headers.get("Authorization") != f"Bot {TOKEN}":
            return _json({"message": "401", "code": 0}, status=401)
        application: dict[str, object] = {
            "description": "",
            "icon": None,
            "bot_public": True,
            "bot_require_code_grant": False,
            "verify_key": "",
            "name": "songs",
            "owner": BOT,
            "flags": 0,
            "rpc_origins": [],
        }
        is_user = request.path.endswith("users/@me")
        return _json(BOT if is_user else BOT | application)

    async def _sync(self, request: web.Request) -> web.Response:
        commands = await request.json()
        self.commands = [command["name"] for command in commands]
        more = {"id": "5", "application_id": "42", "version": "1"}
        return _json(
            [
                command | more | {"default_member_permissions": None}
                for command in commands
            ]
        )

    async def _answer(self, request: web.Request) -> web.Response:
        body = await request.json()
        message = self._next_id()
        self._asked[request.match_info["token"]] = message
        self.texts[message] = [body["data"]["content"]]
        interaction = {
            "id": request.match_info["id"],
            "type": 2,
            "response_message_id": message,
            "response_message_loading": False,
            "response_message_ephemeral": False,
        }
        resource = {"type": 4, "message": self._message(message)}
        return _json({"interaction": interaction, "resource": resource})

    async def _original(self, request: web.Request) -> web.Response:
        return self._sent(self._asked[request.match_info["token"]])

    async def _edit(self, request: web.Request) -> web.Response:
        where = request.match_info
        message = where.get("id") or self._asked[where["token"]]
        self.texts[message].append((await request.json())["content"])
        return self._sent(message)

    async def _upload(self, request: web.Request) -> web.Response:
        for part in (await request.post()).values():
            if isinstance(part, web.FileField):
                self.uploads.append(part.file.read())
        return self._sent(self._next_id())

    def _sent(self, message: str) -> web.Response:
        return _json(self._message(message))

    def _message(self, message: str) -> dict[str, object]:
        stamp = time.strftime("%Y-%m-%dT%H:%M:%S+00:00", time.gmtime())
        return {
            "id": message,
            "channel_id": CHANNEL,
            "author": BOT,
            "content": self.texts.get(message, [""])[-1],
            "timestamp": stamp,
            "edited_timestamp": None,
            "tts": False,
            "mention_everyone": False,
            "mentions": [],
            "mention_roles": [],
            "attachments": [],
            "embeds": [],
            "pinned": False,
            "type": 0,
            "flags": 0,
        }


def _json(body: object, status: int = 200) -> web.Response:
    # discord.py wants the type alone, without a charset.
    kind = {"Content-Type": "application/json"}
    return web.Response(body=json.dumps(body).encode(), status=status, headers=kind)
