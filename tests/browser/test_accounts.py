"""Signing in at the page, and a page of another origin: what a listed one may do, and what one that isn't may not."""

import os
import re
import socketserver
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect
from typer.testing import CliRunner

from backend.cli.main import app
from tests.browser.axe import find_faults
from tests.browser.live import serve_scripted
from tests.fakes.script import Reply, Script

pytestmark = pytest.mark.browser

EMAIL, PASSWORD = "noa@example.org", "a long sentence, not a word"
NEW_PASSWORD = "another sentence, longer"
STORY = "api/v1/stories/generate/stream"


class _Blank(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        """An empty page."""
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Says nothing."""


@contextmanager
def other_site() -> Iterator[str]:
    """A page of another origin, the same machine; yields its address."""
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Blank) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


@contextmanager
def service(folder: Path, origins: str = "") -> Iterator[str]:
    """A service with accounts that writes by a script, slowly enough to be stopped."""
    prices = folder / "prices.toml"
    prices.write_text('["openai:gpt-test"]\ninput = 1.0\noutput = 10.0\n')
    accounts = {"auth": "accounts", "registration": "open", "origins": origins, "prices": prices}
    with serve_scripted(folder, Script(default=Reply(pace=200)), **accounts) as url:
        yield url


def sign_up_and_in(page: Page, url: str) -> None:
    """As a person does."""
    page.goto(f"{url}/account")
    for form in ("register", "login"):
        page.locator(f"#{form} [name=email]").fill(EMAIL)
        page.locator(f"#{form} [name=password]").fill(PASSWORD)
        page.locator(f"#{form} .button--main").click()
        if form == "register":
            expect(page.locator("#notice")).to_contain_text("has one now")
    expect(page.locator("#who")).to_have_text(EMAIL)


def test_person_signs_up_in_and_out_and_nothing_is_left_in_the_browser(
    browser: Browser, tmp_path: Path
) -> None:
    with service(tmp_path) as url, browser.new_context() as context:
        page = context.new_page()
        page.goto(url)
        expect(page).to_have_url(f"{url}/account")  # who isn't logged in is sent there
        sign_up_and_in(page, url)
        [cookie] = context.cookies()
        assert cookie["httpOnly"] and cookie["sameSite"] == "Strict"
        assert page.evaluate("document.cookie") == ""
        page.evaluate("localStorage.setItem('storywire.draft', 'Maya')")
        page.locator("#logout").click()
        expect(page.locator("#login")).to_be_visible()
        assert page.evaluate("localStorage.length") == 0 and context.cookies() == []


def test_window_that_is_open_still_remembers_nothing_after_signing_out_in_another(
    browser: Browser, tmp_path: Path
) -> None:
    with service(tmp_path) as url, browser.new_context() as context:
        page, other = context.new_page(), context.new_page()
        sign_up_and_in(page, url)
        other.goto(url)
        other.locator("#name").fill("Maya")
        expect(other.locator("#quota")).to_be_visible()
        other.wait_for_function("Object.keys(localStorage).some((key) => key.startsWith('storywire.form'))")
        page.locator("#logout").click()
        expect(page.locator("#login")).to_be_visible()
        expect(other).to_have_url(f"{url}/account")  # and with it goes what was typed there
        assert page.evaluate("localStorage.length") == 0


def test_session_that_ends_while_a_text_is_written_leads_through_signing_in_back_to_the_whole_text(
    browser: Browser, tmp_path: Path
) -> None:
    with service(tmp_path) as url, browser.new_context() as context:
        page = context.new_page()
        sign_up_and_in(page, url)
        page.goto(url)
        page.locator("#theme").fill("dragons")
        page.locator("#name").fill("Maya")
        page.locator("#write").click()
        expect(page.locator("#story-text .section").first).to_contain_text(".", timeout=60_000)
        run = page.url.partition("#")[2]
        [cookie] = context.cookies()
        with httpx.Client(base_url=url, trust_env=False, headers={"Origin": url}) as elsewhere:
            login = elsewhere.post("/api/v1/auth/login", json={"email": EMAIL, "password": PASSWORD})
            assert login.status_code == 200, login.text
            assert (
                elsewhere.delete("/api/v1/account/sessions").status_code == 204
            )  # the page's own among them
        expect(page).to_have_url(f"{url}/account?back={quote(run, safe='')}", timeout=60_000)
        page.locator("#login [name=email]").fill(EMAIL)
        page.locator("#login [name=password]").fill(PASSWORD)
        page.locator("#login .button--main").click()
        expect(page).to_have_url(f"{url}/#{run}")
        expect(page.locator(".verified")).to_have_attribute("data-verdict", "same", timeout=60_000)
        assert context.cookies() != [cookie]
        # Others may read it by a link, until that is revoked on the account page.
        shared = page.request.post(
            f"{url}/api/v1/runs/{run.removeprefix('run=')}/share", headers={"Origin": url}
        ).json()["url"]
        page.goto(f"{url}/account")
        expect(page.locator("#shares a")).to_have_attribute("href", f"./#{run}")
        page.locator("#shares").get_by_role("button", name="Revoke").click()
        expect(page.locator("#shares")).to_contain_text("Nobody else can read")
        assert page.request.get(f"{url}{shared}").status == 404


def add_child(page: Page, name: str, age: int) -> None:
    """On the account page, with the consent that is asked for there."""
    form = page.locator("#child")
    form.locator("[name=name]").fill(name)
    form.locator("[name=age]").fill(str(age))
    form.locator("[name=interests]").fill("foxes, maps")
    form.locator("[name=consent]").check()
    form.get_by_role("button").click()
    expect(page.locator("#children")).to_contain_text(f"{name}, {age}")


def find_no_faults(page: Page) -> None:
    """By axe-core's rules, in light and dark, with everything open meanwhile."""
    page.evaluate("document.querySelectorAll('details').forEach((part) => (part.open = true))")
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        assert find_faults(page) == [], scheme
    page.evaluate("document.querySelectorAll('details').forEach((part) => (part.open = false))")


def shot(page: Page, name: str) -> None:
    """A picture to look at, where a folder is named for them."""
    if folder := os.environ.get("STORYWIRE_SCREENSHOTS"):
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)


