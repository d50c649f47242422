"""What an owner asks before money is spent and does with a finished text: quotes, places, own wordings."""

from pathlib import Path

from tests.fakes.provider import FakeProvider
from tests.people import BODY, Person, add_person, serve_accounts

RUNS = "/api/v1/runs"
MINE = "A wording of my own.\n\nWith <two> paragraphs."


async def test_quotes_places_and_own_wordings_are_the_owners_and_spend_nothing(
    provider: FakeProvider, tmp_path: Path
) -> None:
    async with serve_accounts(provider, tmp_path) as service:
        noa, ben = await add_person(service, "noa"), await add_person(service, "ben")
        await _ask_for_quotes(noa, ben, provider)
        run = (await noa.http.get(RUNS)).json()["runs"][0]
        await _keep_places(noa, ben, f"{RUNS}/{run['run_id']}")
        await _take_own_wordings(noa, ben, f"{RUNS}/{run['run_id']}")


async def _ask_for_quotes(noa: Person, ben: Person, provider: FakeProvider) -> None:
    first = (await noa.http.post(f"{RUNS}/quote", json=BODY)).json()
    assert (first["format"], first["basis"]) == ("story", "assumed")
    assert first["words"] > 100 and 0 < first["cost_usd_low"] < first["cost_usd_high"] < 1
    assert first["usd_left"] > 0 and first["runs_left_today"] > 0 and first["runs_left"] > 0
    assert provider.calls == [] and (await noa.http.get(RUNS)).json()["runs"] == []

    wrong = await noa.http.post(f"{RUNS}/quote", json={**BODY, "input": {}})
    assert (wrong.status_code, wrong.json()["code"]) == (422, "INVALID_INPUT")
    unknown = await noa.http.post(
        f"{RUNS}/quote", json={**BODY, "input": {"theme": "x y", "child_id": "01NONE"}}
    )
    assert unknown.status_code == 404

    done = (await noa.http.post(f"{RUNS}?wait=true", json=BODY)).json()
    later = (await noa.http.post(f"{RUNS}/quote", json=BODY)).json()
    cost = done["usage"]["cost_usd"] * first["words"] / done["words"]
    assert later["basis"] == "measured" and later["cost_usd_low"] < cost < later["cost_usd_high"]
    assert later["runs_left_today"] == first["runs_left_today"] - 1
    assert (
        later["runs_left"] == first["runs_left"] - 1
    )  # of the account's month: the format has no quota of its own
    assert (await ben.http.post(f"{RUNS}/quote", json=BODY)).json() == {
        **first,
        "budget_usd": first["budget_usd"],
    }


async def _keep_places(noa: Person, ben: Person, run: str) -> None:
    place = f"{run}/place"
    nowhere = (await noa.http.get(place)).json()
    assert (nowhere["section"], nowhere["paragraph"], nowhere["updated_at"]) == (None, None, None)
    for section, paragraph in ((1, 2), (2, 0)):
        kept = await noa.http.put(place, json={"section": section, "paragraph": paragraph})
        assert (kept.status_code, kept.json()["section"]) == (200, section)
    found = (await noa.http.get(place)).json()
    assert (found["section"], found["paragraph"]) == (2, 0) and found["updated_at"]
    for reply in (await ben.http.get(place), await ben.http.put(place, json={"section": 9})):
        assert reply.status_code == 404
    assert (await noa.http.put(place, json={"section": -1})).status_code == 422
    assert (await noa.http.get(place)).json() == found


async def _take_own_wordings(noa: Person, ben: Person, run: str) -> None:
    stored = (await noa.http.get(run)).json()["result"]
    body = {"sections": [{"index": 1, "text": MINE}]}
    reworded = await noa.http.post(f"{run}/export", params={"as": "txt"}, json=body)
    texts = [section["text"] for section in stored["sections"]]
    texts[1] = MINE
    assert reworded.text == "\n\n".join(texts) + "\n"
    assert "filename*=UTF-8''" in reworded.headers["content-disposition"]
    assert (await noa.http.post(f"{run}/export", params={"as": "epub"}, json=body)).content[:2] == b"PK"
    plain = await noa.http.get(f"{run}/export", params={"as": "txt"})
    assert plain.text == stored["story_content"] + "\n"  # nothing of it was stored
    renamed = await noa.http.patch(run, json={"title": "  A name of mine "})
    assert (renamed.status_code, renamed.json()["title"]) == (200, "A name of mine")
    named = await noa.http.get(f"{run}/export", params={"as": "md"})
    assert named.text.startswith("# A name of mine\n")
    assert (await ben.http.patch(run, json={"title": "Ben's"})).status_code == 404
    cleaned = await noa.http.patch(run, json={"title": "\x1b[31mA name\r\nof mine"})
    assert cleaned.json()["title"] == "[31mA name of mine"
    for nothing in (" ", "\x1b", "\ufeff"):
        assert (await noa.http.patch(run, json={"title": nothing})).status_code == 422
    far = {"sections": [{"index": 99, "text": MINE}]}
    refused = await noa.http.post(f"{run}/export", params={"as": "txt"}, json=far)
    assert refused.status_code == 422 and refused.json()["errors"][0]["field"] == "sections"
    assert (await ben.http.post(f"{run}/export", params={"as": "txt"}, json=body)).status_code == 404
    assert (await noa.http.delete(run)).status_code == 204
    assert (await noa.http.get(f"{run}/place")).status_code == 404
