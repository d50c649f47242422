"""Migration: who did what security events tell, beside whom they are about."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

_EVENTS = sa.table("security_events", sa.column("kind"), sa.column("subject"), sa.column("actor"))
# Their subject was who did it, where that was an admin.
_KINDS = (
    "account_changed",
    "account_locked",
    "account_unlocked",
    "reset_link_made",
    "verify_link_made",
    "invitation_made",
)


def upgrade() -> None:
    """Applies the migration."""
    op.add_column("security_events", sa.Column("actor", sa.String(64)))
    by_somebody = _EVENTS.c.kind.in_(_KINDS) & _EVENTS.c.subject.is_not(None)
    op.execute(sa.update(_EVENTS).where(by_somebody).values(actor=_EVENTS.c.subject, subject=None))


def downgrade() -> None:
    """Reverts the migration."""
    by_somebody = _EVENTS.c.kind.in_(_KINDS) & _EVENTS.c.actor.is_not(None)
    op.execute(sa.update(_EVENTS).where(by_somebody).values(subject=_EVENTS.c.actor))
    with op.batch_alter_table("security_events") as batch:
        batch.drop_column("actor")
