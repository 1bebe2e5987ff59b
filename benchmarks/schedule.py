"""
Replay thousands of tasks against polling laws and print what each one costs.

A law is judged by two means over all tasks: polls a task, and delay, the time from the
end of a task to the poll that finds it.
With survival S and density f the least delay x polls is half of A squared, where A is
the integral of sqrt(f x S), as long as polls are many; where there are three or fewer,
none can be split and even the best law pays more.
So the true optimum, by dynamic programming over the distribution that the tasks are
drawn from, is printed beside it, replayed on the same tasks: it knows the distribution
(and of a drift or a change, each task's share in it), and ours has to learn it.
Cost is delay + polls / price, which is what both keep low.

    python benchmarks/schedule.py [--quick]
"""

from __future__ import annotations

import argparse
import heapq
import math
import time
import tracemalloc
from functools import cache
from itertools import accumulate, cycle, repeat, takewhile
from timeit import repeat as repeat_call
from typing import TYPE_CHECKING

import attrs
import numpy as np
import pytest
from numpy.typing import NDArray

from aiomusic._polling.bins import BINS, EDGES_S
from aiomusic._polling.callback_loss import CallbackLoss
from aiomusic._polling.forecast import Curve, Table
from aiomusic._polling.ration import Ration
from aiomusic._polling.schedule import Kind, Learned, Schedule

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

Floats = NDArray[np.float64]

erf = np.vectorize(math.erf, otypes=[np.float64])

PRICES = (20_000.0, 1_000.0, 100.0, 16.0, 4.0, 1.0, 0.5, 0.2, 0.1, 0.05, 0.02)
SHOWN = (100.0, 16.0, 4.0, 1.0, 0.5, 0.2)
FIXED_S = (0.1, 0.5, 1.0, 2.0, 3.0, 5.0, 10.0, 30.0)
HORIZON_S = 3_000.0


@attrs.frozen
class Shape:
    """Mix log-normals, given as (weight, median, sigma)."""

    parts: tuple[tuple[float, float, float], ...]

    def draw(self, rng: np.random.Generator, size: int) -> Floats:
        weights = [weight for weight, _, _ in self.parts]
        chosen = rng.choice(len(self.parts), size, p=weights)
        medians = np.array([median for _, median, _ in self.parts])[chosen]
        sigmas = np.array([sigma for _, _, sigma in self.parts])[chosen]
        return medians * np.exp(sigmas * rng.standard_normal(size))

    def cdf(self, ages: Floats) -> Floats:
        logs, below = np.log(np.maximum(ages, 1e-9)), np.zeros_like(ages)
        for weight, median, sigma in self.parts:
            score = (logs - math.log(median)) / sigma
            below += weight * (1.0 + erf(score / math.sqrt(2.0))) / 2.0
        return below


@attrs.frozen
class Even:
    """Draw each duration between two with the same odds."""

    first_s: float
    last_s: float

    def draw(self, rng: np.random.Generator, size: int) -> Floats:
        return rng.uniform(self.first_s, self.last_s, size)

    def cdf(self, ages: Floats) -> Floats:
        return np.clip((ages - self.first_s) / (self.last_s - self.first_s), 0.0, 1.0)


@cache
def figures(shape: Shape | Even) -> tuple[float, float]:
    """Return the mean and A."""
    ages = np.arange(0.0, HORIZON_S, 0.05)
    below = shape.cdf(ages)
    alive = 1.0 - below[:-1]
    a = np.sqrt(np.diff(below) / 0.05 * alive).sum() * 0.05
    return float(alive.sum() * 0.05), float(a)


@attrs.frozen
class Scenario:
    """Draw tasks in order: of one shape, scaled from task to task."""

    name: str
    shape: Shape | Even
    scale: Callable[[int], Floats] = np.ones

    def draw(self, tasks: int, seed: int) -> Floats:
        rng = np.random.default_rng([seed, tasks])
        return self.shape.draw(rng, tasks) * self.scale(tasks)

    def half_a2(self, tasks: int) -> float:
        """Return the least delay x polls; A goes with the root of the scale."""
        root = float(np.sqrt(self.scale(tasks)).mean())
        return 0.5 * (figures(self.shape)[1] * root) ** 2

    def gain(self) -> float:
        mean, a = figures(self.shape)
        return mean / a**2


def drifting(tasks: int) -> Floats:
    return np.exp(0.5 * np.sin(2.0 * np.pi * np.arange(tasks) / 1_500))


