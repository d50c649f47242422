"""Policies of one service: the built-in ones, and its operator's additions and replacements."""

import tomllib
from pathlib import Path

from pydantic import BaseModel, ValidationError

from workflows.safety.policies.policy import Policy
from workflows.safety.policies.policy_files import list_policies, load_policy, read_policy
from workflows.safety.words.names import collect_names


class PolicyError(Exception):
    """Error in a policy file; the message names the file and the fault."""


class PolicyRegistry:
    """Policies by name. A file in the operator's folder replaces a built-in one of the same name."""

    def __init__(self, folder: Path | None = None) -> None:
        """Reads all files at once, so that a wrong one fails the start. Raises PolicyError."""
        self._policies = {name: load_policy(name) for name in list_policies()}
        if folder is not None:
            if not folder.is_dir():
                raise PolicyError(f"there is no folder {folder}")
            self._policies |= {path.stem: _read(path) for path in sorted(folder.glob("*.toml"))}

    def find(self, name: str, age: int | None = None) -> Policy:
        """The policy. Raises LookupError that lists the policies."""
        if name not in self._policies:
            raise LookupError(
                f"there is no policy {name[:64]!r}; there is {', '.join(sorted(self._policies))}"
            )
        return self._policies[name].for_age(age)

    def apply(self, policy: Policy, inputs: BaseModel | None = None) -> Policy:
        """The service's version of a format's policy, for readers of the same band.

        What people are called in the input that is `given` isn't judged as words in its text.
        """
        own = self._policies.get(policy.name, policy)
        band = next((band for band in policy.bands if band.name == policy.band), None)
        if own is not policy:
            own = own.for_age(band.youngest if band else None)
        return own if inputs is None else own.with_names(collect_names(inputs.model_dump()))

    def all(self) -> list[Policy]:
        """All policies, by name."""
        return [self._policies[name] for name in sorted(self._policies)]


def _read(path: Path) -> Policy:
    try:
        return read_policy(path)
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise PolicyError(f"{path.name} can't be read: {error}") from None
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, first["loc"]))
        raise PolicyError(f"{path.name}: {where}: {first['msg']}".replace(": : ", ": ")) from None
    except ValueError as error:
        raise PolicyError(f"{path.name}: {error}") from None
