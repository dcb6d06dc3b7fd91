"""Intervals against SciPy, published tables, naive twins and their own coverage."""

import csv
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import special, stats

from alvh import statistics as s
from alvh.errors import AlvhError
from alvh.statistics.distributions import beta_quantile, binomial_cdf, incomplete_beta, student_quantile

GOLDEN = Path(__file__).parent / "golden" / "proportion_intervals.csv"
Z = 1.959963984540054
trials = st.integers(1, 3_000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))
samples = st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=60)


# distributions


@given(st.floats(0, 1), st.floats(0.05, 5_000), st.floats(0.05, 5_000))
def test_incomplete_beta_is_scipys(x, a, b):
    assert incomplete_beta(x, a, b) == pytest.approx(special.betainc(a, b, x), rel=1e-9, abs=1e-13)


@pytest.mark.parametrize(("a", "b"), [(1e6, 0.5), (0.5, 1e6), (3.0, 1e6), (5e5, 5e5)])
def test_incomplete_beta_with_massive_shapes(a, b):
    for p in (0.001, 0.3, 0.9):
        assert incomplete_beta(special.betaincinv(a, b, p), a, b) == pytest.approx(p, rel=1e-6)


def test_incomplete_beta_outside_its_domain_is_0_or_1():
    assert incomplete_beta(-0.1, 2, 3) == incomplete_beta(0, 2, 3) == 0
    assert incomplete_beta(1.1, 2, 3) == incomplete_beta(1, 2, 3) == 1


@given(st.floats(0.001, 0.999), st.floats(0.5, 500), st.floats(0.5, 500))
def test_beta_quantile_inverts(p, a, b):
    assert incomplete_beta(beta_quantile(p, a, b), a, b) == pytest.approx(p, rel=1e-6)


@given(st.integers(0, 200), st.floats(0.001, 0.999), st.data())
def test_binomial_cdf_is_the_sum_of_its_terms(n, p, data):
    k = data.draw(st.integers(-1, n))
    naive = sum(math.comb(n, i) * p**i * (1 - p) ** (n - i) for i in range(k + 1))
    assert binomial_cdf(k, n, p) == pytest.approx(naive, rel=1e-9, abs=1e-13)


@pytest.mark.parametrize("degrees", [1, 2, 15, 300, 19_999, 1_000_000])
@pytest.mark.parametrize("level", [0.5, 0.95, 0.999])
def test_student_quantile_is_scipys(level, degrees):
    assert student_quantile(level, degrees) == pytest.approx(stats.t.ppf(0.5 + level / 2, degrees), rel=1e-8)


# proportions


def test_published_intervals():
    for row in csv.DictReader(GOLDEN.read_text().splitlines()):
        _, low, high = getattr(s, row["method"])(int(row["hits"]), int(row["n"]))
        assert (round(low, 4), round(high, 4)) == (float(row["low"]), float(row["high"])), row


@pytest.mark.parametrize(("ours", "theirs"), [(s.wilson, "wilson"), (s.clopper_pearson, "exact")])
@given(trials, st.sampled_from([0.8, 0.95, 0.99]))
def test_intervals_are_scipys(ours, theirs, hits_n, level):
    hits, n = hits_n
    reference = stats.binomtest(hits, n).proportion_ci(level, theirs)
    assert ours(hits, n, level)[1:] == pytest.approx((reference.low, reference.high), rel=1e-8, abs=1e-14)


@given(trials)
def test_proportion_contains_its_value_and_is_symmetric(hits_n):
    hits, n = hits_n
    value, low, high = s.proportion(hits, n)
    mirror = s.proportion(n - hits, n)
    assert 0 <= low <= value <= high <= 1
    assert (1 - mirror.high, 1 - mirror.value, 1 - mirror.low) == pytest.approx((low, value, high), abs=1e-9)


@given(trials)
def test_proportion_is_monotone_in_hits(hits_n):
    hits, n = hits_n
    if hits < n and n > 3:  # up to three trials 3/n bounds nothing
        assert all(a <= b for a, b in zip(s.proportion(hits, n), s.proportion(hits + 1, n), strict=True))


@pytest.mark.parametrize(("p", "n"), [(0.02, 100), (0.1, 60), (0.5, 40)])
def test_coverage_of_the_exact_interval(p, n):
    weights = stats.binom.pmf(np.arange(n + 1), n, p)
    covered = [low <= p <= high for _, low, high in (s.clopper_pearson(k, n) for k in range(n + 1))]
    assert weights @ covered >= 0.95


@pytest.mark.parametrize(("p", "n"), [(0.003, 2_000), (0.05, 400), (0.5, 100)])
def test_coverage_of_the_reported_interval(p, n):
    weights = stats.binom.pmf(np.arange(n + 1), n, p)
    covered = [low <= p <= high for _, low, high in (s.proportion(k, n) for k in range(n + 1))]
    assert weights @ covered >= 0.93