def doubled(tasks: int) -> Floats:
    return np.where(np.arange(tasks) < tasks // 2, 0.75, 1.5)


FLOORED = (
    Scenario("even, 14 to 16 s", Even(14.0, 16.0)),
    Scenario("log-normal 15 s 0.04", Shape(((1.0, 15.0, 0.04),))),
    Scenario("log-normal 45 s 0.1", Shape(((1.0, 45.0, 0.1),))),
    Scenario("log-normal 60 s 0.35", Shape(((1.0, 60.0, 0.35),))),
    Scenario("bimodal 30, 50 s 0.1", Shape(((0.5, 30.0, 0.1), (0.5, 50.0, 0.1)))),
)

SCENARIOS = (
    Scenario("log-normal 0.35", Shape(((1.0, 60.0, 0.35),))),
    Scenario("log-normal 0.15", Shape(((1.0, 60.0, 0.15),))),
    Scenario("log-normal 0.8", Shape(((1.0, 60.0, 0.8),))),
    Scenario("bimodal", Shape(((0.5, 40.0, 0.15), (0.5, 120.0, 0.15)))),
    Scenario("drifting", Shape(((1.0, 60.0, 0.2),)), drifting),
    Scenario("step change", Shape(((1.0, 60.0, 0.25),)), doubled),
)


@attrs.frozen
class Outcome:
    """Hold the delay and the polls of each task."""

    delays: Floats
    polls_each: Floats

    @property
    def delay(self) -> float:
        return float(self.delays.mean())

    @property
    def p95(self) -> float:
        return float(np.quantile(self.delays, 0.95))

    @property
    def polls(self) -> float:
        return float(self.polls_each.mean())

    @property
    def product(self) -> float:
        return self.delay * self.polls

    def cost(self, price: float) -> float:
        return self.delay + self.polls / price


def together(outcomes: Iterable[Outcome]) -> Outcome:
    every = [*outcomes]
    return Outcome(
        np.concatenate([each.delays for each in every]),
        np.concatenate([each.polls_each for each in every]),
    )


def replay_polls(polls: Floats, durations: Floats) -> Outcome:
    """Replay a law whose polls are known beforehand."""
    at = np.searchsorted(polls, durations)
    return Outcome(polls[at] - durations, (at + 1).astype(np.float64))


def replay(
    schedule: Schedule, kind: Kind, durations: Floats, in_flight: int = 1
) -> Outcome:
    """Replay a law that learns, with *in_flight* tasks at a time."""
    delays, polls = np.zeros(len(durations)), np.zeros(len(durations))
    begun, seen = np.zeros(len(durations)), [0.0] * len(durations)
    heap = [(schedule.next_poll(kind, 0.0), job) for job in range(in_flight)]
    heapq.heapify(heap)
    upcoming = in_flight
    while heap:
        now, job = heap[0]
        age = now - begun[job]
        polls[job] += 1
        if age < durations[job]:
            seen[job] = age
            due = begun[job] + schedule.next_poll(kind, age)
            heapq.heapreplace(heap, (due, job))
            continue
        delays[job] = age - durations[job]
        schedule.observe(kind, seen[job], age)
        heapq.heappop(heap)
        if upcoming < len(durations):
            begun[upcoming] = now
            due = now + schedule.next_poll(kind, 0.0)
            heapq.heappush(heap, (due, upcoming))
            upcoming += 1
    return Outcome(delays, polls)


def learned(
    durations: Floats, price: float, *, typical_s: float = 45.0, in_flight: int = 1
) -> Outcome:
    kind = Kind(name="bench/create/x", typical_s=typical_s, floor_s=0.005)
    schedule = Schedule(pace=Learned(delay_price=price, ceiling_s=120.0))
    return replay(schedule, kind, durations, in_flight)


def best_polls(
    shape: Shape | Even, price_s: float, step_s: float = 0.2, floor_s: float = 0.0
) -> Floats:
    """
    Return the polls that minimise delay + price x polls, by dynamic programming.

    None comes sooner than a floor after the last.
    """
    gap = max(1, round(floor_s / step_s))
    fine = np.arange(0.0, HORIZON_S, step_s)
    below = shape.cdf(fine)
    area = np.concatenate([[0.0], np.cumsum((below[1:] + below[:-1]) / 2) * step_s])
    # Beyond the last task that may be left, one more poll needs its floor too.
    last = min(int(np.searchsorted(below, 1.0 - 1e-6)) + gap, len(fine) - 1)
    rest, after = np.zeros(last + 1), np.zeros(last + 1, dtype=int)
    for i in range(last - 1, -1, -1):
        first = min(i + gap, last)
        j = slice(first, min(last, i + int(150.0 / step_s)) + 1)
        waits = area[j] - area[i] - below[i] * (fine[j] - fine[i])
        costs = price_s * (1.0 - below[i]) + waits + rest[j]
        choice = int(np.argmin(costs))
        rest[i], after[i] = costs[choice], first + choice
    path = takewhile(
        lambda i: i < last, accumulate(repeat(0), lambda i, _: int(after[i]))
    )
    ages = [fine[i] for i in (*path, last)][1:]
    late_s = max(5.0, floor_s)
    return np.array([*ages, *np.arange(ages[-1] + late_s, 4 * HORIZON_S, late_s)])


def optimum(scenario: Scenario, price_s: float, durations: Floats) -> Outcome:
    """Replay the optimum of one who knows the shape and each task's scale."""
    scales = np.round(np.log(scenario.scale(len(durations))), 1)
    outcomes = []
    for log in np.unique(scales):
        scale = math.exp(log)
        step_s = min(max(price_s, 0.05), 0.2)
        polls = scale * best_polls(scenario.shape, price_s / scale, step_s)
        outcomes.append(replay_polls(polls, durations[scales == log]))
    return together(outcomes)


def fixed(every_s: float) -> Floats:
    return np.arange(every_s, 4 * HORIZON_S, every_s)


def backoff(first_s: float, factor: float, most_s: float) -> Iterator[float]:
    age_s, gap_s = 0.0, first_s
    while age_s < 4 * HORIZON_S:
        age_s += gap_s
        gap_s = min(gap_s * factor, most_s)
        yield age_s


def proportional(first_s: float, share: float) -> Iterator[float]:
    age_s = 0.0
    while age_s < 4 * HORIZON_S:
        age_s += max(first_s, share * age_s)
        yield age_s


def sleep_then_poll(sleep_s: float, every_s: float) -> Floats:
    return np.arange(sleep_s, 4 * HORIZON_S, every_s)


def fixed_laws() -> dict[str, Floats]:
    laws = {f"every {every_s:g} s": fixed(every_s) for every_s in FIXED_S}
    laws["backoff 1 to 30 s, x 2"] = np.array([*backoff(1.0, 2.0, 30.0)])
    laws["backoff 1 to 10 s, x 1.5"] = np.array([*backoff(1.0, 1.5, 10.0)])
    laws["a tenth of the age"] = np.array([*proportional(1.0, 0.1)])
    laws["sleep 30 s, every 2 s"] = sleep_then_poll(30.0, 2.0)
    laws["sleep 45 s, every 5 s"] = sleep_then_poll(45.0, 5.0)
    return laws


def fixed_polls(durations: Floats, delay_s: float) -> float:
    """Return how many polls a fixed pace needs for the same mean delay."""
    every_s = 2.0 * delay_s
    for _ in range(3):
        every_s *= delay_s / replay_polls(fixed(every_s), durations).delay
    return replay_polls(fixed(every_s), durations).polls


def heading(text: str, columns: str) -> None:
    print(f"\n{text}\n{columns}", flush=True)


def curve_of(
    scenario: Scenario, prices: Iterable[float], tasks: int, seeds: int
) -> dict[float, Outcome]:
    """Replay ours at every price, the finest on fewer tasks."""
    curve = {}
    for price in prices:
        few = 1 if price <= 100.0 else 4 if price <= 1_000.0 else 10
        curve[price] = together(
            learned(scenario.draw(tasks // few, seed), price)
            for seed in range(seeds if few == 1 else 1)
        )
    return curve


def show_knob(
    scenario: Scenario, curve: dict[float, Outcome], tasks: int, seeds: int
) -> None:
    least = scenario.half_a2(tasks)
    draws = [scenario.draw(tasks, seed) for seed in range(seeds)]
    heading(
        f"{scenario.name}: G {scenario.gain():.2f}, half A squared {least:.2f}",
        "  price   polls  delay    p95 | over half A squared: ours optimum |"
        " ours over optimum: product  cost | fixed pace's polls",
    )
    for price in SHOWN:
        ours = curve[price]
        best = together(optimum(scenario, 1.0 / price, each) for each in draws)
        more = fixed_polls(np.concatenate(draws), ours.delay) / ours.polls
        print(
            f"{price:7g} {ours.polls:7.2f} {ours.delay:6.2f} {ours.p95:6.2f} |"
            f" {ours.product / least:25.3f} {best.product / least:7.3f} |"
            f" {ours.product / best.product:26.3f}"
            f" {ours.cost(price) / best.cost(price):5.3f} | x {more:.2f}",
            flush=True,
        )


def polls_at(curve: dict[float, Outcome], delay_s: float) -> float:
    """Return the polls ours takes at a mean delay, between its measured points."""
    points = sorted((each.delay, each.polls) for each in curve.values())
    delays, polls = np.log(np.array(points)).T
    return float(np.exp(np.interp(math.log(delay_s), delays, polls)))


def show_laws(scenario: Scenario, curve: dict[float, Outcome], tasks: int) -> None:
    durations = np.concatenate([scenario.draw(tasks, seed) for seed in range(2)])
    delays = [each.delay for each in curve.values()]
    heading(
        f"{scenario.name}: other laws",
        "  law                        polls  delay    p95 | ours, at that delay",
    )
    for name, polls in fixed_laws().items():
        law = replay_polls(polls, durations)
        verdict = "beyond the prices tried"
        # Beyond our longest delay the last point is a bound: fewer polls, less delay.
        if min(delays) <= law.delay:
            share = polls_at(curve, law.delay) / law.polls
            is_inside = share > (1.0 if scenario.gain() > 1.2 else 1.05)
            verdict = f"x {share:.2f}" + "  INSIDE" * is_inside
        print(
            f"  {name:<24} {law.polls:7.2f} {law.delay:6.2f} {law.p95:6.2f} | {verdict}"
        )


def show_start(prices: Iterable[float], seeds: int) -> None:
    heading(
        "The first 50 tasks, delay x polls over half A squared, by the prior's error",
        "  scenario           price | optimum |  right  3 x low  3 x high |"
        " 10 in flight: right  3 x low",
    )
    starts = ((60.0, 1), (20.0, 1), (180.0, 1), (60.0, 10), (20.0, 10))
    for scenario in SCENARIOS[:4]:
        draws = [scenario.draw(50, 1_000 + seed) for seed in range(seeds)]
        least = scenario.half_a2(50)
        for price in prices:
            best = optimum(scenario, 1.0 / price, np.concatenate(draws))
            runs = [
                together(
                    learned(each, price, typical_s=typical_s, in_flight=in_flight)
                    for each in draws
                )
                for typical_s, in_flight in starts
            ]
            cells = "".join(f"{run.product / least:8.2f}" for run in runs)
            print(
                f"  {scenario.name:<16} {price:7g} | {best.product / least:7.2f}"
                f" |{cells}",
                flush=True,
            )


def told_polls(kind: Kind, price: float, ends: Floats) -> Floats:
    """Return the polls of a schedule that was told when tasks end, to the moment."""
    schedule = Schedule(pace=Learned(delay_price=price, ceiling_s=120.0))
    for end in ends:
        schedule.observe(kind, end, end)
    steps = accumulate(repeat(0.0), lambda age, _: schedule.next_poll(kind, age))
    return np.array([*takewhile(lambda age: age < HORIZON_S, steps)][1:])


def show_floors(tasks: int, seeds: int) -> None:
    """
    Show polls that a provider wants far apart, the first tenth of the tasks left out.

    Told the ends, only the plan is judged; by its own polls, also what it can learn
    from so few.
    """
    heading(
        "Polls far apart, cost over that of the optimum with the same floor",
        "  scenario             floor  price | optimum: polls  delay |"
        " ours: polls  delay | cost: ours  told the ends  every floor",
    )
    kept = slice(tasks // 10, None)
    for scenario in FLOORED:
        draws = [scenario.draw(tasks, seed) for seed in range(seeds)]
        durations = np.concatenate([draw[kept] for draw in draws])
        for floor_s in (5.0, 15.0):
            kind = Kind(name="bench/create/x", typical_s=45.0, floor_s=floor_s)
            for price in (4.0, 1.0):
                pace = Learned(delay_price=price, ceiling_s=120.0)
                runs = [replay(Schedule(pace=pace), kind, draw) for draw in draws]
                ours = together(
                    Outcome(r.delays[kept], r.polls_each[kept]) for r in runs
                )
                told = told_polls(kind, price, scenario.draw(600, seeds))
                best, *others = (
                    replay_polls(polls, durations)
                    for polls in (
                        best_polls(scenario.shape, 1.0 / price, 0.1, floor_s),
                        told,
                        fixed(floor_s),
                    )
                )
                cells = (each.cost(price) / best.cost(price) for each in others)
                print(
                    f"  {scenario.name:<20} {floor_s:5g} {price:6g} |"
                    f" {best.polls:14.2f} {best.delay:6.2f} |"
                    f" {ours.polls:11.2f} {ours.delay:6.2f} |"
                    f" {ours.cost(price) / best.cost(price):10.3f}"
                    f"{''.join(f'{cell:13.3f}' for cell in cells)}",
                    flush=True,
                )


def distrust(patch: pytest.MonkeyPatch, part: slice) -> None:
    """Have forecasts leave out some of those that they are mixed of."""
    refit: Callable[[Table], Curve] = vars(Table)["_refit"]

    def half_blind(table: Table) -> Curve:
        kept, table.trust = table.trust, [*table.trust]
        table.trust[part] = [-50.0] * len(kept[part])
        curve = refit(table)
        table.trust = kept
        return curve

    patch.setattr(Table, "_refit", half_blind)


def ignore_floor(patch: pytest.MonkeyPatch) -> None:
    poll_after = Curve.poll_after

    def floorless(curve: Curve, age_s: float, price_s: float, _: float) -> float:
        return poll_after(curve, age_s, price_s, 0.001)

    patch.setattr(Curve, "poll_after", floorless)


FORECAST, PLAN = "aiomusic._polling.forecast", "aiomusic._polling.plan.Plan"
# Whatever learns or plans, and how it is left out.
PARTS: Mapping[str, Callable[[pytest.MonkeyPatch], None]] = {
    "histogram": lambda patch: distrust(patch, slice(0, 1)),
    "log-normals": lambda patch: distrust(patch, slice(1, None)),
    "changes": lambda patch: patch.setattr(Table, "_is_drifting", False),
    "first blur": lambda patch: patch.setattr(f"{FORECAST}._FIRST_BLUR", 0.0),
    "lean": lambda patch: patch.setattr(f"{FORECAST}._LEAN", 0.01),
    "floor": ignore_floor,
    "between edges": lambda patch: patch.setattr(
        f"{PLAN}._between_edges", lambda _, k, __: EDGES_S[min(k, BINS)]
    ),
    "short waits": lambda patch: patch.setattr(
        f"{PLAN}._poll_near", lambda *_: math.inf
    ),
}
# Floor, tasks as a share of all, and price.
STAGES = ((0.005, 1.0, 4.0), (0.005, 0.05, 4.0), (15.0, 1.0, 4.0), (0.005, 0.2, 100.0))


def show_ablation(tasks: int, seeds: int) -> None:
    """
    Show what each part of the schedule wins: the cost without it over that with.

    The ration is left out by `show_capped`, the pending time by `show_pending`, and
    callbacks by `show_called`.
    """
    heading(
        "What each part wins: the cost without it, over that with all",
        f"  scenario             floor tasks price | {'  '.join(PARTS)}",
    )
    most = dict.fromkeys(PARTS, 0.0)
    for scenario in (*SCENARIOS, *FLOORED):
        for floor_s, share, price in STAGES:
            kind = Kind(name="bench/create/x", typical_s=45.0, floor_s=floor_s)
            count = int(tasks * share)
            draws = [scenario.draw(count, seed) for seed in range(seeds)]
            pace = Learned(delay_price=price, ceiling_s=120.0)

            def cost(
                draws: Sequence[Floats] = draws,
                kind: Kind = kind,
                pace: Learned = pace,
            ) -> float:
                runs = (replay(Schedule(pace=pace), kind, draw) for draw in draws)
                return together(runs).cost(pace.delay_price)

            whole, cells = cost(), ""
            for part, leave_out in PARTS.items():
                with pytest.MonkeyPatch.context() as patch:
                    leave_out(patch)
                    wins = cost() / whole
                most[part] = max(most[part], wins)
                cells += f"{wins:{len(part) + 2}.3f}"
            print(
                f"  {scenario.name:<20} {floor_s:5g} {count:5} {price:5g} |{cells}",
                flush=True,
            )
    cells = "".join(f"{wins:{len(part) + 2}.3f}" for part, wins in most.items())
    print(f"  {'at most':<38} |{cells}")


def show_change(seeds: int) -> None:
    """Show what a sudden doubling, or halving, costs while it is being learned."""
    heading(
        "After a sudden change, delay x polls over half A squared, price 4",
        "  change        before | tasks 1 to 20   21 to 60  61 to 150  151 to 500",
    )
    shape = SCENARIOS[5].shape
    for name, first, then in (("x 2", 0.75, 1.5), ("x 1/2", 1.5, 0.75)):
        runs = []
        for seed in range(seeds):
            rng = np.random.default_rng(seed)
            scales = np.repeat([first, then], [300, 500])
            runs.append(learned(shape.draw(rng, 800) * scales, 4.0))
        delays = np.mean([run.delays for run in runs], axis=0)
        polls = np.mean([run.polls_each for run in runs], axis=0)
        cells = []
        for a, b, scale in (
            (150, 300, first),
            *((300 + i, 300 + j, then) for i, j in ((0, 20), (20, 60), (60, 150))),
            (450, 800, then),
        ):
            least = 0.5 * figures(shape)[1] ** 2 * scale
            cells.append(f"{delays[a:b].mean() * polls[a:b].mean() / least:11.2f}")
        print(f"  {name:<8}" + "".join(cells), flush=True)


def capped(
    durations: Floats, begun: Floats, per_s: float, *, is_equal: bool
) -> tuple[Outcome, float]:
    """
    Replay tasks that share a rate of polls; return also how late polls were, on mean.

    They take turns, or the first that is due is polled, as its schedule and the
    ration will have it; a turn for which none is due is not used.
    """
    kind = Kind(name="bench/create/x", typical_s=45.0, floor_s=0.5)
    pace = Learned(delay_price=100.0)
    schedule, ration = Schedule(pace=pace), Ration(per_s=per_s, least_s=pace.price_s)
    delays, polls = np.zeros(len(durations)), np.zeros(len(durations))
    seen, share = [0.0] * len(durations), [0.0] * len(durations)
    heap: list[tuple[float, int]] = []
    late: list[float] = []
    now, upcoming, ended = 0.0, 0, 0

    def plan(job: int, age: float) -> None:
        poll = age
        if not is_equal:
            poll = schedule.next_poll(kind, age, price_s=ration.price_s)
            share[job] = ration.enter(poll - age)
        heapq.heappush(heap, (begun[job] + poll, job))

    while ended < len(durations):
        while upcoming < len(durations) and begun[upcoming] <= now:
            plan(upcoming, now - begun[upcoming])
            upcoming += 1
        now += 1.0 / per_s
        if not heap or heap[0][0] > now:
            continue
        due, job = heapq.heappop(heap)
        age = now - begun[job]
        late.append(now - due)
        polls[job] += 1
        ration.leave(share[job])
        if age < durations[job]:
            seen[job] = age
            plan(job, age)
            continue
        delays[job] = age - durations[job]
        schedule.observe(kind, seen[job], age)
        ended += 1
    return Outcome(delays, polls), float(np.mean(late))


def show_capped(scenarios: Iterable[Scenario], tasks: int, seeds: int) -> None:
    """
    Show a cap that binds; at best, the mean is what equal turns pay over G.

    The first tasks are left out, and the last only keep the others company.
    """
    heading(
        "Polls rationed, tasks arriving at random, five a second",
        "  scenario         polls | equal: polls   mean    p95 |"
        " ours: polls   mean    p95   late | of equal: mean (1/G)   p95",
    )
    for scenario in scenarios:
        for a_task in (3, 5, 8, 14):
            runs: dict[bool, list[Outcome]] = {True: [], False: []}
            lates = []
            for seed in range(seeds):
                durations = scenario.draw(tasks * 2, seed)
                rng = np.random.default_rng(seed)
                begun = rng.exponential(0.2, tasks * 2).cumsum()
                for is_equal, into in runs.items():
                    run, late = capped(
                        durations, begun, 5.0 * a_task, is_equal=is_equal
                    )
                    kept = slice(tasks // 4, tasks)
                    into.append(Outcome(run.delays[kept], run.polls_each[kept]))
                lates.append(late)
            equal, ours = (together(each) for each in runs.values())
            print(
                f"  {scenario.name:<16} {a_task:5} | {equal.polls:12.2f}"
                f" {equal.delay:6.2f} {equal.p95:6.2f} | {ours.polls:11.2f}"
                f" {ours.delay:6.2f} {ours.p95:6.2f} {np.mean(lates):6.2f} |"
                f" {ours.delay / equal.delay:14.2f} ({1.0 / scenario.gain():.2f})"
                f" {ours.p95 / equal.p95:5.2f}",
                flush=True,
            )


def replay_waiting(
    schedule: Schedule, waits: Floats, runs: Floats, *, is_told: bool
) -> Outcome:
    """Replay tasks that wait for their turn, and say so or not."""
    kind = Kind(name="bench/create/x", typical_s=45.0, floor_s=0.05)
    delays, polls = np.zeros(len(waits)), np.zeros(len(waits))
    for job, (wait, run) in enumerate(zip(waits, runs, strict=True)):
        age = seen = pending = 0.0
        while age < wait + run:
            seen = age
            pending = age if is_told and age < wait else pending
            age = schedule.next_poll(kind, age, pending_s=pending)
            polls[job] += 1
        delays[job] = age - wait - run
        schedule.observe(kind, seen, age, pending_s=pending)
    return Outcome(delays, polls)


def show_pending(tasks: int) -> None:
    """Show what it is worth to hear that a task still waits for its turn."""
    heading(
        "Tasks that wait for their turn, then run: to hear that they wait, or not",
        "  waits and runs         price | blind: polls  delay | told: polls  delay |"
        " product   cost",
    )
    rng = np.random.default_rng(0)
    queue = 60.0 * np.exp(0.9 * rng.standard_normal(tasks))
    runs = 60.0 * np.exp(0.2 * rng.standard_normal(tasks))
    for name, waits, after in (
        ("queue, then 60 s", queue, runs),
        ("20 s, then 60 s", queue / 3.0, runs),
        ("pending to the end", runs, np.zeros(tasks)),
    ):
        for price in (16.0, 4.0, 1.0):
            pace = Learned(delay_price=price, ceiling_s=120.0)
            blind, told = (
                replay_waiting(Schedule(pace=pace), waits, after, is_told=is_told)
                for is_told in (False, True)
            )
            print(
                f"  {name:<20} {price:7g} | {blind.polls:12.2f} {blind.delay:6.2f} |"
                f" {told.polls:11.2f} {told.delay:6.2f} |"
                f" x {told.product / blind.product:.2f}"
                f" x {told.cost(price) / blind.cost(price):.2f}",
                flush=True,
            )


def replay_called(
    durations: Floats, is_lost: NDArray[np.bool_], floor_s: float, delay_s: float = 0.1
) -> Outcome:
    """Replay tasks whose ends are told by a callback, which may be lost."""
    kind = Kind(name="bench/create/x", typical_s=45.0, floor_s=floor_s)
    schedule, callbacks = Schedule(), CallbackLoss()
    delays, polls = np.zeros(len(durations)), np.zeros(len(durations))
    for job, duration in enumerate(durations):
        called = math.inf if is_lost[job] else duration + delay_s
        age = seen = 0.0
        while age < duration:
            price_s = callbacks.price_s(Learned().price_s)
            planned = schedule.next_poll(kind, age, price_s=price_s)
            seen, age = age, min(called, planned)
            polls[job] += 1
        delays[job] = age - duration
        is_called = age == called
        callbacks.ended(is_called=is_called)
        schedule.observe(kind, max(seen, age - 1.0) if is_called else seen, age)
    return Outcome(delays, polls)


def known_called(
    scenario: Scenario, tasks: int, lost: float, delay_s: float = 0.1
) -> list[Outcome]:
    """Replay one who knows durations and losses, at several prices, polls falling."""
    durations = scenario.draw(tasks, 0)
    found = (optimum(scenario, price, durations) for price in np.geomspace(1, 400, 12))
    # Each task has one poll after its end, and only those that are lost wait for it.
    return [
        Outcome(lost * one.delays + (1.0 - lost) * delay_s, one.polls_each)
        for one in found
    ]


def show_called(tasks: int, seeds: int) -> None:
    """
    Show polls and delay where callbacks come, a tenth of a second after the end.

    Beside it what nobody can better: the delay of one who knows the durations and how
    many are lost, with as many polls; and the polls that it takes for a second.
    """
    heading(
        "Callbacks first: of all, and of the first 30 tasks of a session",
        "  scenario         floor | none lost: polls  delay | first 30: polls |"
        " 10 % lost: polls  delay | first 30: polls  delay |"
        " known: delay  polls for 1 s",
    )
    for scenario in SCENARIOS:
        known = known_called(scenario, tasks, 0.1)
        known.sort(key=lambda one: one.delay)
        delays, polls = [one.delay for one in known], [one.polls for one in known]
        for floor_s in (0.5, 15.0):
            cells = []
            for share in (0.0, 0.1):
                runs = []
                for seed in range(seeds):
                    draws = scenario.draw(tasks, seed)
                    is_lost = np.random.default_rng(seed).random(tasks) < share
                    runs.append(replay_called(draws, is_lost, floor_s))
                first = together(
                    Outcome(run.delays[:30], run.polls_each[:30]) for run in runs
                )
                cells.append((together(runs), first))
            (none, none_first), (some, some_first) = cells
            print(
                f"  {scenario.name:<16} {floor_s:5g} | {none.polls:16.2f}"
                f" {none.delay:6.2f} | {none_first.polls:15.2f} | {some.polls:16.2f}"
                f" {some.delay:6.2f} | {some_first.polls:15.2f}"
                f" {some_first.delay:6.2f} |"
                f" {np.interp(-some.polls, [-one for one in polls], delays):12.2f}"
                f" {np.interp(1.0, delays, polls):14.2f}",
                flush=True,
            )


def show_eta(tasks: int) -> None:
    heading(
        "How often the end fell within the promised range (aim 0.8)",
        "  scenario          at 0 s   at 30 s   at 60 s |  at 100 s: later    width, s",
    )
    for scenario in SCENARIOS:
        kind = Kind(name="bench/create/x", typical_s=45.0, floor_s=0.05)
        schedule = Schedule(pace=Learned(ceiling_s=120.0))
        hits: list[list[bool]] = [[], [], []]
        late: list[tuple[bool, float]] = []
        for job, duration in enumerate(scenario.draw(tasks, 7)):
            if job > 50:
                for into, age in zip(hits, (0.0, 30.0, 60.0), strict=True):
                    low, high = schedule.eta(kind, age)
                    if age < duration:
                        into.append(low <= duration - age <= high)
                if duration > 100.0:
                    low, high = schedule.eta(kind, 100.0)
                    late.append((duration - 100.0 > high, high - low))
            age = seen = 0.0
            while age < duration:
                seen, age = age, schedule.next_poll(kind, age)
            schedule.observe(kind, seen, age)
        cells = "".join(f"{np.mean(into):10.2f}" for into in hits)
        above, width = np.mean(late, axis=0) if late else (math.nan, math.nan)
        later = f"{above:9.2f} of {len(late):4} {width:9.0f}"
        print(f"  {scenario.name:<16}{cells} | {later}")


def show_cost(repeats: int) -> None:
    """Show what the arithmetic costs in CPU, each figure the median of several runs."""
    kind = Kind(name="bench/create/x", typical_s=45.0)
    durations = SCENARIOS[0].draw(1_000, 0)
    ends = cycle(durations)

    def poll_all(schedule: Schedule, tasks: Floats) -> float:
        """Return the microseconds a poll, with all that is learned meanwhile."""
        started = time.process_time()
        outcome = replay(schedule, kind, tasks)
        spent = time.process_time() - started
        return spent * 1e6 / (outcome.polls * len(tasks))

    def microseconds(call: Callable[[], object], number: int) -> float:
        timer = time.process_time
        spent = repeat_call(call, timer=timer, repeat=repeats, number=number)
        return float(np.median(spent)) * 1e6 / number

    def end() -> None:
        lower = next(ends)
        schedule.observe(kind, lower, lower + 2.0)

    cold = [poll_all(Schedule(), durations[:50]) for _ in range(repeats)]
    schedule = Schedule()
    replay(schedule, kind, durations)
    warm = [poll_all(schedule, durations[:300]) for _ in range(repeats)]
    first = microseconds(lambda: schedule.next_poll(kind, 0.0), 2_000)
    later = microseconds(lambda: schedule.next_poll(kind, 60.0), 2_000)
    ended = microseconds(end, 500)
    ration = Ration(per_s=1.0, least_s=0.25)
    for _ in range(100):
        ration.enter(math.sqrt(60.0 * ration.price_s))
    rationed = microseconds(
        lambda: ration.leave(ration.enter(math.sqrt(60.0 * ration.price_s))), 2_000
    )
    tracemalloc.start()
    again = Schedule.from_state(schedule.to_state())
    again.next_poll(kind, 0.0)
    size = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    heading("Cost", "")
    print(f"  next_poll at 0 s {first:.1f} us, at 60 s {later:.1f} us")
    print(f"  a ration's price, enter and leave {rationed:.1f} us, while short")
    print(f"  observe {ended:.0f} us, with the refits it calls for")
    print(
        "  all in, with the replay around it:"
        f" {np.median(warm):.1f} us a poll, {np.median(cold):.1f} in the first 50 tasks"
    )
    print(f"  memory {size / 1024:.0f} KiB a kind")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer tasks and seeds")
    quick = parser.parse_args().quick
    tasks, seeds, repeats = (300, 1, 2) if quick else (3_000, 3, 30)
    started = time.perf_counter()
    for scenario in SCENARIOS:
        curve = curve_of(scenario, PRICES[2:] if quick else PRICES, tasks, seeds)
        show_knob(scenario, curve, tasks, seeds)
        show_laws(scenario, curve, tasks)
    show_start((4.0,) if quick else (16.0, 4.0, 1.0), repeats)
    show_floors(tasks, seeds)
    show_ablation(tasks // 3, seeds)
    show_change(repeats)
    show_capped(SCENARIOS[: 1 if quick else 4], max(tasks, 1_000), min(seeds, 2))
    show_pending(tasks)
    show_called(tasks // 3, seeds)
    show_eta(tasks)
    show_cost(3 if quick else 9)
    print(f"\n{time.perf_counter() - started:.0f} s")


if __name__ == "__main__":
    main()