def test_page_switches_between_children_and_shows_the_quota(browser: Browser, tmp_path: Path) -> None:
    with service(tmp_path) as url, browser.new_context(viewport={"width": 1100, "height": 900}) as context:
        page = context.new_page()
        sign_up_and_in(page, url)
        add_child(page, "Maya", 7)
        add_child(page, "דניאל", 11)
        shot(page, "account")
        page.goto(url)
        expect(page.locator("#quota")).to_contain_text("0 of 100 texts today")
        expect(page.locator(".people__account")).to_have_text(EMAIL)
        chooser = page.locator("#child_id")
        chooser.select_option(label="Maya, 7")
        expect(page.locator("#name")).to_have_value("Maya")
        expect(page.locator("#name")).to_be_disabled()
        chooser.select_option(label="דניאל, 11")
        expect(page.locator("#age")).to_have_value("11")
        shot(page, "form")
        page.reload()
        expect(chooser.locator("option:checked")).to_have_text("דניאל, 11")
        page.locator("#theme").fill("dragons")
        with page.expect_request(lambda request: request.method == "POST") as asked:
            page.locator("#write").click()
        sent = asked.value.post_data_json
        assert isinstance(sent, dict)
        assert set(sent["input"]) == {"child_id", "theme", "chapter_number"}
        expect(page.locator("#story-text .section").first).to_be_visible(timeout=60_000)
        page.locator("#stop").click()
        expect(page.locator("#quota")).to_contain_text("1 of 100 texts today")
        page.goto(url)
        chooser.select_option(label="Somebody else")
        expect(page.locator("#name")).to_be_enabled()
        expect(page.locator("#name")).to_have_value("")
        page.set_viewport_size({"width": 390, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        shot(page, "form-narrow")


def test_what_the_browser_remembers_is_for_the_account_that_it_was_of(
    browser: Browser, tmp_path: Path
) -> None:
    with service(tmp_path) as url, browser.new_context() as context:
        page = context.new_page()
        sign_up_and_in(page, url)
        page.evaluate(
            "localStorage.setItem('storywire.draft', JSON.stringify({input: {reader: {name: 'Maya'}}}))"
        )
        page.reload()
        expect(page.locator("#who")).to_have_text(EMAIL)
        assert "Maya" in page.evaluate("localStorage.getItem('storywire.draft')")
        context.clear_cookies()  # the session ended by itself: nobody signed out
        body = {"email": "ben@example.org", "password": PASSWORD}
        page.request.post(f"{url}/api/v1/auth/register", data=body, headers={"Origin": url})
        page.goto(f"{url}/account")
        page.locator("#login [name=email]").fill("ben@example.org")
        page.locator("#login [name=password]").fill(PASSWORD)
        page.locator("#login .button--main").click()
        expect(page.locator("#who")).to_have_text("ben@example.org")
        assert page.evaluate("localStorage.getItem('storywire.draft')") is None


def test_person_changes_what_the_account_has(browser: Browser, tmp_path: Path) -> None:
    with service(tmp_path) as url, browser.new_context(viewport={"width": 1280, "height": 900}) as context:
        page = context.new_page()
        page.on("dialog", lambda dialog: dialog.accept())
        sign_up_and_in(page, url)
        notice = page.locator("#notice")
        with httpx.Client(base_url=url, trust_env=False, headers={"Origin": url}) as elsewhere:
            for agent in ("Firefox/140 on Windows", "curl/8"):
                body = {"email": EMAIL, "password": PASSWORD}
                elsewhere.post("/api/v1/auth/login", json=body, headers={"User-Agent": agent})
            page.evaluate(ADD_CHILD)
            page.evaluate(ADD_KEY)
            page.reload()
            page.get_by_role("button", name="Change: Maya").click()
            keep_a_key(page, elsewhere)
            end_sessions(page)
            change_the_password(page)
        # A child, whose consent is given later.
        change = page.locator("#children form")
        change.get_by_label("Age in years").fill("8")
        change.get_by_label("Reading level").select_option("advanced")
        change.get_by_label("I am a parent").check()
        shot(page, "account-full")
        page.set_viewport_size({"width": 390, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        shot(page, "account-full-narrow")
        assert page.evaluate(CHANGE_CHILD) == 200  # elsewhere, while the form is open
        change.get_by_role("button", name="Save").click()
        expect(page.locator("#children")).to_contain_text("Maya, 8")
        expect(page.locator("#children")).not_to_contain_text("no consent")
        expect(page.get_by_role("heading", name="Children")).to_be_focused()
        [child] = page.evaluate("fetch('api/v1/children').then((r) => r.json())")["children"]
        assert child["reading_level"] == "advanced" and child["consent_at"]
        assert child["interests"] == ["owls, and their eggs"]
        # Everything, and the end.
        page.get_by_text("Get everything as a file", exact=True).click()
        page.locator("#export [name=password]").fill(NEW_PASSWORD)
        with page.expect_download() as file:
            page.locator("#export button").click()
        assert "Maya" in file.value.path().read_text(encoding="utf-8")
        page.get_by_text("Delete the account", exact=True).click()
        page.locator("#deletion [name=password]").fill("not the password at all")
        page.locator("#deletion button").click()
        expect(notice).to_contain_text("password")
        page.locator("#deletion [name=password]").fill(NEW_PASSWORD)
        page.locator("#deletion button").click()
        expect(notice).to_contain_text("is being deleted")
        expect(page.locator("#login")).to_be_visible()
        expect(page.locator("main section")).to_have_count(0)
        assert page.evaluate("fetch('api/v1/account/me').then((r) => r.status)") == 401


ADD_CHILD = """fetch("api/v1/children", {method: "POST", headers: {"Content-Type": "application/json"},
  body: JSON.stringify({name: "Maya", age: 7})})"""
ADD_KEY = """fetch("api/v1/account/keys", {method: "POST", headers: {"Content-Type": "application/json"},
  body: JSON.stringify({name: "old job", scopes: ["runs:read"]})})"""
KEYS = "fetch('api/v1/account/keys').then((r) => r.json()).then(({ keys }) => keys)"
CHANGE_CHILD = """(async () => {
  const { children: [child] } = await (await fetch("api/v1/children")).json();
  const body = JSON.stringify({interests: ["owls, and their eggs"]});
  const headers = {"Content-Type": "application/json"};
  return (await fetch(`api/v1/children/${child.child_id}`, {method: "PATCH", headers, body})).status;
})()"""


def keep_a_key(page: Page, elsewhere: httpx.Client) -> None:
    """A key is made, shown once, works, and is revoked."""
    page.get_by_text("Make a key").click()
    form = page.locator("#key")
    form.get_by_label("What it is for").fill("night job")
    form.get_by_label("Texts: read").check()
    form.get_by_label("$ a month").fill("2.5")
    form.get_by_role("button").click()
    field = page.locator("#new-key input")
    expect(field).to_be_focused()
    bearer = {"Authorization": f"Bearer {field.input_value()}"}
    elsewhere.cookies.clear()
    assert elsewhere.get("/api/v1/runs", headers=bearer).status_code == 200
    assert elsewhere.get("/api/v1/account/me", headers=bearer).json()["key_allowance"]["usd_a_month"] == 2.5
    page.get_by_role("button", name="Copy").click()
    expect(page.locator("#notice")).to_contain_text(re.compile("Copied|Selected"))
    find_no_faults(page)
    shot(page, "account-key")
    change_a_key(page, elsewhere, bearer)
    page.get_by_role("button", name="Revoke: old job").click()
    expect(page.locator("#keys li")).to_have_count(1)
    expect(field).to_be_visible()  # it is shown this once
    page.get_by_role("button", name="Revoke: day job").click()
    expect(page.locator("#keys")).to_have_text("No keys.")
    expect(page.get_by_role("heading", name="API keys")).to_be_focused()
    assert elsewhere.get("/api/v1/runs", headers=bearer).status_code == 401


def change_a_key(page: Page, elsewhere: httpx.Client, bearer: dict[str, str]) -> None:
    """A key has another name and limit, under the same secret; what isn't touched stays as it is."""
    [before] = [key for key in page.evaluate(KEYS) if key["name"] == "night job"]
    page.get_by_role("button", name="Change: night job").click()
    form = page.locator("#keys form")
    name = form.get_by_label("What it is for")
    expect(name).to_be_focused()
    expect(form.get_by_label("$ a month")).to_have_value("2.5")
    name.fill("day job")
    form.get_by_label("Texts a day").fill("7")
    find_no_faults(page)
    shot(page, "account-key-change")
    form.get_by_role("button", name="Save").click()
    expect(page.locator("#keys")).to_contain_text("0 of 7 texts today, $0.00 of $2.50 this month")
    [after] = [key for key in page.evaluate(KEYS) if key["name"] == "day job"]
    assert after["expires_at"] == before["expires_at"]
    allowance = elsewhere.get("/api/v1/account/me", headers=bearer).json()["key_allowance"]
    assert (allowance["runs_a_day"], allowance["usd_a_month"]) == (7, 2.5)


def end_sessions(page: Page) -> None:
    """One of three, and then all others."""
    expect(page.locator("#sessions li")).to_have_count(3)
    expect(page.locator("#sessions")).to_contain_text("Firefox on Windows")
    page.get_by_role("button", name="Sign out: curl/8").click()
    expect(page.locator("#sessions li")).to_have_count(2)
    page.get_by_role("button", name="Sign out everywhere else").click()
    expect(page.locator("#sessions li")).to_have_count(1)
    expect(page.locator("#sessions")).to_contain_text("This one")


def change_the_password(page: Page) -> None:
    """The page goes on in the session that takes the place of its own."""
    page.get_by_text("Change the password").click()
    form = page.locator("#password")
    form.locator("[name=old_password]").fill(PASSWORD)
    form.locator("[name=new_password]").fill("passwordpassword")
    form.get_by_role("button").click()
    expect(page.locator("#notice")).to_contain_text("New password: ")  # by the name that it has on the page
    form.locator("[name=new_password]").fill(NEW_PASSWORD)
    form.get_by_role("button").click()
    expect(page.locator("#notice")).to_contain_text("The new password is set")


def test_link_that_is_opened_in_the_pages_own_tab_is_taken_and_mails_are_not_promised(
    browser: Browser, tmp_path: Path
) -> None:
    with service(tmp_path) as url, browser.new_context() as context:
        page = context.new_page()
        page.goto(f"{url}/account")
        page.get_by_role("button", name="Forgot the password?").click()
        expect(page.locator("#notice")).to_contain_text("sends no mails. Ask whoever runs it")
        page.goto(f"{url}/account#reset=swo_1234")
        expect(page.locator("#reset")).to_be_visible()
        expect(page).to_have_url(f"{url}/account")  # the secret isn't in the address any more
        find_no_faults(page)


def test_admin_lists_locks_limits_and_reads_events(browser: Browser, tmp_path: Path) -> None:
    with (
        service(tmp_path) as url,
        browser.new_context(viewport={"width": 1200, "height": 800}) as context,
        browser.new_context() as elsewhere,
    ):
        boss, person = context.new_page(), elsewhere.new_page()
        sign_up_and_in(boss, url)
        body = {"email": "ben@example.org", "password": PASSWORD}
        person.request.post(f"{url}/api/v1/auth/register", data=body, headers={"Origin": url})
        # A user finds nothing there.
        boss.goto(f"{url}/account/admin")
        expect(boss.locator("#notice")).to_contain_text("for admins")
        expect(boss.locator("#content")).to_be_hidden()
        make_admin(tmp_path, EMAIL)
        boss.goto(f"{url}/account")
        boss.locator("#admin").click()
        row = boss.locator("tr[data-account]", has_text="ben@example.org")
        row.get_by_label("Texts a day of ben@example.org").fill("5")
        row.get_by_label("Texts a month of ben@example.org").fill("1")
        row.get_by_role("button", name="Save limits").click()
        expect(boss.locator("#notice")).to_contain_text("changed")
        row.get_by_role("button", name="Show").click()
        expect(row).to_contain_text("0 of 5 texts today, 0 of 1 this month")
        assert boss.evaluate("document.documentElement.scrollWidth") <= 1200
        row.get_by_role("button", name="Reset link").click()
        expect(boss.locator("#notice")).to_contain_text("ben@example.org: http")
        expect(boss.locator("#events")).to_contain_text("reset link made")
        # However far the table is scrolled, a row says whose it is.
        boss.set_viewport_size({"width": 800, "height": 800})
        boss.evaluate("document.querySelector('.scroll').scrollLeft = 400")
        expect(row.get_by_role("rowheader")).to_be_in_viewport(ratio=1)
        boss.set_viewport_size({"width": 1200, "height": 800})
        row.get_by_role("button", name="Lock").click()
        expect(row).to_contain_text("locked")
        expect(boss.locator("#events tr", has_text="account locked")).to_contain_text("ben@example.org")
        find_no_faults(boss)
        assert (
            person.request.post(f"{url}/api/v1/auth/login", data=body, headers={"Origin": url}).status == 401
        )
        boss.get_by_role("button", name="Make an invitation").click()
        expect(boss.locator("#notice")).to_contain_text("/account#invite=")
        shot(boss, "admin")
        boss.set_viewport_size({"width": 390, "height": 800})
        assert boss.evaluate("document.documentElement.scrollWidth") <= 390
        shot(boss, "admin-narrow")


def make_admin(folder: Path, email: str) -> None:
    """By the command, as whoever runs the service does."""
    runner = CliRunner(env={"STORYWIRE_DATA_DIR": str(folder / "data"), "STORYWIRE_AUTH": "accounts"})
    with ThreadPoolExecutor(1) as elsewhere:  # Playwright's loop runs here
        told = elsewhere.submit(runner.invoke, app, ["users", "role", email, "admin"]).result()
    assert told.exit_code == 0, told.stderr


# Starts, reads a little, comes back with the last id, cancels; by fetch, as a bearer or with the cookie.
USE = """async ([url, token]) => {
  const auth = token ? {Authorization: `Bearer ${token}`} : {};
  const how = {credentials: token ? "omit" : "include"};
  const body = {format: "story", input: {theme: "dragons", reader: {age: 7}}};
  const started = await fetch(`${url}/api/v1/runs`, {...how, method: "POST", body: JSON.stringify(body),
    headers: {...auth, "Content-Type": "application/json", Accept: "text/event-stream",
      "Idempotency-Key": token ? "by-bearer" : "by-cookie"}});
  const run = started.headers.get("X-Run-Id");
  const readId = async (reply) => {
    const reader = reply.body.pipeThrough(new TextDecoderStream()).getReader();
    let text = "", found;
    while (!(found = /id: (\\S+)\\n[^]*?\\n\\n/.exec(text))) {
      const {done, value} = await reader.read();
      if (done) throw new Error(`${reply.status}: ${text}`);
      text += value;
    }
    await reader.cancel();
    return found[1];
  };
  const first = await readId(started);
  const again = await fetch(`${url}/api/v1/runs/${run}/stream`, {...how, headers: {...auth, "Last-Event-ID": first}});
  const second = await readId(again);
  const cancelled = await fetch(`${url}/api/v1/runs/${run}/cancel`, {...how, method: "POST", headers: auth});
  return [started.status, first !== second, cancelled.status];
}"""
TICKET = """async ([url, token]) => {
  const input = {theme: "dragons", reader: {age: 7}};
  const body = JSON.stringify({format: "story", input});
  const made = await fetch(`${url}/api/v1/stream-tickets`, {method: "POST", body,
    headers: {Authorization: `Bearer ${token}`, "Content-Type": "application/json"}});
  const ticket = (await made.json()).token;
  const source = new EventSource(`${url}/api/v1/stories/generate/stream?theme=dragons&age=7&token=${ticket}`);
  const id = await new Promise((found) => source.addEventListener("story_chunk", (event) => found(event.lastEventId)));
  source.close();
  return id.includes(":");
}"""
TRY = """async (url) => {
  const image = await new Promise((done) => {
    const element = new Image();
    element.onerror = element.onload = () => done(true);
    element.src = `${url}/api/v1/stories/generate/stream?theme=dragons&age=7`;
  });
  const results = [];
  for (const mode of ["cors", "no-cors"]) {
    const asked = fetch(`${url}/api/v1/runs`, {mode, method: "POST", credentials: "include", body: "{}"});
    results.push(await asked.then((reply) => reply.type, () => "refused"));
  }
  const frame = document.createElement("iframe");
  frame.name = "sink";
  const form = Object.assign(document.createElement("form"), {
    method: "POST", action: `${url}/api/v1/account/logout`, target: "sink"});
  document.body.append(frame, form);
  await new Promise((done) => { frame.onload = done; form.submit(); });
  return results;
}"""


def test_page_of_a_listed_origin_starts_reads_reconnects_and_cancels(
    browser: Browser, tmp_path: Path
) -> None:
    with other_site() as site, service(tmp_path, site) as url, browser.new_context() as context:
        page = context.new_page()
        sign_up_and_in(page, url)
        tokens = page.evaluate(
            """([email, password]) => fetch("api/v1/auth/token", {method: "POST",
            headers: {"Content-Type": "application/json"}, body: JSON.stringify({email, password})})
            .then((reply) => reply.json())""",
            [EMAIL, PASSWORD],
        )
        page.goto(site)
        assert page.evaluate(USE, [url, tokens["access_token"]]) == [200, True, 200]
        # Two ports of one machine are one site, so the cookie comes along.
        assert page.evaluate(USE, [url, ""])[1:] == [True, 200]
        assert page.evaluate(TICKET, [url, tokens["access_token"]])


def test_page_of_an_origin_that_is_not_listed_can_do_nothing(browser: Browser, tmp_path: Path) -> None:
    with (
        other_site() as site,
        service(tmp_path, "http://127.0.0.1:1") as url,
        browser.new_context() as context,
    ):
        page = context.new_page()
        sign_up_and_in(page, url)
        stranger = context.new_page()
        stranger.goto(site)
        assert stranger.evaluate(TRY, url) == ["refused", "opaque"]
        # Nothing was started, and nobody was logged out.
        page.reload()
        expect(page.locator("#who")).to_have_text(EMAIL)
        assert page.evaluate("fetch('api/v1/runs').then((r) => r.json())") == {
            "runs": [],
            "next_cursor": None,
        }
