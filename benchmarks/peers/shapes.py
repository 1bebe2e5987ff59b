"""How the service of each library answers, as its own documentation has it."""

from stand_in import TASK_ID, Body, Shape

AT = "2026-01-01T00:00:00.000Z"


def replicate(url: str, *, is_over: bool = False) -> Body:
    return {
        "id": TASK_ID,
        "model": "owner/model",
        "version": "v1",
        "status": "succeeded" if is_over else "starting",
        "input": {},
        "output": ["https://media.test/a.mp3"] if is_over else None,
        "logs": "",
        "error": None,
        "metrics": {},
        "created_at": AT,
        "urls": {"get": f"{url}/v1/predictions/{TASK_ID}", "cancel": f"{url}/cancel"},
    }


def fal(url: str) -> Body:
    base = f"{url}/owner/app/requests/{TASK_ID}"
    return {
        "request_id": TASK_ID,
        "response_url": base,
        "status_url": f"{base}/status",
        "cancel_url": f"{base}/cancel",
    }


def fal_poll(path: str, is_over: bool) -> Body:
    if not path.partition("?")[0].endswith("/status"):
        return {"audio": {"url": "https://media.test/a.mp3"}}
    status = "COMPLETED" if is_over else "IN_PROGRESS"
    return {**fal(""), "status": status, "logs": [], "metrics": {}}


def openai(*, is_over: bool = False) -> Body:
    return {
        "id": TASK_ID,
        "object": "video",
        "status": "completed" if is_over else "queued",
        "progress": 100 if is_over else 0,
        "created_at": 1_760_000_000,
        "model": "sora-2",
        "seconds": "4",
        "size": "720x1280",
    }


def riffusion_poll(is_over: bool) -> Body:
    clip = {
        "state": "succeeded" if is_over else "running",
        "audio_url": "https://media.test/a.mp3" if is_over else "",
        "title": "A",
        "created_at": AT,
        "duration": 179,
    }
    data = [{**clip, "clip_id": f"clip-{n}"} for n in range(2)]
    return {"code": 200, "data": data, "message": "success"}


def acedatacloud_poll(is_over: bool) -> Body:
    done = {"status": "succeeded", "audio_url": "https://media.test/a.mp3"}
    return {"id": TASK_ID, "response": done if is_over else {"status": "processing"}}


def nuro_poll(is_over: bool) -> Body:
    return {
        "task_id": TASK_ID,
        "status": "succeeded" if is_over else "running",
        "progress": 100 if is_over else 50,
        "audio_url": "https://media.test/a.mp3" if is_over else "",
        "lyrics": "[Verse]\nPaper boats along the gutter",
        "duration": 179,
    }


def runpod_poll(is_over: bool) -> Body:
    if not is_over:
        return {"id": TASK_ID, "status": "IN_PROGRESS"}
    return {"id": TASK_ID, "status": "COMPLETED", "output": {"audio": "a.mp3"}}


SHAPES = {
    "aiomusic": Shape(
        created=lambda _: {"message": "success", "task_id": TASK_ID},
        poll=lambda _, is_over: riffusion_poll(is_over),
    ),
    "nuro": Shape(
        created=lambda _: {"message": "success", "task_id": TASK_ID},
        poll=lambda _, is_over: nuro_poll(is_over),
    ),
    "runpod": Shape(
        created=lambda _: {"id": TASK_ID, "status": "IN_QUEUE"},
        poll=lambda _, is_over: runpod_poll(is_over),
    ),
    "replicate": Shape(
        status=201,
        created=replicate,
        poll=lambda _, is_over: replicate("", is_over=is_over),
    ),
    "fal": Shape(created=fal, poll=fal_poll),
    "openai": Shape(
        created=lambda _: openai(), poll=lambda _, is_over: openai(is_over=is_over)
    ),
    "azure": Shape(
        status=202,
        created=lambda _: {"status": "InProgress"},
        headers=lambda url: {"Operation-Location": f"{url}/operations/{TASK_ID}"},
        poll=lambda _, is_over: {"status": "Succeeded" if is_over else "InProgress"},
    ),
    "acedatacloud": Shape(
        created=lambda _: {"task_id": TASK_ID},
        poll=lambda _, is_over: acedatacloud_poll(is_over),
    ),
}
