"""A format of as many sections as one likes, beside the installed ones: a story's prompts and checks, and a plan that
no model is asked for.

The service finds it by the files that `install` puts into the folder in which it is started.
"""

import shutil
from pathlib import Path

from storywire import Model, Outline, Plan, PlannedSection
from workflows.formats.story.format import StoryFormat
from workflows.formats.story.input import StoryInput

WORDS = 400
"""Words of a section."""
_ENTRY_POINTS = "[storywire.formats]\nchronicle = chronicle:ChronicleFormat\n"
_METADATA = "Metadata-Version: 2.1\nName: chronicle\nVersion: 1\n"


class ChronicleFormat(StoryFormat):
    """A story of the number of nights with which its theme begins."""

    name = "chronicle"
    path = "chronicles"
    title = "A chronicle"

    def for_model(self, model: Model) -> StoryFormat:
        """The same for all."""
        del model
        return self

    async def plan(self, inputs: StoryInput, model: Model) -> Plan:
        """A section a night."""
        del model
        count = int((inputs.theme or "1").split()[0])
        sections = [
            PlannedSection(
                index=index,
                title=f"Night {index + 1}",
                summary=f"What the keeper of the light saw in night {index + 1}, and whom the sea brought.",
                target_words=WORDS,
            )
            for index in range(count)
        ]
        return Plan(Outline(title=f"A chronicle of {count} nights", sections=sections), {"bible": {}})


def install(folder: Path) -> None:
    """Installs the format for services that are started in this folder."""
    shutil.copy(__file__, folder / "chronicle.py")
    package = folder / "chronicle-1.dist-info"
    package.mkdir()
    (package / "METADATA").write_text(_METADATA)
    (package / "entry_points.txt").write_text(_ENTRY_POINTS)
