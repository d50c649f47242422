"""The checks of a finished text, from cheap to dear: what an earlier one stops, a later one isn't paid for."""

from dataclasses import dataclass

from workflows.models.clients.catalog import Model
from workflows.safety.check import Stage, check_sections
from workflows.safety.judge import judge
from workflows.safety.moderation import moderate
from workflows.safety.policy import Policy
from workflows.state import Section, Verdict


@dataclass(frozen=True, slots=True)
class Layers:
    """What there is beside the local rules: the model whose provider moderates, and the one that judges."""

    moderator: Model | None = None
    judge: Model | None = None

    async def check(self, policy: Policy, sections: dict[int, Section], stage: Stage) -> Verdict:
        """The verdict, with the layers that ran. Raises a ModelError when one of them gives no answer."""
        verdict = check_sections(policy, sections, stage)
        verdict["policy"] = policy.label
        layers = verdict["layers"] = ["rules"]
        listed = [sections[index] for index in sorted(sections)]
        if verdict["approved"] and self.moderator is not None:
            layers.append("moderation")
            verdict["issues"] += (found := await moderate(policy, listed, self.moderator))
            verdict["approved"] = not found
        if verdict["approved"] and self.judge is not None:
            layers.append("judge")
            found, verdict["scores"] = await judge(policy, listed, self.judge)
            verdict["issues"] += found
            verdict["approved"] = not found
            verdict["score"] = min(verdict["score"], round(verdict["scores"]["age_fit"], 2))
        if not verdict["approved"] and "rules" not in layers[-1:]:
            verdict["score"] = min(verdict["score"], 0.4)
        return verdict
