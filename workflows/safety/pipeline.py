"""Checks of a finished text, from cheap to expensive: an earlier one that stops it saves the later ones."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

from workflows.messages.messages import CheckStage
from workflows.models.clients.catalog import Model
from workflows.safety.check import check_sections
from workflows.safety.judge import judge
from workflows.safety.moderation import MODERATED_SCORE, moderate
from workflows.safety.policies.policy import Policy
from workflows.state import Section
from workflows.verdicts import Verdict


@dataclass(frozen=True, slots=True)
class SafetyPipeline:
    """Checks beside the local rules: a provider's moderation, and a judge."""

    moderator: Model | None = None
    judge: Model | None = None

    async def check(
        self,
        policy: Policy,
        sections: dict[int, Section],
        stage: CheckStage,
        beside: Mapping[str, str] | None = None,
    ) -> Verdict:
        """The verdict, with the layers that ran. Raises a ModelError when one of them gives no answer.

        `beside`: texts that readers see beside the sections, by what they are, such as titles. The rules have
        passed them already; moderation and judge see them here. An issue with one of them names no section.
        """
        verdict = await asyncio.to_thread(check_sections, policy, sections, stage)
        verdict["policy"] = policy.label
        layers = verdict["layers"] = ["rules"]
        listed = [sections[index] for index in sorted(sections)]
        others = {name: text for name, text in (beside or {}).items() if text.strip()}
        if verdict["approved"] and self.moderator is not None:
            layers.append("moderation")
            verdict["issues"] += (found := await moderate(policy, listed, self.moderator, others))
            verdict["approved"] = not found
        if verdict["approved"] and self.judge is not None and (listed or others):
            layers.append("judge")
            found, verdict["scores"] = await judge(policy, listed, self.judge, others)
            verdict["issues"] += found
            verdict["approved"] = not found
            verdict["score"] = min(verdict["score"], round(verdict["scores"]["age_fit"], 2))
        if not verdict["approved"] and "rules" not in layers[-1:]:
            verdict["score"] = min(verdict["score"], MODERATED_SCORE)
        return verdict
