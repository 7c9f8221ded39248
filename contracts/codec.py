"""Frozen dataclasses to JSON and back, strictly.

`encode` gives plain dicts and lists; `decode` builds the dataclass again and refuses wrong types and missing fields
with a message that names the field. Unknown fields are ignored, so that an older process can read a newer one.
"""

from __future__ import annotations

import dataclasses
import enum
import functools
import json
import types
import typing
from typing import Any, TypeVar, Union

T = TypeVar("T")


class ContractError(ValueError):
    """A document does not fit its wire type: {where}: {what}."""


def encode(value: Any) -> Any:
    """Turn a contract value into JSON-ready dicts, lists and scalars."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {name: encode(getattr(value, name)) for name, _, _ in _fields(type(value))}
    if isinstance(value, enum.Enum):
        return value.value
    if isinstance(value, (list, tuple)):
        return [encode(item) for item in value]
    if isinstance(value, dict):
        return {str(key): encode(item) for key, item in value.items()}
    return value


def decode(kind: type[T], document: Any, where: str = "") -> T:
    """Build a value of the dataclass `kind` from a JSON document.

    Raises ContractError naming the first field that does not fit.
    """
    return typing.cast(T, _decode(kind, document, where or kind.__name__))


def dumps(value: Any) -> str:
    """The compact JSON text of a contract value (UTF-8 characters kept)."""
    return json.dumps(encode(value), ensure_ascii=False, separators=(",", ":"))


def loads(kind: type[T], text: str | bytes) -> T:
    """Parse JSON text into `kind`; raises ContractError for broken JSON too."""
    try:
        document = json.loads(text)
    except (ValueError, UnicodeDecodeError) as error:
        raise ContractError(f"{kind.__name__}: not JSON: {error}") from error
    return decode(kind, document)


@functools.cache
def _fields(kind: type) -> tuple[tuple[str, Any, bool], ...]:
    """(name, resolved type, required) of each field; resolving annotations is slow, hence cached."""
    hints = typing.get_type_hints(kind)
    return tuple(
        (
            field.name,
            hints[field.name],
            field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING,
        )
        for field in dataclasses.fields(kind)
    )


def _decode(kind: Any, value: Any, where: str) -> Any:
    origin = typing.get_origin(kind)
    if kind is Any:
        return value
    if origin in (Union, types.UnionType):
        options = typing.get_args(kind)
        if value is None and type(None) in options:
            return None
        return _decode(next(option for option in options if option is not type(None)), value, where)
    if origin is tuple:
        return _decode_tuple(typing.get_args(kind), value, where)
    if origin is dict:
        if not isinstance(value, dict):
            raise ContractError(f"{where}: expected an object, got {type(value).__name__}")
        inner = typing.get_args(kind)[1]
        return {str(key): _decode(inner, item, f"{where}.{key}") for key, item in value.items()}
    if isinstance(kind, type) and issubclass(kind, enum.Enum):
        try:
            return kind(value)
        except ValueError as error:
            allowed = ", ".join(str(member.value) for member in kind)
            raise ContractError(f"{where}: {value!r} is none of {allowed}") from error
    if dataclasses.is_dataclass(kind):
        return _decode_dataclass(kind, value, where)
    return _decode_scalar(kind, value, where)


def _decode_tuple(arguments: tuple[Any, ...], value: Any, where: str) -> tuple[Any, ...]:
    if not isinstance(value, (list, tuple)):
        raise ContractError(f"{where}: expected a list, got {type(value).__name__}")
    if len(arguments) == 2 and arguments[1] is Ellipsis:
        return tuple(_decode(arguments[0], item, f"{where}[{i}]") for i, item in enumerate(value))
    if len(arguments) != len(value):
        raise ContractError(f"{where}: expected {len(arguments)} items, got {len(value)}")
    return tuple(_decode(inner, item, f"{where}[{i}]") for i, (inner, item) in enumerate(zip(arguments, value)))


def _decode_dataclass(kind: Any, value: Any, where: str) -> Any:
    if not isinstance(value, dict):
        raise ContractError(f"{where}: expected an object, got {type(value).__name__}")
    arguments = {}
    for name, inner, required in _fields(kind):
        if name in value:
            arguments[name] = _decode(inner, value[name], f"{where}.{name}")
        elif required:
            raise ContractError(f"{where}.{name}: missing")
    return kind(**arguments)


def _decode_scalar(kind: Any, value: Any, where: str) -> Any:
    if kind is float and isinstance(value, (int, float)) and not isinstance(value, bool):
        return float(value)
    if kind in (int, str, bool) and type(value) is kind:
        return value
    raise ContractError(f"{where}: expected {getattr(kind, '__name__', kind)}, got {type(value).__name__}")
