"""The OpenAPI document."""

import pytest
from emulated import EXAMPLES, opened

from aiomusic.providers._all import requests

pytestmark = pytest.mark.anyio


def references(node: object) -> set[str]:
    """Find every ``$ref`` in a document."""
    if isinstance(node, list):
        return {ref for one in node for ref in references(one)}
    if not isinstance(node, dict):
        return set()
    found = {node["$ref"]} if "$ref" in node else set()
    return found | {ref for one in node.values() for ref in references(one)}


async def test_document_describes_every_operation() -> None:
    """It is OpenAPI 3.1 and has every path, and every kind of request by name."""
    async with opened() as (api, client):
        status, document = await client.get("/openapi.json")

        assert (status, document["openapi"]) == (200, "3.1.0")
        assert document["servers"] == [{"url": api.url}]
        bodies = [
            operation["post"]["requestBody"]["content"]["application/json"]["schema"]
            for operation in document["paths"].values()
            if "post" in operation
        ]
        kinds = [kind for body in bodies for kind in body.get("oneOf", [body])]
        assert {kind["title"] for kind in kinds} == requests().keys()
        for kind in kinds:
            assert set(kind["required"]) <= kind["properties"].keys()
        assert {"/api/v1/nuro/task/{task_id}", "/api/v1/get-credits"} <= document[
            "paths"
        ].keys()


async def test_every_reference_leads_somewhere() -> None:
    """Each ``$ref`` names a schema that is there; each operation has an id."""
    async with opened() as (_, client):
        _, document = await client.get("/openapi.json")

        schemas = document["components"]["schemas"]
        for ref in references(document):
            assert ref.removeprefix("#/components/schemas/") in schemas
        ids = [
            operation["operationId"]
            for path in document["paths"].values()
            for operation in path.values()
        ]
        assert len(ids) == len(set(ids))
        for path in document["paths"].values():
            for operation in path.values():
                assert {"200", "400", "401", "403", "429"} <= operation[
                    "responses"
                ].keys()


def test_examples_are_the_recorded_ones() -> None:
    """The recorded bodies stand with the tests."""
    assert len(list(EXAMPLES.glob("*.json"))) >= 19


@pytest.mark.parametrize("names", ["calm", {}, {"0": "calm"}, 7, [7], [["calm"]]])
async def test_names_are_a_list_of_texts(names: object) -> None:
    """As the document says; a text, or an empty object, is not taken for one."""
    body = {"type": "bgm", "description": "rain", "version": "v1.0", "mood": names}
    async with opened() as (api, client):
        status, reply = await client.post("/api/v1/nuro/create", body)

        assert (status, api.charged) == (400, 0), reply
