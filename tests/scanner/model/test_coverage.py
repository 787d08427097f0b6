from __future__ import annotations

from collections.abc import Generator

import pytest

from scanner.model.coverage import NotRead, Unclear

FIRST, SECOND = NotRead("first"), NotRead("second")


def test_what_is_unclear_is_the_first_that_was_not_read() -> None:
    unclear = Unclear()
    for problem in (FIRST, SECOND):
        with unclear:
            raise problem
    unclear.add(SECOND)
    assert unclear.problem is FIRST
    with pytest.raises(NotRead) as raised:
        unclear.settle()
    assert raised.value is FIRST


def test_nothing_is_unclear_where_all_was_read() -> None:
    unclear = Unclear()
    with unclear:
        pass
    unclear.add(None)
    unclear.settle()
    assert unclear.problem is None


@pytest.mark.parametrize("error", [KeyError, StopIteration, GeneratorExit])
def test_other_errors_pass(error: type[BaseException]) -> None:
    unclear = Unclear()
    with pytest.raises(error), unclear:
        raise error
    assert unclear.problem is None


def read(items: tuple[int | NotRead, ...], unclear: Unclear) -> Generator[int]:
    for item in items:
        with unclear:
            if isinstance(item, NotRead):
                raise item
            yield item
    unclear.settle()


def test_what_was_read_is_yielded_before_it_is_settled() -> None:
    found = read((1, FIRST, 2), Unclear())
    assert [next(found), next(found)] == [1, 2]
    with pytest.raises(NotRead, match="first"):
        next(found)


def test_a_generator_that_is_closed_early_settles_nothing() -> None:
    unclear = Unclear()
    found = read((FIRST, 1, SECOND), unclear)
    assert next(found) == 1
    found.close()
    assert unclear.problem is FIRST
    assert next(found, None) is None