def test_no_hit_is_the_rule_of_three():
    assert s.proportion(0, 1_000) == (0, 0, 0.003)
    assert s.proportion(1_000, 1_000) == (1, 0.997, 1)
    assert s.proportion(0, 2) == (0, 0, 1)


def test_exact_below_ten_hits_or_misses_and_wilson_from_ten():
    assert s.proportion(9, 1_000) == s.clopper_pearson(9, 1_000)
    assert s.proportion(991, 1_000) == s.clopper_pearson(991, 1_000)
    assert s.proportion(10, 1_000) == s.wilson(10, 1_000)


def test_no_trials_say_nothing():
    for interval in (s.wilson, s.clopper_pearson, s.proportion):
        value, low, high = interval(0, 0)
        assert math.isnan(value)
        assert (low, high) == (0, 1)


@pytest.mark.parametrize(("hits", "n"), [(-1, 5), (6, 5)])
def test_impossible_counts_are_refused(hits, n):
    with pytest.raises(AlvhError, match=f"hits = {hits}"):
        s.proportion(hits, n)


def test_impossible_level_is_refused():
    with pytest.raises(AlvhError, match="level = 95"):
        s.wilson(1, 5, 95)


# paired proportions


@given(st.integers(0, 400), st.integers(0, 400))
def test_mcnemar_is_the_exact_binomial_test(n01, n10):
    reference = stats.binomtest(n01, n01 + n10).pvalue if n01 + n10 else 1
    assert s.mcnemar(n01, n10) == pytest.approx(reference, rel=1e-8)
    assert s.mcnemar(n01, n10) == s.mcnemar(n10, n01)


def test_mcnemar_without_discordant_pairs_is_1():
    assert s.mcnemar(0, 0) == 1


@given(st.integers(0, 50), st.integers(0, 50), st.integers(0, 500))
def test_paired_proportion_contains_its_value_and_changes_sign(n01, n10, agreeing):
    n = n01 + n10 + agreeing
    if n == 0:
        return
    value, low, high = s.paired_proportion(n01, n10, n)
    assert -1 <= low <= value <= high <= 1
    assert s.paired_proportion(n10, n01, n) == pytest.approx((-value, -high, -low), abs=1e-12)


def test_paired_proportion_covers():
    rng = np.random.default_rng(5)
    a, b, n = 0.02, 0.05, 300  # only the second, only the first
    draws = rng.multinomial(n, [a, b, 1 - a - b], size=4_000)
    covered = [low <= a - b <= high for _, low, high in (s.paired_proportion(x, y, n) for x, y, _ in draws)]
    assert 0.94 < np.mean(covered) < 0.98


def test_paired_proportion_of_nothing():
    assert math.isnan(s.paired_proportion(0, 0, 0).value)


def test_discordant_pairs_beyond_n_are_refused():
    with pytest.raises(AlvhError, match="at most n"):
        s.paired_proportion(3, 3, 5)
    with pytest.raises(AlvhError, match="0 or more"):
        s.mcnemar(-1, 3)


@given(st.lists(st.floats(0, 1), max_size=12))
def test_holm_is_its_definition(p):
    order = sorted(range(len(p)), key=p.__getitem__)
    steps = [min(1, (len(p) - rank) * p[i]) for rank, i in enumerate(order)]
    naive = {i: max(steps[: rank + 1]) for rank, i in enumerate(order)}
    assert s.holm(p) == [naive[i] for i in range(len(p))]


# samples


@given(samples, st.sampled_from([0.8, 0.95]))
def test_mean_interval_is_scipys(x, level):
    half = stats.t.ppf(0.5 + level / 2, len(x) - 1) * stats.sem(x)
    expected = (np.mean(x), np.mean(x) - half, np.mean(x) + half)
    assert s.mean_interval(x, level) == pytest.approx(expected, rel=1e-9, abs=1e-6)


@given(samples)
def test_paired_mean_is_the_mean_of_differences(x):
    y = x[::-1]
    assert s.paired_mean(x, y) == s.mean_interval([a - b for a, b in zip(x, y, strict=True)])


def test_mean_of_one_none_and_nan():
    assert s.mean_interval([7.0]).value == 7
    assert math.isnan(s.mean_interval([7.0]).low)
    assert all(math.isnan(v) for v in (*s.mean_interval([]), *s.mean_interval([1.0, math.nan])))


@given(st.lists(st.integers(-50, 50), min_size=1, max_size=300), st.floats(0.01, 0.99))
def test_quantile_interval_is_its_definition(x, q):
    n, ordered = len(x), sorted(x)
    cdf = [stats.binom.cdf(k, n, q) for k in range(n + 1)]
    if min(min(abs(c - 0.025), abs(c - 0.975)) for c in cdf) < 1e-9:
        return
    lower = max((k for k in range(1, n + 1) if cdf[k - 1] <= 0.025), default=0)
    upper = min((k for k in range(1, n + 1) if cdf[k - 1] >= 0.975), default=n + 1)
    value, low, high = s.quantile_interval(x, q)
    assert value == np.quantile(x, q, method="inverted_cdf")
    assert low == (ordered[lower - 1] if lower else -math.inf)
    assert high == (ordered[upper - 1] if upper <= n else math.inf)


