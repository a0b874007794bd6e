import math

import numpy as np
import pytest

from nn.fitting import fit_growth, fit_line, fit_power


def test_slope_and_standard_error_are_those_of_a_sample_worked_by_hand():
    # x mean 2, y mean 3; Sxx = 2; slope (0 - 1 + ... ) = ((-1)(-2) + 0 * 1 + 1 * 1) / 2 = 1.5.
    # Residuals of y = 1.5 x: 1 - 1.5, 4 - 3, 4 - 4.5 = -0.5, 1, -0.5; s^2 = 1.5 / 1 / 2.
    line = fit_line([1, 2, 3], [1, 4, 4])
    assert line.slope == pytest.approx(1.5)
    assert line.intercept == pytest.approx(0)
    assert line.error == pytest.approx(math.sqrt(0.75))


def test_the_fit_agrees_with_numpy():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=20), rng.normal(size=20)
    line = fit_line(list(x), list(y))
    (slope, intercept), covariance = np.polyfit(x, y, 1, cov=True)
    assert (line.slope, line.intercept) == pytest.approx((slope, intercept))
    assert line.error == pytest.approx(math.sqrt(covariance[0, 0]))


def test_a_power_law_gives_its_exponent_without_error():
    line = fit_power([1, 2, 4, 8], [3, 12, 48, 192])
    assert line.slope == pytest.approx(2)
    assert line.error < 1e-12


def test_an_exponential_gives_its_factor():
    assert math.exp(fit_growth([1, 2, 3], [5, 15, 45]).slope) == pytest.approx(3)


def test_two_points_give_a_slope_without_uncertainty():
    line = fit_line([0, 1], [0, 2])
    assert math.isnan(line.error)
    assert str(line) == "2.00"


def test_one_point_gives_no_line():
    assert fit_line([1], [1]) is None
    assert fit_power([1, 1], [1, 2]) is None
