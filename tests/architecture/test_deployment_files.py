"""Dockerfile and docker-compose.yml, as far as they can be checked without an engine."""

import json
import re
import shlex
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any, NamedTuple

import kubernetes_validate
import pytest
from ruamel.yaml import YAML
from typer.testing import CliRunner

from backend.cli.main import app
from backend.settings import Settings, settings_models
from tests.architecture.tree import ROOT
from workflows.formats.settings import variables_of

KUBERNETES = "1.33"
"""The oldest release of Kubernetes that its own project supports."""


class Instruction(NamedTuple):
    """One instruction of a Dockerfile, its continuation lines joined."""

    name: str
    value: str


def _dockerfile() -> list[Instruction]:
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    joined = re.sub(r"\\\n\s*", "", "\n".join(lines))
    return [Instruction(*line.split(maxsplit=1)) for line in joined.splitlines()]


def _values(name: str) -> list[str]:
    return [instruction.value for instruction in _dockerfile() if instruction.name == name]


def _last_stage() -> list[Instruction]:
    instructions = _dockerfile()
    start = max(index for index, instruction in enumerate(instructions) if instruction.name == "FROM")
    return instructions[start:]


def _compose() -> dict[str, Any]:
    document: dict[str, Any] = YAML(typ="safe").load(ROOT / "docker-compose.yml")
    return document


def _is_pinned(image: str) -> bool:
    _, _, tag = image.partition(":")
    return tag not in ("", "latest")


MADE_BY_THE_IMAGE = {"STORYWIRE_HOST", "STORYWIRE_PORT", "STORYWIRE_DATA_DIR", "STORYWIRE_RUNTIME_DIR"}


def test_compose_hands_every_setting_on() -> None:
    example = (ROOT / ".env.example").read_text(encoding="utf-8")
    settings = set(re.findall(r"^# ?([A-Z_]+)=", example, re.MULTILINE))
    assert set(_compose()["services"]["storywire"]["environment"]) == settings - MADE_BY_THE_IMAGE


def test_image_is_built_from_named_versions() -> None:
    stages: set[str] = set()
    for value in _values("FROM"):
        image, *alias = value.split(" AS ")
        assert image in stages or _is_pinned(image), image
        stages.update(alias)


def test_image_runs_as_a_user_without_rights() -> None:
    """By number, or Kubernetes can't tell that it isn't root; files of a volume keep their owner when pods do."""
    users = [instruction.value for instruction in _last_stage() if instruction.name == "USER"]
    assert users == ["10001:10001"]
    for document in _kubernetes():
        if "template" in document.get("spec", {}):
            identity = document["spec"]["template"]["spec"]["securityContext"]
            assert f"{identity['runAsUser']}:{identity['fsGroup']}" == users[-1]


def test_image_copies_files_that_exist_and_are_sent_to_the_build() -> None:
    kept = [
        line[1:]
        for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
        if line.startswith("!")
    ]
    for value in _values("COPY"):
        if value.startswith("--from="):
            continue
        for source in shlex.split(value)[:-1]:
            assert (ROOT / source).exists(), source
            assert any(Path(source).match(pattern) for pattern in kept), source


def test_image_installs_hashed_locks_only() -> None:
    installs = [
        part for value in _values("RUN") for part in value.split("&&") if "pip" in part and " install" in part
    ]
    assert len(installs) == 3
    for install in installs:
        assert "--require-hashes" in install or "--no-build-isolation" in install
        assert "--no-deps" in install


def test_image_begins_with_a_process_that_hands_signals_on() -> None:
    """The service itself, as process 1, would miss a stop that comes while it loads."""
    assert [json.loads(value) for value in _values("ENTRYPOINT")] == [["tini", "--", "storywire"]]
    assert any(" tini " in value for value in _values("RUN"))
    assert not any("init" in service for service in _compose()["services"].values())


def test_image_keeps_its_data_in_a_volume_and_listens_to_the_outside() -> None:
    environment = " ".join(instruction.value for instruction in _last_stage() if instruction.name == "ENV")
    assert "STORYWIRE_HOST=0.0.0.0" in environment
    assert "STORYWIRE_DATA_DIR=/data" in environment
    assert _values("VOLUME") == ["/data"]


