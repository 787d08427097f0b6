"""Fields: the ARM paths a view relies on, read with a type and noted as evidence."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar, overload

from scanner.model.coverage import NotRead
from scanner.model.evidence import plain

if TYPE_CHECKING:
    from scanner.model.resource import Resource

T = TypeVar("T")
P = TypeVar("P", bound="Part")


class _Missing:
    """The absence of a key, which is not the same as a null."""


MISSING = _Missing()


class View:
    """A typed window on one JSON object that was received."""

    __slots__ = ("_body", "base_path")

    def __init__(self, body: Mapping[str, Any], base_path: str = "") -> None:
        self._body = body
        self.base_path = base_path

    @property
    def owner(self) -> Resource:
        """The resource whose JSON this is, or is a part of."""
        raise NotImplementedError

    def lookup(self, path: str, *, sparse: bool = False) -> Any:
        """Return the value at a dotted path, `MISSING` where a key is absent.

        Raises NotRead when the path leads through something that is no object, or
        when a whole resource came without `properties` (no real GET does that). So does
        an item of a list that is null, or unless `sparse` lacks the value: to leave it
        out would judge a list by a part of it.
        """
        outer, inner = _steps(path)
        value = self._dig(self._body, outer, path)
        if _empty(value):
            if not self.base_path and outer[0] == "properties":
                self._require_properties(path)
            return value
        if not inner:
            return value
        if not isinstance(value, list):
            raise self.malformed(path, "inside a list", value)
        found = [self._dig(item, inner, path) for item in value]
        if None in value or not (sparse or all(not _empty(each) for each in found)):
            raise self.malformed(path, "there in every item", None)
        return [each for each in found if not _empty(each)]

    def _require_properties(self, path: str) -> None:
        if _empty(self._body.get("properties", MISSING)):
            raise self.malformed(path, "there: the response has no `properties`", None)

    def _dig(self, value: Any, keys: tuple[str, ...], path: str) -> Any:
        for key in keys:
            if isinstance(value, dict):
                value = value.get(key, MISSING)
            elif _empty(value):
                return MISSING
            else:
                raise self.malformed(path, "inside an object", value)
        return value

    def note(self, path: str, value: Any) -> None:
        """Record a value as evidence of the verdict being made."""
        self.owner.note(self.base_path + path, value)

    def cite(self, *fields: Field[Any] | Parts[Any]) -> None:
        """Record what some fields hold as evidence of the verdict being made.

        Of a list of objects, the list as a whole.
        """
        for field in fields:
            field.__get__(self, type(self))
            if isinstance(field, Parts):
                self.note(field.path, self.lookup(field.path))

    def stated(self, parts: Parts[P]) -> tuple[P, ...]:
        """Return a list that Azure always gives; raises NotRead where it does not."""
        found = parts.__get__(self, type(self))
        if not found and self.lookup(parts.path) != []:
            raise self.malformed(parts.path, "a list", None)
        return found

    def malformed(self, path: str, expected: str, value: Any) -> NotRead:
        """Return the refusal to judge a value of an unexpected type."""
        owner = self.owner
        self.note(path, value)
        where = f"{self.base_path}{path}"
        reason = f"malformed: {where} is {plain(value)[:80]}, not {expected}"
        return NotRead(reason, owner.gap(reason))

    def unread(self, path: str, why: str) -> NotRead:
        """Return the refusal to judge what Azure did not return."""
        return NotRead(f"{self.base_path}{path} {why}")


@cache
def _steps(path: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the keys of a path, and those inside each item of a list on it."""
    outer, _, inner = path.partition("[].")
    return tuple(outer.split(".")), tuple(inner.split(".")) if inner else ()


def _empty(value: Any) -> bool:
    return value is None or value is MISSING


