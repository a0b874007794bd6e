import math

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine import Value
from nn.activations import ACTIVATIONS, activation
from nn.losses import LOSSES

mp = mpmath.mp.clone()
mp.dps = 60

# The truth, with 60 digits and none of the formulas under test.
TRUTH = {
    "identity": lambda z: z,
    "relu": lambda z: max(z, mp.mpf(0)),
    "leaky_relu": lambda z: z if z > 0 else mp.mpf(0.01) * z,
    "sigmoid": lambda z: 1 / (1 + mp.exp(-z)),
    "tanh": mp.tanh,
    "softplus": lambda z: mp.log1p(mp.exp(z)),
    "gelu": lambda z: z * mp.erfc(-z / mp.sqrt(2)) / 2,
    "step": lambda z: mp.mpf(z > 0),
    "sign": mp.sign,
}
DERIVATIVE = {
    "identity": lambda z: mp.mpf(1),
    "relu": lambda z: mp.mpf(z > 0),
    "leaky_relu": lambda z: mp.mpf(1) if z > 0 else mp.mpf(0.01),
    "sigmoid": lambda z: mp.exp(-abs(z)) / (1 + mp.exp(-abs(z))) ** 2,
    "tanh": lambda z: mp.sech(z) ** 2,
    "softplus": lambda z: 1 / (1 + mp.exp(-z)),
    "gelu": lambda z: mp.erfc(-z / mp.sqrt(2)) / 2 + z * mp.npdf(z),
    "step": lambda z: mp.mpf(0),
    "sign": lambda z: mp.mpf(0),
}
ELEMENTWISE = sorted(TRUTH)
ROWS = ("softmax", "modified_softmax")

# Every double has a sign, an exponent and a mantissa; drawn as integers they reach both tails and the last digit.
hard_floats = st.builds(
    lambda sign, exponent, mantissa: sign * math.ldexp(1 + mantissa / 2**52, exponent),
    st.sampled_from([-1, 1]),
    st.integers(-60, 11),
    st.integers(0, 2**52 - 1),
)


def error(computed: float, truth, z: float, derivative, dtype, well_conditioned: float) -> float:
    """Return the error divided by what is allowed, which below the normal numbers is one of those.

    That is 8 (1 + kappa) units of rounding, or where kappa is at most 1 so many ulp.
    """
    z, h = mp.mpf(z), mp.mpf(10) ** -25
    change = (derivative(z * (1 + h)) - derivative(z * (1 - h))) / (2 * h)
    kappa = abs(change / truth) if truth else 0
    info = np.finfo(dtype)
    allowed = 8 * (1 + kappa) * abs(truth) * mp.mpf(float(info.eps)) / 2
    if kappa <= 1:
        allowed = min(allowed, well_conditioned * mp.mpf(float(np.spacing(dtype(abs(truth))))))
    allowed += mp.mpf(float(info.smallest_normal))
    return float(abs(mp.mpf(computed) - truth) / allowed)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", ELEMENTWISE)
@given(z=hard_floats)
def test_value_and_derivative_are_the_truth_within_a_few_ulp_times_one_plus_kappa(name, dtype, z):
    z = dtype(z)
    s = activation(name)
    array = np.full(17, z)  # long enough for NumPy's vector instructions
    f, slope = s(array), s.derivative(array)
    assert f.dtype == slope.dtype == dtype
    # NumPy promises 4 ulp of its own exp, cosh and tanh, so what squares one of them can not be held to 4 as well.
    assert error(float(f[0]), TRUTH[name](mp.mpf(float(z))), float(z), TRUTH[name], dtype, 4) <= 1
    assert error(float(slope[0]), DERIVATIVE[name](mp.mpf(float(z))), float(z), DERIVATIVE[name], dtype, 8) <= 1


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", ["sigmoid", "tanh", "softplus", "gelu"])
def test_no_derivative_that_is_a_normal_number_is_lost_in_a_tail(name, dtype):
    z = np.linspace(-800, 800, 12801).astype(dtype)
    slope = activation(name).derivative(z)
    truth = np.array([float(abs(DERIVATIVE[name](mp.mpf(float(x))))) for x in z[::40]])
    normal = truth >= 1.001 * float(np.finfo(dtype).smallest_normal)
    assert normal.sum() > 10
    assert (np.abs(slope[::40][normal]) > 0).all()
    assert np.isfinite(slope).all()


@pytest.mark.parametrize("name", ELEMENTWISE)
@pytest.mark.parametrize("z", [-1e6, -1e3, 1e3, 1e6, -np.inf, np.inf])
def test_far_tails_have_their_limits_without_a_warning(name, z):
    s = activation(name)
    limits = {
        "identity": (z, 1), "relu": (max(z, 0), z > 0), "leaky_relu": (max(z, 0.01 * z), 1 if z > 0 else 0.01),
        "sigmoid": (z > 0, 0), "tanh": (np.sign(z), 0), "softplus": (max(z, 0), z > 0), "gelu": (max(z, 0), z > 0),
        "step": (z > 0, 0), "sign": (np.sign(z), 0),
    }  # fmt: skip
    assert (float(s(np.array([z]))[0]), float(s.derivative(np.array([z]))[0])) == limits[name]


