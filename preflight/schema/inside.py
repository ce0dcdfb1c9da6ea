"""Makes documents from msgspec structs, with the fields and constraints that the structs declare."""

from collections.abc import Mapping
from functools import reduce
from operator import or_
from types import GenericAlias, UnionType
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin

import msgspec
from msgspec import Meta
from pydantic import BaseModel, FailFast, GetCoreSchemaHandler, create_model
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from preflight.errors import UserError
from preflight.schema.fields import demands

M = TypeVar("M", bound=BaseModel)


class Inside:
    """Reads a struct as strictly as a model, and writes it without the fields that have their default.

    Something declared once, such as an option of a migration, therefore needs no second declaration for the plan.
    """

    def __init__(self, described: Mapping[str, str]) -> None:
        """Take the description of each field, for the schema."""
        self._described = described

    def __get_pydantic_core_schema__(self, struct: type[msgspec.Struct], handler: GetCoreSchemaHandler) -> CoreSchema:
        """Return the schema, as pydantic requires of an annotation."""
        fields = {
            field.encode_name: core_schema.typed_dict_field(
                handler.generate_schema(_as_pydantic_has_it(field.type, {})),
                required=field.required,
                metadata={"pydantic_js_updates": {"description": self._described[field.name]}},
            )
            for field in msgspec.structs.fields(struct)
        }

        def made(values: Mapping[str, Any]) -> msgspec.Struct:
            try:
                return struct(**values)
            except UserError as why:  # fields that exclude each other
                raise PydanticCustomError("meaning", "{why}", {"why": str(why)}) from None

        def taken_apart(value: Any) -> Any:
            return msgspec.to_builtins(value) if isinstance(value, struct) else value

        read = core_schema.no_info_after_validator_function(
            made,
            core_schema.typed_dict_schema(
                fields,
                extra_behavior="forbid",
                metadata={
                    "pydantic_js_updates": {"additionalProperties": False}
                },  # not every release of pydantic adds it by itself
            ),
        )
        return core_schema.json_or_python_schema(
            read,
            core_schema.no_info_before_validator_function(taken_apart, read),
            serialization=core_schema.plain_serializer_function_ser_schema(msgspec.to_builtins),
        )


def modelled(
    struct: type[msgspec.Struct],
    base: type[M],
    *,
    parts: Mapping[type[msgspec.Struct], type[BaseModel]] | None = None,
    validators: Mapping[str, Any] | None = None,
) -> type[M]:
    """Return a model with the fields of a struct and the settings of `base`.

    `parts` contains the models of structs that occur in its fields.
    """
    fields = {
        field.encode_name: _as_pydantic_has_it(field.type, parts or {}) for field in msgspec.structs.fields(struct)
    }
    return create_model(
        struct.__name__,
        __base__=base,
        __doc__=struct.__doc__,
        __validators__=dict(validators or {}),
        **fields,
    )


def _as_pydantic_has_it(kind: Any, parts: Mapping[type[msgspec.Struct], type[BaseModel]]) -> Any:
    """Return a field's type, with pydantic's constraints for msgspec's, and models for structs that have one."""
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is Annotated:
        bounds = (demands(one) if isinstance(one, Meta) else one for one in arguments[1:])
        return Annotated[_as_pydantic_has_it(arguments[0], parts), *bounds]
    if origin in (Union, UnionType):
        return reduce(or_, (_as_pydantic_has_it(one, parts) for one in arguments))
    if origin in (tuple, list, dict):
        each = tuple(one if one is ... else _as_pydantic_has_it(one, parts) for one in arguments)
        whole = GenericAlias(origin, each)
        return whole if origin is dict else Annotated[whole, FailFast()]
    return parts.get(kind, kind) if isinstance(kind, type) else kind