class Field(Generic[T]):
    """One declared ARM path; reading it returns a typed value or None.

    None stands for absent and for null alike: what they mean is the check's to say.
    With `absent_is_unread`, an absent key raises NotRead and only null is None; with
    `since`, one that was read with an api-version before that date does. With
    `not_in_list`, its holder may be a list instead, of something else: it is absent.
    With `sparse`, objects of the list on its path may come without it: only where the
    API says that some of them have none.
    """

    expected: str

    def __init__(
        self,
        path: str,
        *,
        absent_is_unread: bool = False,
        since: str = "",
        not_in_list: bool = False,
        sparse: bool = False,
    ) -> None:
        self.path = path
        self.sparse = sparse
        self.absent_is_unread = absent_is_unread
        self.since = since
        self.not_in_list = not_in_list

    @overload
    def __get__(self, view: None, owner: type) -> Self: ...
    @overload
    def __get__(self, view: View, owner: type) -> T | None: ...
    def __get__(self, view: View | None, owner: type) -> Self | T | None:
        if view is None:
            return self
        value = self._received(view)
        if isinstance(value, _Missing) and self._says_nothing(view):
            view.note(self.path, value)
            raise view.unread(self.path, "was not in the response")
        if _empty(value):
            view.note(self.path, value)
            return None
        return self.convert(view, value)

    def _says_nothing(self, view: View) -> bool:
        """Whether an absent key may only not have been returned."""
        if not self.since:
            return self.absent_is_unread
        return self.absent_is_unread or view.owner.read_with < self.since

    def _received(self, view: View) -> Any:
        if self._in_list(view):
            return MISSING
        return view.lookup(self.path, sparse=self.sparse)

    def _in_list(self, view: View) -> bool:
        if not self.not_in_list:
            return False
        return isinstance(view.lookup(self.path.rpartition(".")[0]), list)

    def convert(self, view: View, value: Any) -> T:
        """Return the typed value, noted as evidence; raises NotRead for another."""
        typed = self.typed(value)
        if isinstance(typed, _Missing):
            raise view.malformed(self.path, self.expected, value)
        view.note(self.path, value)
        return typed

    def typed(self, value: Any) -> T | _Missing:
        """Return the value as Python has it, `MISSING` if it is of another type."""
        raise NotImplementedError


class Text(Field[str]):
    """A string, as received."""

    expected = "a string"

    def typed(self, value: Any) -> str | _Missing:
        """Return the string."""
        return value if isinstance(value, str) else MISSING


class Flag(Field[bool]):
    """A boolean."""

    expected = "a boolean"

    def typed(self, value: Any) -> bool | _Missing:
        """Return the boolean."""
        return value if isinstance(value, bool) else MISSING


class Number(Field[int]):
    """An integer."""

    expected = "a number"

    def typed(self, value: Any) -> int | _Missing:
        """Return the number; JSON's booleans are none."""
        return value if type(value) is int else MISSING


class Amount(Field[float]):
    """A number that need not be whole."""

    expected = "a number"

    def typed(self, value: Any) -> float | _Missing:
        """Return the number; JSON's booleans are none."""
        return value if type(value) in (int, float) else MISSING


class Moment(Field[datetime]):
    """A point in time; one without a zone is UTC."""

    expected = "a date and time"

    def typed(self, value: Any) -> datetime | _Missing:
        """Return the time, to the microsecond: Azure tells tenths of one too."""
        try:
            found = datetime.fromisoformat(value)
        except (TypeError, ValueError):
            return MISSING
        return found if found.tzinfo else found.replace(tzinfo=UTC)


class Texts(Field[tuple[str, ...]]):
    """A list of strings, or with `[].` in the path one string of each object."""

    expected = "a list of strings"

    def typed(self, value: Any) -> tuple[str, ...] | _Missing:
        """Return the strings."""
        # There may be 100,000: what JSON makes of a text is a `str` and nothing else.
        if isinstance(value, list) and set(map(type, value)) <= {str}:
            return tuple(value)
        return MISSING


class Keys(Field[tuple[str, ...]]):
    """The keys of an object, where it matters that the object is there."""

    expected = "an object"

    def typed(self, value: Any) -> tuple[str, ...] | _Missing:
        """Return the keys."""
        return tuple(value) if isinstance(value, Mapping) else MISSING


