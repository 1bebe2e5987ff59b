"""Slots and credits: the ceiling holds whatever happens, and nothing leaks."""

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from aiomusic import BudgetExceeded
from aiomusic._limits import Admission, Limits


class Books(RuleBasedStateMachine):
    """Jobs of any price come and go in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.limits = Limits(concurrency=1)
        self.held: list[int] = []
        self.paid = 0

    @initialize(concurrency=st.integers(1, 4), most=st.none() | st.integers(0, 60))
    def begin(self, concurrency: int, most: int | None) -> None:
        self.limits = Limits(concurrency=concurrency, max_credits=most)

    @rule(cost=st.sampled_from([0, 1, 2, 10]))
    def ask(self, cost: int) -> None:
        most = self.limits.max_credits
        is_hopeless = most is not None and self.paid + cost > most
        is_full = len(self.held) == self.limits.concurrency
        is_dear = most is not None and self.paid + sum(self.held) + cost > most

        try:
            admission = self.limits.admit(cost)
        except BudgetExceeded:
            assert is_hopeless
            return

        assert not is_hopeless
        assert (is_full or is_dear) == (admission is Admission.WAIT)
        if admission is Admission.GRANTED:
            self.held.append(cost)

    @precondition(lambda self: self.held)
    @rule(data=st.data(), is_paid=st.booleans())
    def end(self, data: st.DataObject, *, is_paid: bool) -> None:
        cost = self.held.pop(data.draw(st.integers(0, len(self.held) - 1)))
        self.limits.free_slot()
        if is_paid:
            self.limits.spend(cost)
            self.paid += cost
        else:
            self.limits.give_back(cost)

    @invariant()
    def never_beyond_the_ceiling(self) -> None:
        limits = self.limits
        most = limits.max_credits
        assert most is None or limits.reserved + limits.spent <= most

    @invariant()
    def never_more_in_flight_than_slots(self) -> None:
        assert 0 <= self.limits.in_flight <= self.limits.concurrency

    @invariant()
    def the_books_tell_what_happened(self) -> None:
        limits = self.limits
        assert (len(self.held), sum(self.held), self.paid) == (
            limits.in_flight,
            limits.reserved,
            limits.spent,
        )

    def teardown(self) -> None:
        for cost in self.held:
            self.limits.free_slot()
            self.limits.give_back(cost)
        assert (0, 0, self.paid) == (
            self.limits.in_flight,
            self.limits.reserved,
            self.limits.spent,
        )


TestBooks = Books.TestCase
TestBooks.settings = settings(max_examples=60, stateful_step_count=30)


def test_a_budget_of_a_hundred_buys_ten_songs() -> None:
    """The eleventh is refused, with the sums, before anything is sent."""
    limits = Limits(concurrency=100, max_credits=100)
    for _ in range(10):
        assert Admission.GRANTED is limits.admit(10)
        limits.spend(10)

    with pytest.raises(
        BudgetExceeded,
        match=r"costs 10 credits, and 100 of max_credits=100 are spent.*Nothing was",
    ) as caught:
        limits.admit(10)

    assert ("no", "never") == (caught.value.charged, caught.value.retry)


def test_what_others_may_give_back_is_waited_for() -> None:
    """A job is not refused for credits that are only reserved."""
    limits = Limits(concurrency=10, max_credits=10)
    limits.admit(10)

    assert Admission.WAIT is limits.admit(10)

    limits.give_back(10)
    limits.free_slot()
    assert Admission.GRANTED is limits.admit(10)


def test_no_ceiling_is_no_ceiling() -> None:
    """Without max_credits, only slots count."""
    limits = Limits(concurrency=2)

    found = [limits.admit(1_000_000) for _ in range(3)]

    assert [Admission.GRANTED, Admission.GRANTED, Admission.WAIT] == found


def test_what_waits_has_taken_nothing() -> None:
    """Asking again and again costs neither slots nor credits."""
    limits = Limits(concurrency=1, max_credits=100)
    limits.admit(10)

    for _ in range(5):
        limits.admit(10)

    assert (1, 10, 0) == (limits.in_flight, limits.reserved, limits.spent)
