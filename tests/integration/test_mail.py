"""Mails over a real SMTP server on loopback, and secrets in files that change."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword

from tests.fakes.provider import FakeProvider
from tests.people import PASSWORD, add_person, anonymous, change_password, log_in, make_key, serve_accounts

NEW = "another sentence, longer than most"


class MailBox:
    """A mail server's handler: what was delivered, and with which password."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.logins: list[tuple[bytes, bytes]] = []
        self.arrived = asyncio.Event()

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802  # aiosmtpd's name
        del server, session
        found = message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(found, EmailMessage)
        self.mails.append(found)
        self.arrived.set()
        return "250 OK"

    def authenticate(self, server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
        del server, session, envelope, mechanism
        assert isinstance(data, LoginPassword)
        self.logins.append((data.login, data.password))
        return AuthResult(success=True)

    async def next(self) -> EmailMessage:
        await asyncio.wait_for(self.arrived.wait(), 20)
        self.arrived.clear()
        return self.mails[-1]


@asynccontextmanager
async def mail_server() -> AsyncIterator[tuple[MailBox, int]]:
    box = MailBox()

    def serve() -> SMTP:
        return SMTP(box, authenticator=box.authenticate, auth_require_tls=False, enable_SMTPUTF8=True)

    server = await asyncio.get_running_loop().create_server(serve, "127.0.0.1", 0)
    async with server:
        yield box, server.sockets[0].getsockname()[1]


def link_in(mail: EmailMessage, purpose: str) -> str:
    found = re.search(rf"#{purpose}=(swo_\S+)", mail.get_content())
    assert found is not None
    return found[1]


async def test_links_come_by_mail_and_work(provider: FakeProvider, tmp_path: Path) -> None:
    async with (
        mail_server() as (box, port),
        serve_accounts(
            provider,
            tmp_path,
            email_check=True,
            smtp_url=f"smtp://noa:pass%40word@127.0.0.1:{port}",
            mail_from="stories@example.org",
        ) as service,
    ):
        http, body = anonymous(service), {"email": "New@Example.org", "password": PASSWORD}
        assert (await http.get("/api/v1/auth/options")).json()["mails"] is True
        assert (await http.post("/api/v1/auth/register", json=body)).status_code == 202
        mail = await box.next()
        assert (mail["To"], mail["From"]) == ("new@example.org", "stories@example.org")
        assert PASSWORD not in mail.as_string()
        assert box.logins == [(b"noa", b"pass@word")]
        token = link_in(mail, "verify")
        assert (await http.post("/api/v1/auth/email/verify", json={"token": token})).status_code == 204
        await log_in(service, "new@example.org")
        # Who registers again is told by mail, and by nothing else.
        assert (await http.post("/api/v1/auth/register", json=body)).status_code == 202
        assert "already" in (await box.next())["Subject"]
        # A forgotten password; of an address without an account the answer is the same, and no mail comes.
        ghost = await http.post("/api/v1/auth/password/forgot", json={"email": "ghost@example.org"})
        known = await http.post("/api/v1/auth/password/forgot", json={"email": "new@example.org"})
        assert (ghost.status_code, ghost.json()) == (known.status_code, known.json())
        reset = {"token": link_in(await box.next(), "reset"), "password": NEW}
        assert (await http.post("/api/v1/auth/password/reset", json=reset)).status_code == 204
        await log_in(service, "new@example.org", NEW)
        assert len(box.mails) == 3


async def test_service_without_a_mail_server_promises_no_mail(provider: FakeProvider, tmp_path: Path) -> None:
    async with serve_accounts(provider, tmp_path) as service:
        await add_person(service, "noa")
        http = anonymous(service)
        assert (await http.get("/api/v1/auth/options")).json()["mails"] is False
        noa, ghost = [
            (await http.post("/api/v1/auth/password/forgot", json={"email": f"{name}@example.org"})).json()
            for name in ("noa", "ghost")
        ]
        assert noa == ghost
        assert "sends no mails" in noa["message"]


async def test_mail_server_that_is_gone_changes_no_answer(provider: FakeProvider, tmp_path: Path) -> None:
    async with serve_accounts(
        provider, tmp_path, smtp_url="smtp://127.0.0.1:1", mail_from="stories@example.org"
    ) as service:
        await add_person(service, "noa")
        for email in ("noa@example.org", "ghost@example.org"):
            reply = await anonymous(service).post("/api/v1/auth/password/forgot", json={"email": email})
            assert reply.status_code == 202


async def test_mail_servers_password_is_changed_in_its_file_while_the_service_runs(
    provider: FakeProvider, tmp_path: Path
) -> None:
    secret = tmp_path / "smtp"
    async with mail_server() as (box, port):
        secret.write_text(f"smtp://noa:first@127.0.0.1:{port}\n")
        async with serve_accounts(
            provider, tmp_path, smtp_url_file=secret, mail_from="stories@example.org"
        ) as service:
            person = await add_person(service, "noa")
            for password in ("first", "second-one"):
                secret.write_text(f"smtp://noa:{password}@127.0.0.1:{port}\n")
                reply = await anonymous(service).post(
                    "/api/v1/auth/password/forgot", json={"email": person.email}
                )
                assert reply.status_code == 202
                await box.next()
        assert [password for _, password in box.logins] == [b"first", b"second-one"]


async def test_changed_password_keeps_keys_unless_they_are_to_end(
    provider: FakeProvider, tmp_path: Path
) -> None:
    async with serve_accounts(provider, tmp_path) as service:
        person = await add_person(service, "noa")
        key = anonymous(service, Authorization=f"Bearer {await make_key(person, 'runs:read')}")
        await change_password(person, NEW)
        assert (await key.get("/api/v1/runs")).status_code == 200
        change = {"old_password": NEW, "new_password": PASSWORD, "revoke_keys": "yes"}
        assert (await person.http.put("/api/v1/account/password", json=change)).status_code == 422
        await change_password(person, PASSWORD, NEW, revoke_keys=True)
        assert (await key.get("/api/v1/runs")).status_code == 401
        # A reset by a link is for whoever lost control of the account: everything ends.
        other = anonymous(service, Authorization=f"Bearer {await make_key(person, 'runs:read')}")
        token = (await service.resources.people.accounts.make_link("reset", person.id)).partition("=")[2]
        body = {"token": token, "password": NEW}
        assert (await anonymous(service).post("/api/v1/auth/password/reset", json=body)).status_code == 204
        assert (await other.get("/api/v1/runs")).status_code == 401