class _Readiness(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        ready = self.path == "/healthz" and getattr(self.server, "ready", False)
        self.send_response(200 if ready else 503)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        pass


@contextmanager
def _service(*, ready: bool) -> Iterator[int]:
    with HTTPServer(("127.0.0.1", 0), _Readiness) as server:
        server.ready = ready  # type: ignore[attr-defined]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.parametrize("ready", [True, False])
def test_health_check_tells_a_ready_service_from_one_that_is_not(ready: bool) -> None:
    (check,) = _values("HEALTHCHECK")
    command = json.loads(check.partition("CMD ")[2])
    assert command[0] == "python"
    with _service(ready=ready) as port:
        outcome = subprocess.run(
            [sys.executable, *command[1:]],
            env={"STORYWIRE_PORT": str(port)},
            capture_output=True,
            check=False,
        )
    assert (outcome.returncode == 0) is ready


def test_compose_file_keeps_to_the_schema() -> None:
    check = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec"]
    outcome = subprocess.run(
        [*check, "docker-compose.yml"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert outcome.returncode == 0, outcome.stdout


def test_compose_publishes_the_service_to_this_machine_only() -> None:
    for name, service in _compose()["services"].items():
        for port in service.get("ports", []):
            assert port.startswith("127.0.0.1:"), name
    assert _compose()["services"]["storywire"]["ports"]


def test_compose_gives_sections_time_to_finish() -> None:
    grace = int(_compose()["services"]["storywire"]["stop_grace_period"].removesuffix("s"))
    # Readers are closed first, the model's process and the database after.
    assert grace >= Settings.model_fields["shutdown_grace"].default + 10


def test_compose_names_versions_and_declares_its_volumes() -> None:
    compose = _compose()
    for service in compose["services"].values():
        assert "build" in service or _is_pinned(service["image"])
        for volume in service["volumes"]:
            assert volume.partition(":")[0] in compose["volumes"]


def test_compose_starts_the_service_alone_unless_a_profile_is_named() -> None:
    services = _compose()["services"]
    assert [name for name, service in services.items() if "profiles" not in service] == ["storywire"]
    assert services["ollama"]["profiles"] == ["ollama"]
    scale = [name for name, service in services.items() if service.get("profiles") == ["scale"]]
    assert scale == ["postgres", "migrate", "api", "worker", "proxy"]
    metrics = [name for name, service in services.items() if service.get("profiles") == ["metrics"]]
    assert metrics == ["prometheus", "grafana"]


def test_compose_gives_every_process_on_postgresql_the_settings_of_the_one_and_the_database() -> None:
    services = _compose()["services"]
    for name in ("migrate", "api", "worker"):
        settings = services[name]["environment"]
        assert settings.keys() == services["storywire"]["environment"].keys()
        assert settings["STORYWIRE_DATABASE_URL_FILE"] == "/run/secrets/database_url"
        assert services[name]["read_only"] and services[name]["cap_drop"] == ["ALL"]
        mounted = [each for each in services["storywire"]["secrets"] if each != "own_database_url"]
        assert services[name]["secrets"] == ["database_url", *mounted] and "mem_limit" in services[name]
    # What has a port of its own is seen from this machine alone: the proxy, and what draws the metrics.
    assert [name for name in services if "ports" in services[name]] == ["storywire", "proxy", "grafana"]


def test_compose_bounds_every_service_starts_it_again_and_asks_whether_it_is_well() -> None:
    """The image has a check of its own, for the service; what ends by itself needs none."""
    for name, service in _compose()["services"].items():
        limit = re.fullmatch(r"(?:\$\{[A-Z]+_MEMORY:-)?(\d+[mg])\}?", service["mem_limit"])
        assert limit is not None, name
        assert service["restart"] in {"unless-stopped", "on-failure"}, name
        assert "healthcheck" in service or "build" in service, name
        if service["restart"] == "on-failure":
            assert service["healthcheck"] == {"disable": True}, name


def test_compose_writes_down_no_secret() -> None:
    """Passwords are files; what a setting holds is handed on from the shell, and not written here."""
    for name, service in _compose()["services"].items():
        for variable, value in service.get("environment", {}).items():
            if re.search(r"PASSWORD|KEY|SECRET|TOKEN|_URL", variable) and value is not None:
                assert variable.endswith("_FILE"), (name, variable)
                secret = re.sub(rf"^\$\{{{variable}:\+(.*)\}}$", r"\1", value).removeprefix("/run/secrets/")
                assert secret in service["secrets"], (name, variable)


def test_compose_mounts_every_file_of_a_secret_that_a_setting_may_name() -> None:
    """Where the setting is in the container, the file is; and where it names none, nothing is needed on the host."""
    compose = _compose()
    for variable, value in compose["services"]["storywire"]["environment"].items():
        if variable.endswith("_FILE"):
            inside = re.fullmatch(rf"\$\{{{variable}:\+/run/secrets/(\w+)\}}", value or "")
            assert inside is not None, variable
            assert compose["secrets"][inside[1]] == {"file": f"${{{variable}:-/dev/null}}"}
    for name, service in compose["services"].items():
        assert set(service.get("secrets", ())) <= compose["secrets"].keys(), name


def test_compose_asks_every_worker_process_whether_it_is_ready() -> None:
    worker = _compose()["services"]["worker"]
    [kind, name, *check] = worker["healthcheck"]["test"]
    assert (kind, name) == ("CMD", "storywire")
    _check_command(check)
    assert set(check) - {"--check"} <= set(worker["command"])
    for option in ("--processes", "--port"):
        assert _value(check, option) == _value(worker["command"], option)


def _value(command: list[str], option: str) -> str:
    return command[command.index(option) + 1]


def test_prometheus_of_compose_has_every_process_as_a_target_that_knows_its_name() -> None:
    compose = _compose()
    settings = YAML(typ="safe").load(ROOT / compose["configs"]["prometheus"]["file"])
    [job] = settings["scrape_configs"]
    targets = {group["labels"]["role"]: group["targets"] for group in job["static_configs"]}
    services, project = compose["services"], compose["name"]
    apis = [f"{project}-api-{n + 1}" for n in range(services["api"]["scale"])]
    workers = [f"{project}-worker-{n + 1}" for n in range(services["worker"]["scale"])]
    first, processes = (
        int(_value(services["worker"]["command"], name)) for name in ("--port", "--processes")
    )
    ports = range(first, first + processes)
    assert targets == {
        "api": [f"{name}:8000" for name in apis],
        "worker": [f"{name}:{port}" for name in workers for port in ports],
    }
    names = services["api"]["environment"]["STORYWIRE_ALLOWED_HOSTS"].split(",")
    assert names[1:] == apis
    # The alarms know the job by its name.
    assert job["job_name"] == "storywire" and settings["rule_files"] == ["storywire.rules.yml"]


def test_compose_mounts_files_that_exist_and_grafana_finds_its_dashboard() -> None:
    compose = _compose()
    mounted = {
        each["source"]: each["target"]
        for service in compose["services"].values()
        for each in service.get("configs", [])
    }
    assert mounted.keys() == compose["configs"].keys()
    for config in compose["configs"].values():
        assert (ROOT / config["file"]).is_file()
    for service in compose["services"].values():
        assert set(service.get("secrets", [])) <= compose["secrets"].keys()
    provided = YAML(typ="safe").load(ROOT / compose["configs"]["dashboards"]["file"])
    [provider] = provided["providers"]
    assert str(Path(mounted["dashboard"]).parent) == provider["options"]["path"]
    [source] = YAML(typ="safe").load(ROOT / compose["configs"]["datasources"]["file"])["datasources"]
    assert source["type"] == "prometheus" and source["isDefault"]
    assert source["url"].removeprefix("http://").partition(":")[0] in compose["services"]


def test_compose_commands_are_commands_of_storywire() -> None:
    services = _compose()["services"]
    for name in ("migrate", "api", "worker"):
        _check_command(services[name]["command"])


def _check_command(arguments: list[str]) -> None:
    """An unknown command or option is refused before the help is shown."""
    outcome = CliRunner().invoke(app, [*arguments, "--help"])
    assert outcome.exit_code == 0, outcome.output


def _kubernetes() -> list[dict[str, Any]]:
    folder = ROOT / "deploy" / "kubernetes"
    listed = YAML(typ="safe").load(folder / "kustomization.yaml")["resources"]
    assert {path.name for path in folder.iterdir()} == {*listed, "kustomization.yaml"}
    return [document for name in listed for document in YAML(typ="safe").load_all(folder / name)]


def test_kubernetes_folder_keeps_to_the_schemas_of_its_kinds() -> None:
    for document in _kubernetes():
        assert kubernetes_validate.validate(document, KUBERNETES, strict=True) == KUBERNETES


def test_kubernetes_selects_the_pods_that_it_makes_and_no_others() -> None:
    documents = _kubernetes()
    pods = [
        each["spec"]["template"]["metadata"]["labels"]
        for each in documents
        if "template" in each.get("spec", {})
    ]
    assert len({tuple(sorted(labels.items())) for labels in pods}) == len(pods) == 3
    for document in documents:
        selector = document.get("spec", {}).get("selector")
        if selector is not None:
            wanted = selector.get("matchLabels", selector)
            assert sum(wanted.items() <= labels.items() for labels in pods) == 1, document["metadata"]["name"]


def test_kubernetes_runs_containers_without_rights_that_mount_what_is_there() -> None:
    for document in _kubernetes():
        if "template" not in document.get("spec", {}):
            continue
        pod = document["spec"]["template"]["spec"]
        assert pod["securityContext"]["runAsNonRoot"] and not pod["automountServiceAccountToken"]
        volumes = {volume["name"] for volume in pod["volumes"]}
        for container in pod["containers"]:
            _check_command(container["args"])
            assert container["securityContext"]["readOnlyRootFilesystem"]
            assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
            assert {mount["name"] for mount in container["volumeMounts"]} == volumes
            assert "memory" in container["resources"]["limits"]
            ports = {port["name"] for port in container.get("ports", [])}
            probes = [container[key] for key in container if key.endswith("Probe")]
            assert {probe["httpGet"]["port"] for probe in probes} <= ports


def test_kubernetes_settings_exist_and_workers_get_time_to_hand_their_runs_over() -> None:
    folder = ROOT / "deploy" / "kubernetes"
    [generated] = YAML(typ="safe").load(folder / "kustomization.yaml")["configMapGenerator"]
    settings = dict(line.split("=", 1) for line in generated["literals"])
    known = {
        name
        for model in settings_models()
        for field in model.model_fields
        for name in variables_of(model, field)
    }
    assert settings.keys() <= known
    for document in _kubernetes():
        if document["kind"] == "Deployment":
            grace = document["spec"]["template"]["spec"]["terminationGracePeriodSeconds"]
            assert grace >= int(settings["STORYWIRE_SHUTDOWN_GRACE"]) + 10


def test_documents_say_of_each_alarm_what_to_do() -> None:
    rules = YAML(typ="safe").load(ROOT / "deploy" / "prometheus" / "storywire.rules.yml")
    alarms = [rule["alert"] for group in rules["groups"] for rule in group["rules"]]
    pages = "".join((ROOT / "docs" / f"{name}.md").read_text() for name in ("scaling", "observability"))
    assert set(re.findall(r"^\| `(Storywire\w+)` \|", pages, re.MULTILINE)) == set(alarms)


def test_proxy_passes_streams_on_as_they_come() -> None:
    text = (ROOT / "deploy" / "nginx" / "storywire.conf").read_text(encoding="utf-8")
    for line in ("proxy_buffering off;", "proxy_http_version 1.1;", 'proxy_set_header Connection "";'):
        assert line in text
    [seconds] = re.findall(r"proxy_read_timeout (\d+)s;", text)
    assert int(seconds) > 2 * Settings.model_fields["ping_seconds"].default


def test_compose_hands_on_settings_that_exist() -> None:
    known = {
        name
        for model in settings_models()
        for field in model.model_fields
        for name in variables_of(model, field)
    }
    handed_on = set(_compose()["services"]["storywire"]["environment"])
    assert {name for name in handed_on if not name.startswith("LANGSMITH_")} <= known
    assert {"OPENAI_API_KEY", "GOOGLE_API_KEY", "GROQ_API_KEY", "OLLAMA_BASE_URL"} <= handed_on
