"""The base class of all sections of a spec, and the types of their priors."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ModelWrapValidatorHandler,
    ValidationError,
    model_validator,
)
from pydantic_core import InitErrorDetails

from headcount.study.priors import Prior

__all__ = ["Name", "PositivePrior", "RealPrior", "Section", "SupportedPrior", "UnitPrior"]


def _on(support: str) -> BeforeValidator:
    return BeforeValidator(lambda stated: Prior.parse(stated, support=support))


SupportedPrior = Annotated[
    Prior, BeforeValidator(lambda pair: Prior.parse(pair[1], support=pair[0]))
]
"""A prior whose support depends on its section, which passes a pair (support, stated keys)."""

PositivePrior = Annotated[Prior, _on("positive")]
UnitPrior = Annotated[Prior, _on("unit")]
RealPrior = Annotated[Prior, _on("real")]
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]+$")]


class Section(BaseModel):
    """A table of keys in the TOML file; frozen, without unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)

    @classmethod
    def contradictions(cls, stated: Mapping[str, Any]) -> Iterator[str]:  # noqa: ARG003 - most sections have none
        """Yield the problems between keys of the section that may each be valid."""
        yield from ()

    @model_validator(mode="wrap")
    @classmethod
    def _all_problems(cls, stated: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:  # noqa: ANN401
        """Report contradictions together with the problems of single keys."""
        own = [*cls.contradictions(stated)] if isinstance(stated, Mapping) else []
        lines = [
            InitErrorDetails(
                type="value_error", loc=(), input=stated, ctx={"error": ValueError(text)}
            )
            for text in own
        ]
        try:
            section = handler(stated)
        except ValidationError as error:
            lines = [*error.errors(include_url=False), *lines]  # type: ignore[list-item]  # have the same keys
        if lines:
            raise ValidationError.from_exception_data(cls.__name__, lines)
        return section
