"""Public API for formats of your own. See docs/formats.md; `storywire.extensions` is for what goes with a format.

Only the names in `__all__` are public. They keep their meaning within a major version; what stands elsewhere in the
packages `workflows` and `backend` may change with any.
"""

from workflows.context import prompt_values, whole_text
from workflows.errors import FieldError, InvalidInput, NotFound, StorywireError
from workflows.formats.base import Format, Plan
from workflows.formats.capabilities import (
    AdaptsToModel,
    BelongsToSeries,
    BringsFacts,
    Cached,
    CachedByDefault,
    ChecksModel,
    Configurable,
    Derives,
    Exports,
    Extends,
    ForecastsFacts,
    ForecastsLength,
    ForecastsWork,
    Lands,
    LandsPieces,
    Limited,
    LimitsRevisions,
    Loads,
    LooksUp,
    MakesPieces,
    Multilingual,
    Presents,
    RecapsSeries,
    Researches,
    Reviews,
    ReviewsSections,
    ScreensOwnText,
    SetsContext,
    SetsLeastRoom,
    SetsParameters,
    SetsReviewShare,
    SetsSectionReviewShare,
    SetsTolerance,
)
from workflows.formats.exports import Exporter, Finished
from workflows.formats.form import FieldGroup, FieldHint, Form, Presentation, StoredChoice, TextDisplay
from workflows.formats.notices import Notice, NoticePassage
from workflows.formats.pieces import PieceText, Remark, SectionNotes
from workflows.formats.settings import FormatSettings
from workflows.formats.toolkit.recap import neighbours
from workflows.formats.toolkit.trailer import split_notes
from workflows.lookups import Lookups, find_named
from workflows.messages.messages import PlannedSection, SafetyIssue, Source
from workflows.models.calls.calls import ask, stream_text
from workflows.models.calls.search import Citation, can_search, stream_search
from workflows.models.clients.catalog import Model
from workflows.models.configuration.paths import OwnPath
from workflows.models.spec import ModelSpec
from workflows.prompts import Prompts
from workflows.safety.policies.policy import Policy
from workflows.safety.policies.policy_files import load_policy
from workflows.state import (
    EarlierSection,
    Facts,
    OpenPiece,
    Outline,
    Piece,
    PlannedPiece,
    Section,
    SectionTask,
    State,
    TextSoFar,
    summary_of,
    text_of,
)
from workflows.text.metrics.readability import reading_grade, vocabulary_level
from workflows.text.streams.length import SectionLength
from workflows.text.words import count_words, last_paragraph
from workflows.verdicts import Reviewed, ReviewFinding, SectionFaults, Verdict

__all__ = [
    "AdaptsToModel",
    "BelongsToSeries",
    "BringsFacts",
    "Cached",
    "CachedByDefault",
    "ChecksModel",
    "Citation",
    "Configurable",
    "Derives",
    "EarlierSection",
    "Exporter",
    "Exports",
    "Extends",
    "Facts",
    "FieldError",
    "FieldGroup",
    "FieldHint",
    "Finished",
    "ForecastsFacts",
    "ForecastsLength",
    "ForecastsWork",
    "Form",
    "Format",
    "FormatSettings",
    "InvalidInput",
    "Lands",
    "LandsPieces",
    "Limited",
    "LimitsRevisions",
    "Loads",
    "LooksUp",
    "Lookups",
    "MakesPieces",
    "Model",
    "ModelSpec",
    "Multilingual",
    "NotFound",
    "Notice",
    "NoticePassage",
    "OpenPiece",
    "Outline",
    "OwnPath",
    "Piece",
    "PieceText",
    "Plan",
    "PlannedPiece",
    "PlannedSection",
    "Policy",
    "Presentation",
    "Presents",
    "Prompts",
    "RecapsSeries",
    "Remark",
    "Researches",
    "ReviewFinding",
    "Reviewed",
    "Reviews",
    "ReviewsSections",
    "SafetyIssue",
    "ScreensOwnText",
    "Section",
    "SectionFaults",
    "SectionLength",
    "SectionNotes",
    "SectionTask",
    "SetsContext",
    "SetsLeastRoom",
    "SetsParameters",
    "SetsReviewShare",
    "SetsSectionReviewShare",
    "SetsTolerance",
    "Source",
    "State",
    "StoredChoice",
    "StorywireError",
    "TextDisplay",
    "TextSoFar",
    "Verdict",
    "ask",
    "can_search",
    "count_words",
    "find_named",
    "last_paragraph",
    "load_policy",
    "neighbours",
    "prompt_values",
    "reading_grade",
    "split_notes",
    "stream_search",
    "stream_text",
    "summary_of",
    "text_of",
    "vocabulary_level",
    "whole_text",
]
