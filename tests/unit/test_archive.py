"""A packed log is the log."""

from hypothesis import given
from hypothesis import strategies as st

from backend.log.archive import pack, unpack
from backend.log.entry import Entry
from tests.unit.logs import run_logs

entries = st.lists(
    st.builds(
        Entry,
        st.integers(0, 2**53 - 1),
        st.text(st.characters(codec="utf-8"), max_size=12),
        st.text(st.characters(codec="utf-8")).map(str.encode),
    )
)


@given(run_logs | entries)
def test_pack_and_unpack_give_back_every_byte(log: list[Entry]) -> None:
    assert unpack(pack(log)) == log


def test_pack_of_a_long_run_takes_a_tenth_of_the_room() -> None:
    log = [
        Entry(seq, "content", b'{"type":"content","data":{"section":0,"chunk":" word%d"}}' % (seq % 97))
        for seq in range(2000)
    ]
    assert len(pack(log)) * 10 < sum(len(entry.data) for entry in log)
