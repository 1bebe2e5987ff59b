"""JSON schemas of replies, and what they are built from."""

from typing import Any, Final

__all__ = [
    "INTEGER",
    "NUMBER",
    "STATE",
    "TEXT",
    "TEXT_OR_NULL",
    "array",
    "clip_list",
    "record",
]

TEXT: Final[dict[str, Any]] = {"type": "string"}
INTEGER: Final[dict[str, Any]] = {"type": "integer"}
NUMBER: Final[dict[str, Any]] = {"type": "number"}
TEXT_OR_NULL: Final[dict[str, Any]] = {"type": ["string", "null"]}
STATE: Final[dict[str, Any]] = {"enum": ["pending", "running", "succeeded", "failed"]}


def record(**properties: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of an object that has all of *properties*."""
    names = sorted(properties)
    return {"type": "object", "properties": properties, "required": names}


def array(item: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of an array."""
    return {"type": "array", "items": item}


def clip_list(**more: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of a task that lists its clips, with *more* in each clip."""
    clip = record(
        clip_id=TEXT,
        state=STATE,
        title=TEXT,
        lyrics=TEXT,
        image_url=TEXT,
        audio_url=TEXT,
        video_url=TEXT_OR_NULL,
        created_at=TEXT,
        mv=TEXT,
        duration=NUMBER,
        **more,
    )
    clip["properties"]["error_message"] = TEXT
    return record(code=INTEGER, message=TEXT, data=array(clip))
