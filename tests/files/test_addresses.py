"""Media come from public addresses only, whatever leads to others."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from typing import Any, final

import pytest
from aiohttp.abc import AbstractResolver, ResolveResult

from aiomusic._files.addresses import is_public, literal_address
from aiomusic._files.media import DeadLink, MediaClient

pytestmark = pytest.mark.anyio

PUBLIC = "93.184.215.14"


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("93.184.215.14", True),
        ("2606:2800:21f:cb07:6820:80da:af6b:8b2c", True),
        ("10.1.2.3", False),
        ("172.16.0.1", False),
        ("192.168.1.1", False),
        ("169.254.169.254", False),
        ("100.64.0.1", False),
        ("0.0.0.0", False),
        ("224.0.0.1", False),
        ("255.255.255.255", False),
        ("::1", False),
        ("::", False),
        ("fe80::1%eth0", False),
        ("fd00::1", False),
        ("::ffff:10.0.0.1", False),
        ("::ffff:93.184.215.14", True),
        ("2002:0a00:0001::1", False),
        ("64:ff9b::a00:1", False),
        ("64:ff9b:1::a00:1", False),
        ("::10.0.0.1", False),
        ("::ffff:0:10.0.0.1", False),
        ("fec0::1", False),
        ("2001:0:4136:e378:8000:63bf:3fff:fdd2", False),
    ],
)
def test_which_addresses_are_public(address: str, expected: bool) -> None:
    """Private, local, shared, multicast and tunnelled addresses are not."""
    assert expected == is_public(address)


@pytest.mark.parametrize(
    ("address", "host"),
    [
        ("127.0.0.1", "127.0.0.1"),
        ("127.0.0.1", "127.0.0.1."),
        ("127.0.0.1", "127.1"),
        ("127.0.0.1", "2130706433"),
        ("127.0.0.1", "0x7f000001"),
        ("127.0.0.1", "0X7F.0.0.0x1"),
        ("127.0.0.1", "0177.0.0.01"),
        ("127.0.0.1", "①②⑦.⓪.⓪.①"),
        ("::1", "[::1]"),
        ("fe80::1", "fe80::1%eth0"),
        ("::ffff:127.0.0.1", "::ffff:7f00:1"),
        (None, "localhost"),
        (None, "127.0.0.1.nip.io"),
        (None, "cafe"),
        (None, "1.2.3.4.5"),
        (None, "4294967296"),
        (None, ""),
    ],
)
def test_an_address_is_read_in_any_spelling(address: str | None, host: str) -> None:
    """As the C library reads it, which a proxy may use."""
    found = literal_address(host)

    assert (found and socket_form(found)) == (address and socket_form(address))


def socket_form(address: str) -> bytes:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    return socket.inet_pton(family, address)


@final
class Names(AbstractResolver):
    """A resolver that gives each name its addresses, another time others."""

    def __init__(self, names: dict[str, list[list[str]]]) -> None:
        self.names = names

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        del family
        answers = self.names.get(host.rstrip("."))
        if answers is None:
            raise OSError(None, "no such name")
        found = answers.pop(0) if len(answers) > 1 else answers[0]
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=socket.AF_INET6 if ":" in address else socket.AF_INET,
                proto=0,
                flags=0,
            )
            for address in found
        ]

    async def close(self) -> None:
        pass


@final
class Wires:
    """Leads what goes to a public address to a host in this process."""

    def __init__(self) -> None:
        self.connected: list[str] = []
        self.asked: list[bytes] = []
        self.reply = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nsong"
        self.here: tuple[str, int] = ("", 0)

    def socket(self, family: int, type: int, proto: int) -> socket.socket:  # noqa: A002 - as sockets have it
        del family
        wires = self

        class Wire(socket.socket):
            def connect(self, address: Any) -> None:
                wires.connected.append(address[0])
                super().connect(wires.here)

        return Wire(socket.AF_INET, type, proto)

    async def serve(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            self.asked.append(await reader.readuntil(b"\r\n\r\n"))
            writer.write(self.reply)
            await writer.drain()
        writer.close()

    def redirect(self, *locations: str) -> None:
        self.reply = (
            b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\nConnection: close\r\n"
            + b"".join(f"Location: {one}\r\n".encode() for one in locations)
            + b"\r\n"
        )


@pytest.fixture
async def wires() -> AsyncIterator[Wires]:
    wires = Wires()
    server = await asyncio.start_server(wires.serve, "127.0.0.1", 0)
    wires.here = server.sockets[0].getsockname()
    yield wires
    server.close()


NAMES = {
    "api.example": [[PUBLIC]],
    "cdn.example": [[PUBLIC]],
    "localhost": [["127.0.0.1"]],
    "inside.example": [["10.0.0.1"]],
    "inside6.example": [["::1", "fd00::1"]],
    "mapped.example": [["::ffff:127.0.0.1"]],
    "nat64.example": [["64:ff9b::a9fe:a9fe"]],
    "metadata.example": [["169.254.169.254"]],
    "rebinding.example": [[PUBLIC], ["127.0.0.1"]],
    "odd.example": [["2130706433"]],
    "mixed.example": [[PUBLIC, "127.0.0.1"]],
    "2130706433": [["127.0.0.1"]],
    "127.1": [["127.0.0.1"]],
    "0x7f.0.0.1": [["127.0.0.1"]],
}


@contextlib.asynccontextmanager
async def opened(
    wires: Wires,
    base_url: str = "http://api.example",
    **options: Any,
) -> AsyncIterator[MediaClient]:
    names = {name: list(answers) for name, answers in NAMES.items()}
    client = MediaClient(
        base_url,
        timeout_s=5,
        resolver=Names(names),
        make_socket=wires.socket,
        **options,
    )
    try:
        yield client
    finally:
        await client.aclose()


async def fetched(client: MediaClient, link: str) -> bytes:
    async with client.get(link) as media:
        return await media.read()


HOSTS = [
    "127.0.0.1",
    "127.1",
    "2130706433",
    "0x7f.0.0.1",
    "0x7f000001",
    "0177.0.0.1",
    "017700000001",
    "127.0.0.1.",
    "①②⑦.⓪.⓪.①",
    "10.0.0.1",
    "169.254.169.254",
    "192.168.0.1",
    "100.64.0.1",
    "0.0.0.0",
    "[::1]",
    "[::]",
    "[::ffff:127.0.0.1]",
    "[::ffff:a9fe:a9fe]",
    "[fd00::1]",
    "[fe80::1]",
    "[64:ff9b::7f00:1]",
    "[64:ff9b:1::a00:1]",
    "[::127.0.0.1]",
    "[::ffff:0:10.0.0.1]",
    "[2001:0:4136:e378:8000:63bf:3fff:fdd2]",
    "[fec0::1]",
    "[ff02::1]",
    "224.0.0.1",
    "255.255.255.255",
    "198.18.0.1",
    "nat64.example",
    "[2002:7f00:1::]",
    "localhost",
    "LOCALHOST.",
    "inside.example",
    "inside6.example",
    "mapped.example",
    "metadata.example",
    "odd.example",
]


@pytest.mark.parametrize("host", HOSTS)
async def test_a_private_address_is_never_connected_to(wires: Wires, host: str) -> None:
    """However it is spelled, and whatever name leads to it."""
    async with opened(wires) as client:
        with pytest.raises(DeadLink, match="not on the public internet.*not connected"):
            await fetched(client, f"http://{host}:8080/latest/meta-data")

    assert [] == wires.connected


@pytest.mark.parametrize("host", HOSTS)
async def test_a_redirect_to_a_private_address_is_not_followed(
    wires: Wires, host: str
) -> None:
    """Each hop is checked, not only the link that the service gave."""
    wires.redirect(f"http://{host}/admin")
    async with opened(wires) as client:
        with pytest.raises(DeadLink, match="not on the public internet.*not connected"):
            await fetched(client, "http://cdn.example/song.mp3")

    assert [PUBLIC] == wires.connected


async def test_a_name_that_moves_is_checked_each_time(wires: Wires) -> None:
    """What was public a moment ago may be private now."""
    wires.redirect("http://rebinding.example:8080/again")
    async with opened(wires) as client:
        with pytest.raises(DeadLink, match="not on the public internet"):
            await fetched(client, "http://rebinding.example/song.mp3")

    assert [PUBLIC] == wires.connected


async def test_of_several_addresses_only_the_public_are_tried(wires: Wires) -> None:
    """A name may have addresses of both kinds."""
    async with opened(wires) as client:
        body = await fetched(client, "http://mixed.example/song.mp3")

    assert b"song" == body
    assert [PUBLIC] == wires.connected


@pytest.mark.parametrize("link", ["file:///etc/passwd", "//127.0.0.1", "ftp://h/a"])
async def test_a_redirect_to_something_else_is_not_followed(
    wires: Wires, link: str
) -> None:
    """Only web addresses are, and only public ones."""
    wires.redirect(link)
    async with opened(wires) as client:
        with pytest.raises(DeadLink, match="to what is no|not on the public"):
            await fetched(client, "http://cdn.example/song.mp3")

    assert [PUBLIC] == wires.connected


async def test_redirects_end(wires: Wires) -> None:
    """A host that sends in circles is left."""
    wires.redirect("/again")
    async with opened(wires) as client:
        with pytest.raises(DeadLink, match="cdn.example redirects without end"):
            await fetched(client, "http://cdn.example/song.mp3")

    assert 10 == len(wires.connected)


@pytest.mark.parametrize("host", HOSTS)
async def test_a_proxy_is_not_asked_for_a_private_address(
    wires: Wires, monkeypatch: pytest.MonkeyPatch, host: str
) -> None:
    """It would connect in our place, from inside."""
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{wires.here[1]}")
    monkeypatch.setenv("no_proxy", "")
    async with opened(wires) as client:
        with pytest.raises(DeadLink, match="not on the public internet"):
            await fetched(client, f"http://{host}/song.mp3")

    assert [] == wires.asked


@pytest.mark.parametrize("host", ["cdn.example", "known-to-the-proxy.example"])
async def test_a_proxy_is_asked_for_what_is_not_known_to_be_private(
    wires: Wires, monkeypatch: pytest.MonkeyPatch, host: str
) -> None:
    """Also where only the proxy can look names up."""
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{wires.here[1]}")
    monkeypatch.setenv("no_proxy", "")
    async with opened(wires) as client:
        body = await fetched(client, f"http://{host}/song.mp3")

    assert b"song" == body
    assert wires.asked[0].startswith(f"GET http://{host}/song.mp3 ".encode())


@pytest.mark.parametrize(
    "base_url",
    ["http://127.0.0.1:1", "http://localhost:1", "http://[::1]", "http://10.0.0.1"],
)
async def test_a_private_api_may_have_private_media(
    wires: Wires, base_url: str
) -> None:
    """Such as the emulator."""
    async with opened(wires, base_url) as client:
        body = await fetched(client, f"http://127.0.0.1:{wires.here[1]}/song.mp3")

    assert b"song" == body
