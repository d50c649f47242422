"""How long a stream ticket lasts."""

import time
from dataclasses import replace
from pathlib import Path

from backend.accounts.credentials.tickets import START_SECONDS, StreamTickets
from backend.accounts.principal import Credential, Principal
from backend.store.accounts.tickets import TicketRepository
from backend.store.owner import Owner
from backend.store.sqlite.database import SqliteDatabase

NOA = Principal(Owner("noa"), Credential("issuer", "noa"))


def test_ticket_ends_no_later_than_the_credential_that_asked_for_it(tmp_path: Path) -> None:
    tickets = StreamTickets(TicketRepository(SqliteDatabase(f"sqlite:///{tmp_path / 'storywire.db'}")))
    soon = int(time.time()) + START_SECONDS // 2

    ticket, _ = tickets.for_nobody(replace(NOA, expires_at=soon))
    assert ticket.expires_at.timestamp() <= soon and ticket.start_by <= ticket.expires_at

    lasting, _ = tickets.for_nobody(NOA)
    assert lasting.expires_at.timestamp() > soon + 3600 and lasting.start_by < lasting.expires_at