class Pairs(Field[Mapping[str, str]]):
    """An object of strings by key, such as tags."""

    expected = "an object of strings"

    def typed(self, value: Any) -> Mapping[str, str] | _Missing:
        """Return the object."""
        if not isinstance(value, Mapping):
            return MISSING
        texts = all(isinstance(each, str) for each in value.values())
        return dict(value) if texts else MISSING


class Tree(Field[Mapping[str, Any]]):
    """An object of which nothing can be declared, such as the rule of a policy."""

    expected = "an object"

    def typed(self, value: Any) -> Mapping[str, Any] | _Missing:
        """Return the object."""
        return value if isinstance(value, Mapping) else MISSING


class Part(View):
    """An element of a list, or a nested object, inside a resource."""

    __slots__ = ("_owner",)

    def __init__(
        self, owner: Resource, body: Mapping[str, Any], base_path: str
    ) -> None:
        super().__init__(body, base_path)
        self._owner = owner

    @property
    def owner(self) -> Resource:
        """The resource it is a part of."""
        return self._owner


class Parts(Generic[P]):
    """A list of objects, each seen through a `Part`; absent and null are empty.

    With `may_be_one`, an object where the list belongs is a list of that object.
    """

    def __init__(self, path: str, part: type[P], *, may_be_one: bool = False) -> None:
        self.path = path
        self.part = part
        self.may_be_one = may_be_one

    @overload
    def __get__(self, view: None, owner: type) -> Self: ...
    @overload
    def __get__(self, view: View, owner: type) -> tuple[P, ...]: ...
    def __get__(self, view: View | None, owner: type) -> Self | tuple[P, ...]:
        if view is None:
            return self
        value = view.lookup(self.path)
        if _empty(value) or value == []:
            view.note(self.path, value)
            return ()
        if self.may_be_one and isinstance(value, Mapping):
            return (self.part(view.owner, value, f"{view.base_path}{self.path}."),)
        if not isinstance(value, list):
            raise view.malformed(self.path, "a list", value)
        return tuple(self._wrap(view, value))

    def _wrap(self, view: View, items: list[Any]) -> Iterator[P]:
        for position, item in enumerate(items):
            path = f"{self.path}[{position}]"
            if not isinstance(item, Mapping):
                raise view.malformed(path, "an object", item)
            yield self.part(view.owner, item, f"{view.base_path}{path}.")


class Entries(Generic[P]):
    """An object that holds objects by key, each seen through a `Part`.

    Such as user-assigned identities by their id. Absent and null are empty, and so is
    an entry that is null.
    """

    def __init__(self, path: str, part: type[P]) -> None:
        self.path = path
        self.part = part

    @overload
    def __get__(self, view: None, owner: type) -> Self: ...
    @overload
    def __get__(self, view: View, owner: type) -> Mapping[str, P]: ...
    def __get__(self, view: View | None, owner: type) -> Self | Mapping[str, P]:
        if view is None:
            return self
        value = view.lookup(self.path)
        if _empty(value):
            view.note(self.path, value)
            return {}
        if not isinstance(value, Mapping):
            raise view.malformed(self.path, "an object", value)
        entries = dict(self._wrap(view, value))
        view.note(self.path, value)
        return entries

    def _wrap(self, view: View, value: Mapping[str, Any]) -> Iterator[tuple[str, P]]:
        for key, item in value.items():
            path = f"{self.path}['{key}']"
            if not _empty(item) and not isinstance(item, Mapping):
                raise view.malformed(path, "an object", item)
            yield key, self.part(view.owner, item or {}, f"{view.base_path}{path}.")


def declared_paths(view: type[View]) -> tuple[str, ...]:
    """Return every ARM path a view declares.

    Those of parts have `[]` where a position is, `.{*}` where a key is.
    """
    return tuple(_paths(view, ""))


def _paths(view: type[View], base_path: str) -> Iterator[str]:
    for base in view.__mro__:
        for member in vars(base).values():
            if isinstance(member, Field):
                yield base_path + member.path
            elif isinstance(member, Parts | Entries):
                inner = "[]." if isinstance(member, Parts) else ".{*}."
                yield base_path + member.path
                yield from _paths(member.part, base_path + member.path + inner)
