"""Hypothesis strategies made from msgspec's own view of a type: a new field is drawn unasked."""

from collections.abc import Callable
from typing import Any

import msgspec.inspect
from hypothesis import strategies as st

INT64 = st.integers(-(2**63), 2**63 - 1)


def drawn_from(kind: Any) -> st.SearchStrategy[Any]:
    """Values of ``kind``, which may be anything msgspec understands."""
    return _strategy(msgspec.inspect.type_info(kind))


def members(union: Any) -> tuple[Any, ...]:
    """The classes of a closed union."""
    return tuple(union.__args__)


def _strategy(info: msgspec.inspect.Type) -> st.SearchStrategy[Any]:
    return _MAKERS[type(info)](info)


def _struct(info: Any) -> st.SearchStrategy[Any]:
    return st.builds(info.cls, *(_strategy(field.type) for field in info.fields))


_MAKERS: dict[type, Callable[[Any], st.SearchStrategy[Any]]] = {
    msgspec.inspect.NoneType: lambda info: st.none(),
    msgspec.inspect.BoolType: lambda info: st.booleans(),
    msgspec.inspect.IntType: lambda info: INT64,
    msgspec.inspect.FloatType: lambda info: st.floats(allow_nan=False),
    msgspec.inspect.StrType: lambda info: st.text(max_size=20),
    msgspec.inspect.BytesType: lambda info: st.binary(max_size=50),
    msgspec.inspect.LiteralType: lambda info: st.sampled_from(info.values),
    msgspec.inspect.UnionType: lambda info: st.one_of([_strategy(kind) for kind in info.types]),
    msgspec.inspect.StructType: _struct,
    msgspec.inspect.TupleType: lambda info: st.tuples(*map(_strategy, info.item_types)),
    msgspec.inspect.VarTupleType: lambda info: st.lists(_strategy(info.item_type), max_size=3).map(
        tuple
    ),
    msgspec.inspect.DictType: lambda info: st.dictionaries(
        _strategy(info.key_type), _strategy(info.value_type), max_size=3
    ),
}