def test_quantile_interval_covers():
    draws = np.random.default_rng(7).standard_normal((1_000, 250))
    truth = stats.norm.ppf(0.9)
    covered = [low <= truth <= high for _, low, high in (s.quantile_interval(x, 0.9) for x in draws)]
    assert np.mean(covered) > 0.94


def test_quantile_beyond_the_sample_is_unbounded():
    assert s.quantile_interval([1.0, 2.0, 3.0], 0.99)[2] == math.inf
    assert s.quantile_interval([1.0, 2.0, 3.0], 0.01)[1] == -math.inf


def test_quantile_of_nothing_and_of_nan():
    for x in ([], [1.0, math.nan]):
        assert all(math.isnan(v) for v in s.quantile_interval(x, 0.5))
    with pytest.raises(AlvhError, match="q = 1"):
        s.quantile_interval([1.0], 1.0)


def test_ratio_interval_covers():
    rng = np.random.default_rng(11)
    covered = []
    for _ in range(2_000):
        x = rng.gamma(4.0, 1.0, 200)
        _, low, high = s.ratio_interval(0.5 * x + rng.standard_normal(200), x)
        covered.append(low <= 0.5 <= high)
    assert 0.93 < np.mean(covered) < 0.97


def test_ratio_over_zero_is_nan():
    assert all(math.isnan(v) for v in s.ratio_interval([1.0, 2.0], [0.0, 0.0]))
    assert math.isnan(s.ratio_interval([], []).value)


@given(samples)
def test_deviation_is_numpys_and_inside_its_interval(x):
    value, low, high = s.deviation_interval(x)
    assert value == pytest.approx(np.std(x, ddof=1), rel=1e-9, abs=1e-9)
    assert 0 <= low <= value <= high


def test_deviation_interval_covers_a_skewed_law():
    draws = np.random.default_rng(13).gamma(4.0, 1.0, (2_000, 800))
    covered = [low <= 2.0 <= high for _, low, high in map(s.deviation_interval, draws)]
    assert 0.92 < np.mean(covered) < 0.97


def test_deviation_of_one_value_is_nan():
    assert all(math.isnan(v) for v in s.deviation_interval([1.0]))


@pytest.mark.parametrize("pair", [s.paired_mean, s.ratio_interval])
def test_unequal_pairs_are_refused(pair):
    with pytest.raises(AlvhError, match="equal shapes"):
        pair([1.0, 2.0], [1.0])


# proportions of clusters


def test_clusters_of_one_are_wilson():
    hits = [1] * 30 + [0] * 70
    assert s.clustered_proportion(hits, [1] * 100).value == 0.3
    # the cluster variance divides by m − 1: a design effect of m / (m − 1)
    assert s.clustered_proportion(hits, [1] * 100)[1:] == pytest.approx(s.wilson(30, 100)[1:], abs=6e-4)


def test_copies_of_a_trial_add_nothing():
    alone = s.clustered_proportion([1] * 12 + [0] * 28, [1] * 40)
    copied = s.clustered_proportion([7] * 12 + [0] * 28, [7] * 40)
    assert copied == pytest.approx(alone, abs=1e-12)


def test_paths_without_trials_do_not_count():
    few = s.clustered_proportion([1, 2, 0], [2, 2, 3])
    assert s.clustered_proportion([1, 0, 2, 0, 0], [2, 0, 2, 0, 3]) == few


def test_clusters_at_the_ends():
    assert s.clustered_proportion([0] * 30, [5] * 30) == (0, 0, 0.1)
    assert s.clustered_proportion([5] * 30, [5] * 30) == (1, 0.9, 1)
    assert s.clustered_proportion([2], [5]) == (0.4, 0, 1)
    value, low, high = s.clustered_proportion([0, 0], [0, 0])
    assert math.isnan(value)
    assert (low, high) == (0, 1)
    with pytest.raises(AlvhError, match="hits at most trials"):
        s.clustered_proportion([2], [1])


def test_clustered_intervals_cover():
    """Paths that are all good or all bad: the naive interval covers far too rarely, this one about 95%."""
    rng = np.random.default_rng(5)
    trials = rng.integers(1, 9, (600, 80))
    hits = rng.binomial(trials, rng.choice([0.05, 0.75], (600, 80)))
    covered = naive = 0
    for h, n in zip(hits, trials, strict=True):
        _, low, high = s.clustered_proportion(h, n)
        covered += low <= 0.4 <= high
        _, low, high = s.wilson(int(h.sum()), int(n.sum()))
        naive += low <= 0.4 <= high
    assert naive / 600 < 0.85
    assert 0.92 < covered / 600 < 0.98