@pytest.mark.parametrize(("name", "slope"), [("relu", 0), ("leaky_relu", 0.01), ("step", 0), ("sign", 0)])
def test_at_a_kink_the_derivative_is_the_one_from_the_left(name, slope):
    for zero in (0.0, -0.0):
        assert activation(name)(np.array([zero]))[0] == 0
        assert activation(name).derivative(np.array([zero]))[0] == slope


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_a_nan_stays_a_nan_in_value_and_derivative(name):
    nan = np.array([np.nan])
    assert np.isnan(activation(name)(nan)).all()
    assert np.isnan(activation(name).derivative(nan)).all() or name == "identity"


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_pullback_is_upstream_times_derivative(name):
    z = np.linspace(-3, 3, 12).reshape(3, 4)
    g = np.arange(12.0).reshape(3, 4) - 5
    s = activation(name)
    np.testing.assert_array_equal(s.pullback(z, s(z), g), g * s.derivative(z))


@pytest.mark.parametrize("name", ["relu", "leaky_relu", "sigmoid", "tanh", "softplus", "gelu"])
def test_values_of_the_engine_take_the_engines_own_function(name):
    z = np.array([[Value(-1.5), Value(0.25)]], dtype=object)
    f = activation(name)(z)
    assert [node.row.name for node in f[0]] == [name, name]
    slope = activation(name).derivative(z, f)
    for node, x, computed in zip(f[0], z[0], slope[0], strict=True):
        node.backward()
        assert float(getattr(computed, "data", computed)) == pytest.approx(x.grad, rel=1e-14)


def exact_softmax(z):
    e = [mp.exp(x) for x in z]
    return [x / sum(e) for x in e]


@given(st.lists(hard_floats.filter(lambda z: abs(z) < 300), min_size=2, max_size=6), st.integers(0, 5))
def test_softmax_and_its_pullback_lose_no_digit_where_one_probability_rounds_to_one(z, chosen):
    chosen %= len(z)
    s = activation("softmax")
    array, g = np.array([z]), np.zeros((1, len(z)))
    g[0, chosen] = 3.0
    f = s(array)
    p = exact_softmax([mp.mpf(x) for x in z])
    complement = [sum(q for j, q in enumerate(p) if j != i) for i in range(len(p))]
    truth = [3 * p[chosen] * (complement[i] if i == chosen else -p[i]) for i in range(len(p))]
    spread = max(abs(x - y) for x in z for y in z)
    for computed, exact in zip([*f[0], *s.pullback(array, f, g)[0]], [*p, *truth], strict=True):
        allowed = 8 * (1 + spread) * abs(exact) * mp.mpf(2) ** -53 + mp.mpf(2) ** -1022
        assert abs(mp.mpf(float(computed)) - exact) <= allowed


def test_modified_softmax_is_softmax_with_a_last_input_of_zero():
    z = np.array([[0.5, -1.0], [800.0, 2.0]])
    s = activation("modified_softmax")
    f = s(z)
    # Roch, Math 535, topic 3.7: exp(z_i) / (1 + sum_j exp(z_j)), and 1 / (1 + sum_j exp(z_j)) for the last
    total = 1 + np.exp(z[0]).sum()
    np.testing.assert_allclose(f[0], [*np.exp(z[0]) / total, 1 / total], rtol=1e-15)
    np.testing.assert_allclose(f[1], [1, 0, 0], atol=1e-300)
    jacobian = np.array([s.pullback(z[:1], f[:1], row[None, :])[0] for row in np.eye(3)])
    np.testing.assert_allclose(jacobian, (np.diag(f[0]) - np.outer(f[0], f[0]))[:, :2], rtol=1e-13)


@pytest.mark.parametrize("name", ROWS)
def test_a_row_function_refuses_to_name_a_derivative_per_unit(name):
    with pytest.raises(TypeError, match=rf"{name} has a Jacobian.*use pullback"):
        activation(name).derivative(np.zeros((1, 2)))


def test_gelu_names_the_libraries_that_have_erfc():
    strict = pytest.importorskip("array_api_strict")
    with pytest.raises(TypeError, match="array_api_strict arrays do not have; use NumPy"):
        activation("gelu")(strict.asarray([[1.0]]))


@pytest.mark.parametrize(("wrong", "right"), [("sigmoyd", "sigmoid"), ("Tanh", "tanh"), ("leaky-relu", "leaky_relu")])
def test_an_unknown_name_is_refused_with_the_closest_one(wrong, right):
    with pytest.raises(ValueError, match=rf"unknown activation '{wrong}'; did you mean '{right}'"):
        activation(wrong)


def test_what_is_no_name_is_refused_with_all_names():
    with pytest.raises(ValueError, match="unknown activation 3; there are: identity, relu"):
        activation(3)


def test_every_activation_is_covered_here():
    assert set(ACTIVATIONS) == {*ELEMENTWISE, *ROWS}
    assert {name for loss in LOSSES.values() for name in loss.fused} <= set(ACTIVATIONS)
