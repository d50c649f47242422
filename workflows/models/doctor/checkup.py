"""Check that the models in the settings can be used, by requests to their providers."""

import asyncio
from difflib import get_close_matches

from workflows.errors import ModelError
from workflows.models.choice.connections import MISSING, find_connection, is_configured
from workflows.models.choice.selection import EMBEDDED, ROLES, Selection
from workflows.models.doctor.finding import DoctorFinding, Level
from workflows.models.doctor.listing import Listing, list_models
from workflows.models.embedded.process import EmbeddedServer
from workflows.models.embedded.weights import find_weights
from workflows.models.settings import ModelSettings
from workflows.models.spec import PROVIDERS, SOLO_PROVIDERS, ModelSpec

# Spoken of where a run needs them only: the one is OpenAI again, by its other API; the others are looked at apart.
_QUIET = SOLO_PROVIDERS | {"openai_responses"}


async def check_models(settings: ModelSettings) -> list[DoctorFinding]:
    """Findings on the models of all roles, all configured providers (a request each), and the embedded model."""
    selection = Selection(settings)
    needed = _needed(selection)
    spare = _spare(selection)
    used = {spec.provider for spec in (*needed, *spare)}
    configured = [
        p for p in PROVIDERS if is_configured(p, settings) and (p not in _QUIET or p in used - SOLO_PROVIDERS)
    ]
    listings = await asyncio.gather(*(_ask(provider, settings) for provider in configured))
    known = dict(zip(configured, listings, strict=True))
    findings = [_about_provider(p, known[p], any(s.provider == p for s in needed)) for p in configured]
    for spec, roles in needed.items():
        if spec.provider == "replay":  # a file that can't be played has stopped the settings already
            findings.append(DoctorFinding("good", f"{spec} ({', '.join(roles)})", "can be played"))
        elif spec != EMBEDDED:
            findings.append(_about_model(spec, ", ".join(roles), known, "bad"))
    if "judge" in needed.get(EMBEDDED, ()):
        message = "too small to judge; set STORYWIRE_JUDGE_MODEL, or leave STORYWIRE_JUDGE at auto"
        findings.append(DoctorFinding("bad", f"{EMBEDDED} (judge)", message))
    findings += [_about_model(spec, "fallback", known, "doubtful") for spec in spare]
    return [*findings, await _about_embedded(settings, EMBEDDED in needed)]


def _needed(selection: Selection) -> dict[ModelSpec, list[str]]:
    """The models of a run that names none, with their roles."""
    found: dict[ModelSpec, list[str]] = {}
    writing = selection.default()
    for role in ROLES:
        if (spec := selection.of(role, writing)) is not None:
            found.setdefault(spec, []).append(role)
    return found


def _spare(selection: Selection) -> dict[ModelSpec, None]:
    writing = selection.default()
    found = (selection.fallback_of(role, writing) for role in ROLES)
    return dict.fromkeys(spec for spec in found if spec is not None)


async def _ask(provider: str, settings: ModelSettings) -> Listing:
    connection = find_connection(provider, settings)
    assert connection is not None, "only models that are here have none"
    return await list_models(provider, connection)


def _about_provider(provider: str, listing: Listing, is_needed: bool) -> DoctorFinding:
    if listing.models is not None:
        return DoctorFinding(
            "good", provider, f"reached, and lets us in; it lists {len(listing.models)} models"
        )
    level: Level = "doubtful" if listing.proven or not is_needed else "bad"
    return DoctorFinding(level, provider, listing.problem or "")


def _about_model(spec: ModelSpec, roles: str, known: dict[str, Listing], otherwise: Level) -> DoctorFinding:
    about = f"{spec} ({roles})"
    if spec.provider not in known:
        setting = MISSING.get(spec.provider)
        advice = f"set {setting}, or name another model" if setting else f"the embedded model is {EMBEDDED}"
        return DoctorFinding(otherwise, about, f"is not set up: {advice}")
    models = known[spec.provider].models
    if models is None:
        return DoctorFinding("doubtful", about, "could not be looked up, see above")
    # Ollama's own names end in a tag, which may be left out.
    if spec.name in models or f"{spec.name}:latest" in models:
        return DoctorFinding("good", about, "is there")
    near = get_close_matches(spec.name, models, 3, 0.3) or sorted(models)[:3]
    advice = f"it has {', '.join(near)}, …" if near else "it has none: pull or load one first"
    return DoctorFinding(otherwise, about, f"is not in the provider's list: {advice}")


async def _about_embedded(settings: ModelSettings, is_needed: bool) -> DoctorFinding:
    """Finding on the embedded model, which is started only where runs need it: that takes seconds."""
    about = str(EMBEDDED)
    server = EmbeddedServer(settings.runtime_dir, settings.local_model)
    try:
        if is_needed:
            await server.endpoint()
            return DoctorFinding(
                "good", about, "starts and answers; it is for demonstrations: set STORYWIRE_MODEL"
            )
        await asyncio.to_thread(find_weights, settings.local_model, settings.runtime_dir)
        return DoctorFinding("good", about, "its file is there and whole; not needed, so not started")
    except ModelError as error:
        return DoctorFinding("bad" if is_needed else "doubtful", about, error.message)
    finally:
        await server.close()
