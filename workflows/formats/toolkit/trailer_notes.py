"""Lines below the mark of a section's notes, while it is told whether they are notes."""

from dataclasses import dataclass

from workflows.formats.toolkit.trailer_lines import is_fence, is_frame, is_list_item, is_mark, is_note


@dataclass(eq=False, slots=True)
class NotesBelow:
    """Lines below a mark. With `mark` it may be text, with what frames it, and so may be all below it."""

    most_doubtful: int
    """Characters up to which what is doubtful is notes."""
    mark: str = ""
    needs_list: bool = False
    """Only a list below makes it one."""
    is_dressed: bool = True
    """Otherwise it is none where a dressed one follows."""
    doubtful: list[str] | None = None
    """Paragraphs below notes in prose, or all below a mark that may be text."""
    in_note: bool = False
    """Within a line of the notes."""
    is_first: bool = True
    """No line of these notes came yet."""
    in_prose: bool = False
    """The notes are no list."""
    after_blank: bool = False

    @property
    def is_list(self) -> bool:
        """Whether they are a list that has begun."""
        return not (self.in_prose or self.is_first)

    @property
    def lacks_list(self) -> bool:
        """Whether it takes a list to make the mark one, of which nothing came."""
        return self.needs_list and self.is_first

    @property
    def may_doubt(self) -> bool:
        """Whether what doesn't look like a note may be one all the same."""
        return self.in_prose and bool(self.most_doubtful)

    def looks_like_note(self, lead: str) -> bool:
        """Whether a line that begins so is one of the notes."""
        if self.lacks_list:
            return is_list_item(lead)
        return is_note(lead, is_first=self.is_first, in_prose=self.in_prose, after_blank=self.after_blank)

    def says_nothing(self, line: str) -> bool:
        """Whether the line is blank, or frames the notes, or repeats a mark that may be text."""
        if not line.strip() or (is_frame(line) and self.is_first) or (is_fence(line) and not self.is_dressed):
            return True
        return bool(self.mark) and is_mark(line)

    def pass_line(self, line: str) -> None:
        """Leaves out a line that says nothing, unless it may be text."""
        self.after_blank = self.after_blank or not (line.strip() or self.is_first)
        if self.mark and self.is_first:
            self.mark += line
        elif self.doubtful is not None:
            self.doubtful.append(line)

    def begin_note(self, lead: str) -> None:
        """A line of the notes begins."""
        if self.is_first:
            self.in_prose = not is_list_item(lead)
        self.in_note, self.is_first, self.after_blank = True, False, False
