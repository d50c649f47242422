"""Functions of a sentence that remember what they found."""

from workflows.text.clauses.instructions import read_instructions
from workflows.text.quantities.numbers import find_quantities
from workflows.text.remembered import remember_sentences


def test_sentence_is_read_once_and_a_long_text_each_time() -> None:
    read: list[str] = []

    @remember_sentences
    def spell(text: str) -> tuple[str, ...]:
        read.append(text)
        return tuple(text)

    long = "a" * 1001
    assert [spell("ab"), spell("ab")] == [("a", "b")] * 2
    assert [spell(long), spell(long)] == [("a",) * 1001] * 2
    assert read == ["ab", long, long]
    assert find_quantities("Take 5 mg.") is find_quantities("Take 5 mg.")
    assert read_instructions("Take it.") is read_instructions("Take it.")
