"""The service as an OpenAPI document, out of the same rules that check requests."""

from typing import Any

from aiomusic._request import Request, specs
from aiomusic.emulator._rules import KINDS, REQUIRED
from aiomusic.providers._all import PROVIDERS

__all__ = ["describe"]


def describe(url: str) -> dict[str, Any]:
    """Write the document for a server at *url*."""
    paths: dict[str, Any] = {}
    for path, kinds in KINDS.items():
        paths[path] = {"post": _create(path, kinds)}
    for provider in PROVIDERS.values():
        paths[provider.task_path] = {"get": _look(provider.name)}
    paths["/api/v1/get-credits"] = {"get": _credits()}
    return {
        "openapi": "3.1.0",
        "info": {"title": "AI Music API (emulated)", "version": "S1"},
        "servers": [{"url": url}],
        "security": [{"key": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
            "schemas": _SCHEMAS,
        },
    }


def _create(path: str, kinds: tuple[type[Request[Any]], ...]) -> dict[str, Any]:
    bodies = [_body(kind) for kind in kinds]
    schema = bodies[0] if len(bodies) == 1 else {"oneOf": bodies}
    _, _, _, provider, name = path.split("/")
    reply = {"create": "Accepted", "lyrics": "Lyrics", "persona": "Persona"}
    return {
        "operationId": f"{provider}_{name}",
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": schema}},
        },
        "responses": _responses(reply.get(name, "Upload"), provider),
    }


def _body(kind: type[Request[Any]]) -> dict[str, Any]:
    properties = {spec.wire: spec.schema() for spec in specs(kind).values()}
    required = list(REQUIRED[kind])
    for name, value in kind.FIXED.items():
        properties[name] = {"const": value}
        required.append(name)
    if kind.TASK_TYPES is not None:
        properties["task_type"] = {"enum": list(kind.TASK_TYPES)}
        required.append("task_type")
    elif kind.CLIPS and kind.PROVIDER != "nuro" and "task_type" not in properties:
        properties["task_type"] = {"enum": ["create_music"]}
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
        "properties": properties,
        "required": sorted(set(required)),
    }


def _look(provider: str) -> dict[str, Any]:
    name = {"suno": "SunoTask", "riffusion": "RiffusionTask"}.get(provider, "NuroTask")
    replies = _responses(name, provider)
    if provider == "suno":
        replies["202"] = _reply("NotReady", "Not ready: look again.")
    place = {"name": "task_id", "in": "path", "required": True}
    return {
        "operationId": f"{provider}_task",
        "parameters": [{**place, "schema": {"type": "string", "format": "uuid"}}],
        "responses": replies,
    }


def _credits() -> dict[str, Any]:
    return {"operationId": "get_credits", "responses": _responses("Credits", "")}


def _responses(name: str, provider: str) -> dict[str, Any]:
    error = "NuroError" if provider == "nuro" else "Error"
    return {"200": _reply(name, "Success."), "default": _reply(error, "Refused.")}


def _reply(name: str, text: str) -> dict[str, Any]:
    schema = {"$ref": f"#/components/schemas/{name}"}
    return {"description": text, "content": {"application/json": {"schema": schema}}}


def _object(**properties: dict[str, Any]) -> dict[str, Any]:
    names = sorted(properties)
    return {"type": "object", "properties": properties, "required": names}


_TEXT: dict[str, Any] = {"type": "string"}
_WHOLE: dict[str, Any] = {"type": "integer"}
_NUMBER: dict[str, Any] = {"type": "number"}
_TEXT_OR_NULL: dict[str, Any] = {"type": ["string", "null"]}
_STATE: dict[str, Any] = {"enum": ["pending", "running", "succeeded", "failed"]}


def _list(item: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": item}


def _clip(**more: dict[str, Any]) -> dict[str, Any]:
    clip = _object(
        clip_id=_TEXT,
        state=_STATE,
        title=_TEXT,
        lyrics=_TEXT,
        image_url=_TEXT,
        audio_url=_TEXT,
        video_url=_TEXT_OR_NULL,
        created_at=_TEXT,
        mv=_TEXT,
        duration=_NUMBER,
        **more,
    )
    clip["properties"]["error_message"] = _TEXT
    return clip


_SCHEMAS: dict[str, Any] = {
    "Accepted": _object(message=_TEXT, task_id=_TEXT),
    "Credits": _object(credits=_WHOLE, extra_credits=_WHOLE),
    "Error": _object(code=_WHOLE, message=_TEXT),
    "Lyrics": _object(
        code=_WHOLE,
        message=_TEXT,
        results=_list(_object(title=_TEXT, lyrics=_TEXT)),
    ),
    "NotReady": _object(code=_WHOLE, type=_TEXT, error=_TEXT),
    "NuroError": _object(
        type=_TEXT, message=_TEXT, refund_processed={"type": "boolean"}
    ),
    "NuroTask": _object(
        task_id=_TEXT,
        status=_STATE,
        progress=_WHOLE,
        audio_url=_TEXT,
        lyrics=_TEXT,
        duration=_NUMBER,
        genre=_TEXT,
        mood=_TEXT,
        gender=_TEXT,
        timbre=_TEXT,
    ),
    "Persona": _object(code=_WHOLE, persona_id=_TEXT, message=_TEXT),
    "RiffusionTask": _object(
        code=_WHOLE, message=_TEXT, data=_list(_clip(timestamp={"type": "object"}))
    ),
    "SunoTask": _object(
        code=_WHOLE,
        message=_TEXT,
        data=_list(_clip(tags=_TEXT, gpt_description_prompt=_TEXT_OR_NULL)),
    ),
    "Upload": _object(code=_WHOLE, clip_id=_TEXT, message=_TEXT),
}
