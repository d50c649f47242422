"""Validation of a request before anything is stored or spent."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from backend.lookups import GrantedLookups, StoredLookups
from backend.runs.admission.allowed_models import allowed_models
from backend.runs.admission.caller import caller_key
from backend.runs.admission.caps import check_prices
from backend.runs.admission.start_quote import find_words, make_start_quote
from backend.store.owner import Owner
from backend.store.references import Reference
from backend.store.runs.runs import NewRun, Run
from backend.store.schema.run_values import RunOptions
from workflows.errors import Conflict, InvalidInput
from workflows.formats.base import AnyFormat
from workflows.formats.defaults import check_model, default_cache_of, resolve
from workflows.models.budget.prices import PriceRegistry
from workflows.models.clients.catalog import ModelCatalog
from workflows.models.spec import ModelSpec
from workflows.safety.check import first_refused_field
from workflows.safety.policies.registry import PolicyRegistry


def format_of(formats: Mapping[str, AnyFormat], run: Run | NewRun) -> AnyFormat:
    """The format of the run. Raises Conflict when its package is no longer installed."""
    if run.format not in formats:
        raise Conflict(
            f"The run is of the format {run.format}, which isn't installed any more: its text can be read, and "
            "nothing else be made of it. Install the package of that format again."
        )
    return formats[run.format]


@dataclass(frozen=True, slots=True)
class Admission:
    """Admission rules. `budget_usd` is the default budget of a run; None: unlimited."""

    formats: Mapping[str, AnyFormat]
    models: ModelCatalog
    policies: PolicyRegistry
    lookups: StoredLookups
    prices: PriceRegistry
    budget_usd: float | None

    def format(self, name: str) -> AnyFormat:
        """The format of that name. Raises InvalidInput that lists the formats."""
        if name not in self.formats:
            message = f"there is no format {name[:64]!r}; there is {', '.join(sorted(self.formats))}"
            raise InvalidInput.of("format", message)
        return self.formats[name]

    def format_of(self, run: Run) -> AnyFormat:
        """The format of a stored run. Raises Conflict when its package is no longer installed."""
        return format_of(self.formats, run)

    async def resolve(
        self, owner: Owner, format: AnyFormat, inputs: BaseModel
    ) -> tuple[BaseModel, Sequence[Reference]]:
        """The input with its references resolved to their present values, and the rows that these are. Raises NotFound,
        InvalidInput, and Forbidden where the caller's API key may not read what is referred to."""
        key = caller_key()
        lookups = GrantedLookups(self.lookups, None if key is None else key.scopes)
        resolved = await resolve(format, inputs, lookups, owner)
        return resolved, lookups.references

    def apply_defaults(
        self, format: AnyFormat, inputs: BaseModel, requested: RunOptions
    ) -> tuple[ModelSpec, RunOptions]:
        """The model, and the options with all defaults filled in: later changes of the settings don't affect this
        run. Raises InvalidInput, ModelNotConfigured."""
        model = self._default_model() if requested.model is None else self.models.resolve(requested.model)
        self.check_allowed(model)
        check_model(format, inputs, model)
        # A person may edit the plan, so the result isn't the input's alone.
        cache = "off" if requested.review_outline else requested.cache or default_cache_of(format)
        budget = requested.budget_usd or self.budget_usd
        self.check_budget(budget, model)
        return model, requested.model_copy(update={"cache": cache, "budget_usd": budget})

    def least_cost(self, format: AnyFormat, inputs: BaseModel, model: ModelSpec) -> float:
        """US dollars that a new run costs at least, as a quote assumes them; 0 where nobody knows."""
        words, price = find_words(format, inputs, model), self.prices.find(model)
        return make_start_quote(format.name, str(model), words, price, (), None).cost_usd_low or 0.0

    def check_allowed(self, model: ModelSpec) -> None:
        """Raises InvalidInput for a model that the caller's account or API key may not have texts written by."""
        allowed_models().check(model)

    def _default_model(self) -> ModelSpec:
        """The model of a run that names none. Raises ModelNotConfigured."""
        default = allowed_models().default(self.models.selection)
        self.models.check(str(default))
        return default

    def check_budget(self, budget_usd: float | None, model: ModelSpec) -> None:
        """Raises InvalidInput for a budget where a model's price is unknown: it couldn't be kept."""
        check_prices(budget_usd, self.models.selection.called_by(model), self.prices)

    def check_safety(self, run: Run, said: dict[str, Any], root: str) -> None:
        """Refuses an answer that is unfit for the run's readers; a waiting run stays waiting.

        `root` is where `said` stands in the request, such as `outline.`. Raises InvalidInput, Conflict.
        """
        format = self.format_of(run)
        inputs = format.parse(run.input)
        policy = self.policies.apply(format.policy(inputs), inputs)
        if (refused := first_refused_field(policy, said)) is not None:
            field, message = root + refused[0].removeprefix("."), refused[1]
            raise InvalidInput.of(field, message)
