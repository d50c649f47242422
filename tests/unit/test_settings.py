"""Settings: read from the environment, refused by name, never echoed."""

import os
import sys
from pathlib import Path

import pytest

from backend.settings import Settings, SettingsError, find_unknown, load_settings, settings_models
from backend.stories.settings import StorySettings
from workflows.formats.creator_script.settings import ScriptSettings
from workflows.formats.discovery_report.settings import ReportSettings
from workflows.formats.settings import variables_of
from workflows.models.configuration.moderation import SentenceModeration

KEY = "sk-very-secret"


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No setting of this machine counts, and no `.env`."""
    monkeypatch.chdir(tmp_path)
    for model in settings_models():
        for field in model.model_fields:
            for name in variables_of(model, field):
                monkeypatch.delenv(name, raising=False)
    for name in ("OPENAI", "GOOGLE", "GEMINI", "GROQ"):
        monkeypatch.delenv(f"{name}_API_KEY", raising=False)
    for name in ("OPENAI", "GOOGLE_GEMINI", "GROQ", "OLLAMA"):
        monkeypatch.delenv(f"{name}_BASE_URL", raising=False)


def test_settings_of_an_empty_environment_serve_this_machine_alone() -> None:
    settings = load_settings()
    assert (settings.host, settings.port, settings.model) == ("127.0.0.1", 8000, None)
    assert settings.sql_url == "sqlite:///data/storywire.db"
    assert settings.openai_api_key is None


def test_settings_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STORYWIRE_PORT", "9001")
    monkeypatch.setenv("STORYWIRE_DATA_DIR", "elsewhere")
    monkeypatch.setenv("STORYWIRE_MODEL", "ollama:llama3:8b")
    monkeypatch.setenv("STORYWIRE_RESUME_ON_START", "false")
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setenv("OLLAMA_BASE_URL", "http://127.0.0.1:11434")
    settings = load_settings()
    assert (settings.port, settings.model, settings.resume_on_start) == (9001, "ollama:llama3:8b", False)
    assert settings.sql_url == "sqlite:///elsewhere/storywire.db"
    assert settings.openai_api_key is not None
    assert settings.openai_api_key.get_secret_value() == KEY
    assert settings.ollama_base_url == "http://127.0.0.1:11434"


@pytest.mark.parametrize("name", ["GOOGLE_API_KEY", "GEMINI_API_KEY"])
def test_settings_know_googles_key_by_both_its_names(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, KEY)
    assert load_settings().google_api_key is not None


def test_settings_come_from_the_file_and_the_environment_wins(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / ".env").write_text("STORYWIRE_PORT=1234\nSTORYWIRE_MERGE_MS=5\nSOMETHING_ELSE=1\n")
    monkeypatch.setenv("STORYWIRE_PORT", "4321")
    settings = load_settings()
    assert (settings.port, settings.merge_ms) == (4321, 5)


@pytest.mark.parametrize("name", [name for name in Settings.model_fields if name.endswith("_file")])
def test_setting_of_a_file_that_is_empty_is_as_if_it_were_not_set(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    for variable in variables_of(Settings, name):
        monkeypatch.setenv(variable, "")
    assert getattr(load_settings(), name) is None


def test_settings_given_by_the_caller_win(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STORYWIRE_PORT", "4321")
    assert load_settings(port=0).port == 0


def test_settings_of_another_database_are_used_as_given() -> None:
    assert load_settings(database_url="sqlite:////srv/x.db").sql_url == "sqlite:////srv/x.db"


@pytest.mark.parametrize(
    ("name", "value", "accepted"),
    [
        ("STORYWIRE_PORT", "abc", "integer"),
        ("STORYWIRE_PORT", "70000", "65535"),
        ("STORYWIRE_LOG_LEVEL", "loud", "'debug', 'info', 'warning' or 'error'"),
        ("STORYWIRE_EXECUTION", "cloud", "inline"),
        ("STORYWIRE_MERGE_MS", "-1", "greater than or equal to 0"),
        ("STORYWIRE_MAX_RUNS", "0", "greater than or equal to 1"),
        ("STORYWIRE_DATABASE_URL", "mysql://db/x", "sqlite:///path/to/file.db"),
        ("STORYWIRE_MODEL", "gpt-5", "a model is named provider:model"),
        ("STORYWIRE_MODEL", "acme:gpt", "google_genai, groq, ollama, openai_compatible, embedded"),
        ("STORYWIRE_RESUME_ON_START", "perhaps", "boolean"),
    ],
)
def test_setting_that_is_wrong_is_named_with_what_is_accepted(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, accepted: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError) as refused:
        load_settings()
    assert str(refused.value).startswith(f"{name}: ")
    assert accepted in str(refused.value)
    assert "\n" not in str(refused.value)


def test_time_zone_is_checked_at_the_start_and_named_with_what_is_accepted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("STORYWIRE_TIME_ZONE", "Europe/Berlin")
    assert load_settings().time_zone == "Europe/Berlin"
    monkeypatch.setenv("STORYWIRE_TIME_ZONE", "Europe/Atlantis")
    with pytest.raises(SettingsError, match=r"STORYWIRE_TIME_ZONE.*Europe/Atlantis.*IANA name"):
        load_settings()


def test_settings_that_are_wrong_are_all_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STORYWIRE_PORT", "abc")
    monkeypatch.setenv("STORYWIRE_MAX_RUNS", "0")
    with pytest.raises(SettingsError) as refused:
        load_settings()
    names = [line.partition(":")[0] for line in str(refused.value).splitlines()]
    assert sorted(names) == ["STORYWIRE_MAX_RUNS", "STORYWIRE_PORT"]


def test_settings_never_show_a_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    settings = load_settings()
    assert KEY not in f"{settings!r} {settings} {settings.model_dump_json()}"
    monkeypatch.setenv("STORYWIRE_PORT", KEY)
    with pytest.raises(SettingsError) as refused:
        load_settings()
    assert KEY not in str(refused.value)
    assert refused.value.__cause__ is None


def test_otlp_without_its_extra_stops_the_start_and_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:4318")
    assert load_settings(_env_file=None).otlp == "http://127.0.0.1:4318"
    monkeypatch.setitem(sys.modules, "opentelemetry", None)  # as if it were not installed
    with pytest.raises(SettingsError, match=r"extra `otel`.* --editable '\.\[otel\]'"):
        load_settings(_env_file=None)


def test_tracing_by_langsmith_without_a_key_stops_the_start_unless_it_is_another_address(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("LANGSMITH_TRACING", "true")
    with pytest.raises(SettingsError, match="LANGSMITH_API_KEY"):
        load_settings(_env_file=None)
    monkeypatch.setenv("LANGSMITH_ENDPOINT", "http://127.0.0.1:1984")
    assert load_settings(_env_file=None).langsmith_tracing
    monkeypatch.delenv("LANGSMITH_ENDPOINT")
    monkeypatch.setenv("LANGCHAIN_API_KEY", "lsv2_x")
    assert load_settings(_env_file=None).langsmith_api_key is not None


def test_setting_that_there_is_not_is_named_with_the_one_that_may_be_meant(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in [name for name in os.environ if name.startswith("STORYWIRE_")]:
        monkeypatch.delenv(name)
    (tmp_path / ".env").write_text(
        "STORYWIRE_MAXRUNS=5\nSTORYWIRE_PRICES=\nSTORYWIRE_OTLP=\nSOMETHING_ELSE=1\n"
    )
    monkeypatch.setenv("STORYWIRE_LOG_URL", "redis://127.0.0.1")
    monkeypatch.setenv("STORYWIRE_MODEL", "embedded:smollm2-135m-instruct")
    assert find_unknown() == {
        "STORYWIRE_LOG_URL": "there is no such setting, so it does nothing",
        "STORYWIRE_MAXRUNS": "there is no such setting, so it does nothing; do you mean STORYWIRE_MAX_RUNS?",
    }


def test_settings_of_a_format_are_loaded_with_the_services_and_are_no_fields_of_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("STORYWIRE_MONTHLY_REPORTS", "3")
    settings = load_settings()
    report = settings.of_format("discovery_report")
    assert isinstance(report, ReportSettings) and report.monthly_reports == 3
    assert settings.model_copy(update={"port": 0}).of_format("discovery_report") == report
    assert settings.of_format("podcast") is None
    assert not {"monthly_reports", "research_dir", "template_dir"} & set(Settings.model_fields)


def test_settings_of_a_format_that_are_given_by_the_caller_win(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STORYWIRE_MONTHLY_REPORTS", "3")
    report = load_settings(monthly_reports=1, port=0).of_format("discovery_report")
    assert isinstance(report, ReportSettings) and report.monthly_reports == 1


@pytest.mark.parametrize("name", ["TEMPLATE_DIR", "RESEARCH_DIR", "POLICY_DIR"])
def test_folders_in_the_settings_may_begin_with_the_home_folder(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str
) -> None:
    (tmp_path / "own").mkdir()
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".env").write_text(f"STORYWIRE_{name}=~/own\n")
    settings = load_settings()
    scripts, reports = settings.of_format("creator_script"), settings.of_format("discovery_report")
    assert isinstance(scripts, ScriptSettings) and isinstance(reports, ReportSettings)
    assert tmp_path / "own" in (scripts.template_dir, reports.research_dir, settings.policy_dir)


def test_folder_of_a_format_that_is_not_there_is_refused_by_name(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("STORYWIRE_TEMPLATE_DIR", str(tmp_path / "nowhere"))
    monkeypatch.setenv("STORYWIRE_RESEARCH_DIR", str(tmp_path / "nowhere"))
    with pytest.raises(SettingsError) as refused:
        load_settings()
    assert [line.partition(": ")[0] for line in str(refused.value).splitlines()] == [
        "STORYWIRE_TEMPLATE_DIR",
        "STORYWIRE_RESEARCH_DIR",
    ]


def test_settings_of_an_extension_are_loaded_with_the_services_and_are_no_fields_of_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("STORYWIRE_ACCOUNT_CHILDREN", "7")
    settings = load_settings(account_stories=9, port=0)
    stories = settings.of(StorySettings)
    assert (stories.account_children, stories.account_stories, stories.require_consent) == (7, 9, False)
    assert settings.model_copy(update={"port": 1}).of(StorySettings) is stories
    assert not {"account_children", "account_personas", "require_consent"} & set(Settings.model_fields)
    monkeypatch.setenv("STORYWIRE_ACCOUNT_CHILDREN", "0")
    with pytest.raises(SettingsError, match=r"^STORYWIRE_ACCOUNT_CHILDREN: "):
        load_settings()


def test_moderation_of_sentences_without_a_provider_stops_the_start() -> None:
    with pytest.raises(SettingsError, match="STORYWIRE_MODERATION names none"):
        load_settings(moderation_sentences="show", _env_file=None)
    with_one = load_settings(moderation="openai", moderation_sentences="hold", _env_file=None)
    assert with_one.sentence_moderation == SentenceModeration(2.0, holds=True)
    assert load_settings(moderation="openai", _env_file=None).sentence_moderation is None
