"""The service as an OpenAPI document, derived from the rules that check requests."""

from typing import Any, Final

from aiomusic._request import Request, fields_of
from aiomusic.emulator._rules import KINDS, REQUIRED
from aiomusic.emulator._schemas import INTEGER, TEXT, record
from aiomusic.emulator.dialects import DIALECTS, Dialect, dialect_named, dialect_of
from aiomusic.providers._all import PROVIDERS

__all__ = ["describe"]

REFUSED: Final = (
    *("400", "401", "402", "403", "404", "410", "413", "421", "429"),
    *("500", "502", "503", "504"),
)
"""Every status that refuses; all have the shape of an error."""


def describe(url: str) -> dict[str, Any]:
    """Return the document for a server at *url*."""
    paths: dict[str, Any] = {}
    for path, kinds in KINDS.items():
        paths[path] = {"post": _create(path, kinds)}
    for provider in PROVIDERS.values():
        paths[provider.task_path] = {"get": _poll(dialect_named(provider.name))}
    paths["/api/v1/get-credits"] = {"get": _credits()}
    return {
        "openapi": "3.1.0",
        "info": {"title": "AI Music API (emulated)", "version": "S1"},
        "servers": [{"url": url}],
        "security": [{"key": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
            "schemas": _schemas(),
        },
    }


def _create(path: str, kinds: tuple[type[Request[Any]], ...]) -> dict[str, Any]:
    bodies = [_body(kind) for kind in kinds]
    schema = bodies[0] if len(bodies) == 1 else {"oneOf": bodies}
    dialect = dialect_of(kinds[0])
    return {
        "operationId": "_".join(path.split("/")[3:]),
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": schema}},
        },
        "responses": _responses(dialect.reply_schema(kinds[0]), dialect.error_schema),
    }


def _body(kind: type[Request[Any]]) -> dict[str, Any]:
    sent = (spec for spec in fields_of(kind).values() if spec.is_sent)
    properties = {spec.wire: spec.schema() for spec in sent}
    required = list(REQUIRED[kind])
    default_task_type = dialect_of(kind).default_task_type
    is_create = kind.PATH.endswith("/create")
    for name, value in kind.FIXED.items():
        properties[name] = {"const": value}
        required.append(name)
    if kind.TASK_TYPES is not None:
        properties["task_type"] = {"enum": list(kind.TASK_TYPES)}
        required.append("task_type")
    elif is_create and default_task_type and "task_type" not in properties:
        properties["task_type"] = {"enum": [default_task_type]}
    if "prompt" in properties and "custom_mode" not in properties:
        properties["custom_mode"] = {"type": "boolean"}
        required.append("custom_mode")
    if kind.WEBHOOK:
        properties["webhook_url"] = {"type": "string", "format": "uri"}
        properties["webhook_secret"] = {"type": "string"}
    return {
        "title": kind.kind(),
        "description": f"{kind.COST} credits.",
        "type": "object",
        "properties": {
            name: schema if name in required else _or_null(schema)
            for name, schema in properties.items()
        },
        "required": sorted(set(required)),
    }


def _or_null(schema: dict[str, Any]) -> dict[str, Any]:
    """Allow null, which is taken as a field that is left out."""
    return {"anyOf": [schema, {"type": "null"}]}


def _poll(dialect: Dialect) -> dict[str, Any]:
    replies = _responses(dialect.task_schema, dialect.error_schema)
    if dialect.may_be_not_ready:
        replies["202"] = _reply("NotReady", "Not ready: poll again.")
    place = {"name": "task_id", "in": "path", "required": True}
    return {
        "operationId": f"{dialect.name}_task",
        "parameters": [{**place, "schema": {"type": "string", "format": "uuid"}}],
        "responses": replies,
    }


def _credits() -> dict[str, Any]:
    return {"operationId": "get_credits", "responses": _responses("Credits", "Error")}


def _responses(name: str, error: str) -> dict[str, Any]:
    refused = _reply(error, "Refused.")
    return {"200": _reply(name, "Success."), **dict.fromkeys(REFUSED, refused)}


def _reply(name: str, text: str) -> dict[str, Any]:
    schema = {"$ref": f"#/components/schemas/{name}"}
    return {"description": text, "content": {"application/json": {"schema": schema}}}


def _schemas() -> dict[str, Any]:
    found: dict[str, Any] = {
        "Accepted": record(message=TEXT, task_id=TEXT),
        "Credits": record(credits=INTEGER, extra_credits=INTEGER),
        "Error": record(code=INTEGER, message=TEXT),
        "NotReady": record(code=INTEGER, type=TEXT, error=TEXT),
        "Upload": record(code=INTEGER, clip_id=TEXT, message=TEXT),
    }
    for dialect in DIALECTS.values():
        found |= dialect.schemas()
    return found
