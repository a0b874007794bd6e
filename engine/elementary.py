r"""THE TABLE: every elementary function with its value and its partial derivatives, each written once.

Everything else reads this table: operators and methods of `Value`, labels in pictures, the documentation, the tests'
parametrisation. Adding a function means adding a row.

A row's rule `partials(y, *xs)` gets the value y = f(x_1, ..., x_n) and the arguments, and returns one local derivative
dy/dx_i for each argument. It is written over any number (see `engine.functions`): floats, exact and 50-digit numbers,
and Values, whose result can then be differentiated again. Three habits follow from that:

* Stable forms. Near its flat ends tanh'(x) = 1 - y*y rounds to 0 although the truth is a normal float; sech(x)^2 does
  not. No rule loses a derivative that a float can hold.
* Two forms of one analytic function are chosen by a branch on the data (`is_negative`), never by abs: both sides of
  the branch have the same derivatives of every order, so the branch leaves no kink.
* A rule never raises where the value is fine: it returns the limit, +-inf, or nan where there is none.

>>> TABLE["mul"].partials(6.0, 2.0, 3.0)
(3.0, 2.0)
>>> TABLE["sqrt"].partials(0.0, 0.0)
(inf,)
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from engine.functions import NORMAL_MIN, Number, data_of, dispatching, is_nan, is_negative, like, native, product

inf, nan = math.inf, math.nan


@dataclass(frozen=True, slots=True, eq=False)
class Row:
    """One elementary function y = f(x_1, ..., x_n).

    Attributes
    ----------
    name: the name of the function and of Value's method.
    symbol: what pictures and `_op` show; for an operator its sign.
    latex: a template, `{0}` is the first argument; `{args}` all of them.
    arity: the number of arguments, or None for any number.
    value: value(*xs) -> y for plain numbers.
    partials: partials(y, *xs) -> one derivative per argument, for plain numbers and for Values.
    domain: the condition on the arguments a real result needs, in words; "" if there is none.
    kink: kink(*xs) is 0 exactly where the function has no derivative; None if it is smooth on its domain.
    edges: documented edge cases as (arguments, value, partials); every one is a test.
    aliases: the names NumPy uses for this function, if they differ.
    defaults: values of the last arguments where a caller leaves them out.
    """

    name: str
    symbol: str
    latex: str
    arity: int | None
    value: Callable[..., Number]
    partials: Callable[..., tuple[Number, ...]]
    domain: str = ""
    kink: Callable[..., Number] | None = None
    edges: tuple[tuple[tuple[float, ...], float, tuple[float, ...]], ...] = ()
    aliases: tuple[str, ...] = ()
    defaults: tuple[float, ...] = ()


TABLE: dict[str, Row] = {}
"""Name -> row, in the order of this file."""


def _add_row(
    name: str,
    value: Callable[..., Number],
    partials: Callable[..., tuple[Number, ...]],
    *,
    symbol: str = "",
    latex: str = "",
    arity: int | None = 1,
    domain: str = "",
    kink: Callable[..., Number] | None = None,
    edges: tuple[tuple[tuple[float, ...], float, tuple[float, ...]], ...] = (),
    aliases: tuple[str, ...] = (),
    defaults: tuple[float, ...] = (),
) -> Callable[..., Number]:
    """Enter a row; return the function, which takes numbers and Values alike."""
    latex = latex or rf"\operatorname{{{name}}}\left({{args}}\right)"
    TABLE[name] = Row(name, symbol or name, latex, arity, value, partials, domain, kink, edges, aliases, defaults)
    return dispatching(name, value)


# --- arithmetic ---------------------------------------------------------------------------------

add = _add_row("add", lambda a, b: a + b, lambda y, a, b: (1, 1), symbol="+", latex="{0} + {1}", arity=2)
sub = _add_row("sub", lambda a, b: a - b, lambda y, a, b: (1, -1), symbol="-", latex="{0} - {1}", arity=2)
mul = _add_row("mul", lambda a, b: a * b, lambda y, a, b: (b, a), symbol="*", latex="{0} {1}", arity=2)
neg = _add_row("neg", lambda a: -a, lambda y, a: (-1,), symbol="neg", latex="-{0}")
pos = _add_row("pos", lambda a: +a, lambda y, a: (1,), symbol="pos", latex="{0}")

div = _add_row(
    "div",
    lambda a, b: a / b,
    lambda y, a, b: (1 / b, product(-a, over=(b, b))),
    symbol="/",
    latex=r"\frac{{{0}}}{{{1}}}",
    arity=2,
    domain="a denominator other than 0",
)


def _power(x: Number, n: Number) -> Number:
    result = x**n
    if isinstance(result, complex) and not isinstance(x, complex) and not isinstance(n, complex):
        raise ValueError("a negative base needs an integer exponent")
    return result


def _power_partials(y: Number, x: Number, n: Number) -> tuple[Number, Number]:
    """d(x^n)/dx = n x^(n-1), d(x^n)/dn = x^n log x; the limits at x = 0; nan for d/dn where x < 0."""
    if data_of(x) == 0:
        if data_of(n) == 0:
            return 0, 0
        return (inf if is_negative(n - 1) else n * x ** (n - 1)), 0
    if type(x) is float and isinstance(n, (float, int)):
        return _power_partials_of_floats(y, x, n)
    by_exponent = nan if is_negative(x) and not isinstance(data_of(x), complex) else y * log(x)
    return n * x ** (n - 1), by_exponent


def _power_partials_of_floats(y: float, x: float, n: float) -> tuple[float, float]:
    """The same where a power may leave the normal floats although the derivative does not: take its root twice."""
    if not NORMAL_MIN <= abs(y) < inf:
        root = abs(x) ** (n / 2)
        powers: tuple[float, ...] = (math.copysign(root, x) if n % 2 else root, root)
    else:
        powers = (y,)
    # x^n / x rather than x^(n-1): n - 1 would be rounded, and the power amplifies that by log x.
    return product(n, *powers, over=(x,)), product(*powers, math.log(x)) if x > 0 else nan


pow_ = _add_row(
    "pow",
    _power,
    _power_partials,
    symbol="**",
    latex="{0}^{{{1}}}",
    arity=2,
    domain="a base other than 0 for a negative exponent, and an integer exponent for a negative base",
    edges=(
        ((0.0, 0.0), 1.0, (0.0, 0.0)),
        ((0.0, 2.0), 0.0, (0.0, 0.0)),
        ((0.0, 1.0), 0.0, (1.0, 0.0)),
        ((0.0, 0.5), 0.0, (inf, 0.0)),
        ((-2.0, 3.0), -8.0, (12.0, nan)),
    ),
)


def _sum(*xs: Number) -> Number:
    total = xs[0]
    for x in xs[1:]:
        total = total + x
    return total


sum_ = _add_row(
    "sum", _sum, lambda y, *xs: (1,) * len(xs), symbol="sum", latex=r"\sum\left({args}\right)", arity=None
)


def _dot(*xs: Number) -> Number:
    """w_1..w_n, x_1..x_n and, if their number is odd, b: return b + w_1 x_1 + ... + w_n x_n, from left to right."""
    n = len(xs) // 2
    if len(xs) % 2:
        total = xs[-1]
        for w, x in zip(xs[:n], xs[n:], strict=False):
            total = total + w * x
        return total
    total = xs[0] * xs[n]
    for w, x in zip(xs[1:n], xs[n + 1 :], strict=True):
        total = total + w * x
    return total


def _dot_partials(y: Number, *xs: Number) -> tuple[Number, ...]:
    n = len(xs) // 2
    return (*xs[n : 2 * n], *xs[:n], *((1,) if len(xs) % 2 else ()))


dot_ = _add_row("dot", _dot, _dot_partials, symbol="dot", latex=r"\operatorname{{dot}}\left({args}\right)", arity=None)

# --- exponentials and logarithms -----------------------------------------------------------------

exp = _add_row("exp", native("exp"), lambda y, x: (y,), latex="e^{{{0}}}", domain="a result that fits into a float")
expm1 = _add_row("expm1", native("expm1"), lambda y, x: (exp(x),))
log = _add_row("log", native("log"), lambda y, x: (1 / x,), latex=r"\log {0}", domain="a positive number")
log1p = _add_row("log1p", native("log1p"), lambda y, x: (1 / (1 + x),), domain="a number above -1")
log2 = _add_row(
    "log2", native("log2"), lambda y, x: (1 / x / log(like(x, 2.0)),), latex=r"\log_2 {0}", domain="a positive number"
)
log10 = _add_row(
    "log10",
    native("log10"),
    lambda y, x: (1 / x / log(like(x, 10.0)),),
    latex=r"\log_{{10}} {0}",
    domain="a positive number",
)


def _root_partials(y: Number, slope: Callable[[], Number]) -> tuple[Number]:
    return (inf if data_of(y) == 0 else slope(),)


sqrt = _add_row(
    "sqrt",
    native("sqrt"),
    lambda y, x: _root_partials(y, lambda: 1 / (2 * y)),
    latex=r"\sqrt{{{0}}}",
    domain="a number not below 0",
    edges=(((0.0,), 0.0, (inf,)), ((-0.0,), -0.0, (inf,))),
)
cbrt = _add_row(
    "cbrt",
    native("cbrt"),
    lambda y, x: _root_partials(y, lambda: 1 / (3 * y * y)),
    latex=r"\sqrt[3]{{{0}}}",
    edges=(((0.0,), 0.0, (inf,)),),
)

# --- circular and hyperbolic functions -----------------------------------------------------------

sin = _add_row("sin", native("sin"), lambda y, x: (cos(x),), latex=r"\sin {0}", domain="a finite number")
cos = _add_row("cos", native("cos"), lambda y, x: (-sin(x),), latex=r"\cos {0}", domain="a finite number")
tan = _add_row("tan", native("tan"), lambda y, x: (1 + y * y,), latex=r"\tan {0}", domain="a finite number")


def _over_root_of_difference(x: Number) -> Number:
    """1 / sqrt(1 - x^2), factored so that nothing cancels near +-1."""
    if data_of(x) == 1 or data_of(x) == -1:
        return inf
    return 1 / (sqrt(1 - x) * sqrt(1 + x))


asin = _add_row(
    "asin",
    native("asin"),
    lambda y, x: (_over_root_of_difference(x),),
    latex=r"\arcsin {0}",
    domain="a number from -1 to 1",
    edges=(((1.0,), math.pi / 2, (inf,)), ((-1.0,), -math.pi / 2, (inf,))),
    aliases=("arcsin",),
)
acos = _add_row(
    "acos",
    native("acos"),
    lambda y, x: (-_over_root_of_difference(x),),
    latex=r"\arccos {0}",
    domain="a number from -1 to 1",
    edges=(((1.0,), 0.0, (-inf,)), ((-1.0,), math.pi, (-inf,))),
    aliases=("arccos",),
)
atan = _add_row(
    "atan", native("atan"), lambda y, x: (1 / (1 + x * x),), latex=r"\arctan {0}", aliases=("arctan",)
)


def _shrunk(*xs: Number) -> tuple[tuple[Number, ...], int]:
    """Floats scaled by one power of two so that the largest is near 1, and that power; other numbers as they are."""
    if not all(type(x) is float for x in xs):
        return xs, 0
    largest = max(map(abs, xs))
    if not 0 < largest < inf:
        return xs, 0
    exponent = math.frexp(largest)[1]
    return tuple(math.ldexp(x, -exponent) for x in xs), exponent


def _atan2_partials(angle: Number, y: Number, x: Number) -> tuple[Number, Number]:
    """x / (x^2 + y^2) and -y / (x^2 + y^2), by way of the scaled radius; nan at the origin."""
    if data_of(x) == 0 and data_of(y) == 0:
        return nan, nan
    (v, u), exponent = _shrunk(y, x)
    r = hypot(u, v)
    if exponent == 0:
        return u / r / r, -v / r / r
    return _times_power_of_two(u / r / r, -exponent), _times_power_of_two(-v / r / r, -exponent)


def _times_power_of_two(x: float, exponent: int) -> float:
    try:
        return math.ldexp(x, exponent)
    except OverflowError:
        return math.copysign(inf, x)


atan2 = _add_row(
    "atan2",
    native("atan2"),
    _atan2_partials,
    latex=r"\operatorname{{atan2}}\left({args}\right)",
    arity=2,
    edges=(((0.0, 0.0), 0.0, (nan, nan)),),
    aliases=("arctan2",),
)

sinh = _add_row("sinh", native("sinh"), lambda y, x: (cosh(x),), latex=r"\sinh {0}")
cosh = _add_row("cosh", native("cosh"), lambda y, x: (sinh(x),), latex=r"\cosh {0}")
tanh = _add_row("tanh", native("tanh"), lambda y, x: (sech(x) ** 2,), latex=r"\tanh {0}")


def _sech(x: Number) -> Number:
    """1 / cosh(x) from a decaying exponential, so that it never overflows and keeps its tails."""
    e = _exp_native(x if is_negative(x) else -x)
    return 2 * e / (1 + e * e)


_exp_native = TABLE["exp"].value
sech = _add_row("sech", _sech, lambda y, x: (-y * tanh(x),), latex=r"\operatorname{{sech}} {0}")

asinh = _add_row(
    "asinh",
    native("asinh"),
    lambda y, x: (1 / hypot(x, like(x, 1.0)),),
    latex=r"\operatorname{{arsinh}} {0}",
    aliases=("arcsinh",),
)
acosh = _add_row(
    "acosh",
    native("acosh"),
    lambda y, x: (inf if data_of(x) == 1 else 1 / (sqrt(x - 1) * sqrt(x + 1)),),
    latex=r"\operatorname{{arcosh}} {0}",
    domain="a number not below 1",
    edges=(((1.0,), 0.0, (inf,)),),
    aliases=("arccosh",),
)
atanh = _add_row(
    "atanh",
    native("atanh"),
    lambda y, x: (1 / ((1 - x) * (1 + x)),),
    latex=r"\operatorname{{artanh}} {0}",
    domain="a number between -1 and 1",
    aliases=("arctanh",),
)

# --- absolute value, extremes, distance ----------------------------------------------------------


def _sign(x: Number) -> Number:
    """-1, 0 or 1; nan where x is nan or complex (abs has no complex derivative)."""
    if is_nan(x) or isinstance(data_of(x), complex):
        return nan
    return -1 if is_negative(x) else 0 if data_of(x) == 0 else 1


abs_ = _add_row(
    "abs",
    abs,
    lambda y, x: (_sign(x),),
    latex=r"\left|{0}\right|",
    kink=lambda x: x,
    edges=(((0.0,), 0.0, (0.0,)), ((-0.0,), 0.0, (0.0,))),
    aliases=("fabs", "absolute"),
)


def _choice_partials(y: Number, a: Number, b: Number) -> tuple[Number, Number]:
    """The derivative goes to the argument that was chosen, half to each at a tie, nan where one is nan."""
    if is_nan(y):
        return nan, nan
    if data_of(a) == data_of(b):
        return 0.5, 0.5
    return (1, 0) if data_of(y) == data_of(a) else (0, 1)


def _choosing(better: Callable[[Number, Number], Number]) -> Callable[[Number, Number], Number]:
    return lambda a, b: a if is_nan(a) else b if is_nan(b) else better(a, b)


maximum = _add_row(
    "maximum",
    _choosing(max),
    _choice_partials,
    symbol="max",
    latex=r"\max\left({args}\right)",
    arity=2,
    kink=lambda a, b: a - b,
    edges=(((2.0, 2.0), 2.0, (0.5, 0.5)), ((nan, 2.0), nan, (nan, nan))),
)
minimum = _add_row(
    "minimum",
    _choosing(min),
    _choice_partials,
    symbol="min",
    latex=r"\min\left({args}\right)",
    arity=2,
    kink=lambda a, b: a - b,
    edges=(((2.0, 2.0), 2.0, (0.5, 0.5)), ((2.0, nan), nan, (nan, nan))),
)


def _hypot_partials(y: Number, *xs: Number) -> tuple[Number, ...]:
    """x_i / y on scaled arguments (y itself may have overflowed or lost bits); 0, a subgradient, at the origin."""
    if data_of(y) == 0:
        return (0,) * len(xs)
    xs, _ = _shrunk(*xs)
    length = hypot(*xs)
    return tuple(x / length for x in xs)


hypot = _add_row(
    "hypot",
    native("hypot"),
    _hypot_partials,
    latex=r"\left\|{args}\right\|",
    arity=None,
    kink=lambda *xs: _hypot_native(*xs),
    edges=(((0.0, 0.0), 0.0, (0.0, 0.0)), ((3.0, 4.0), 5.0, (0.6, 0.8))),
)
_hypot_native = TABLE["hypot"].value

# --- the error function and the activations of neural networks -----------------------------------


def _bell(x: Number) -> Number:
    """2 exp(-x^2) / sqrt(pi), the derivative of erf."""
    return 2 * exp(-(x * x)) / sqrt(_pi(x))


def _pi(x: Number) -> Number:
    return 4 * atan(like(x, 1.0))


erf = _add_row("erf", native("erf"), lambda y, x: (_bell(x),), latex=r"\operatorname{{erf}} {0}")
erfc = _add_row("erfc", native("erfc"), lambda y, x: (-_bell(x),), latex=r"\operatorname{{erfc}} {0}")

relu = _add_row(
    "relu",
    lambda x: type(x)(0) if x <= 0 else x,
    lambda y, x: (1 if x > 0 else 0 if x <= 0 else nan,),
    symbol="ReLU",
    kink=lambda x: x,
    edges=(((0.0,), 0.0, (0.0,)), ((-3.0,), 0.0, (0.0,)), ((3.0,), 3.0, (1.0,)), ((nan,), nan, (nan,))),
)
leaky_relu = _add_row(
    "leaky_relu",
    lambda x, slope: x if x > 0 else slope * x,
    lambda y, x, slope: (nan, nan) if is_nan(x) else (1, 0) if x > 0 else (slope, x),
    arity=2,
    defaults=(0.01,),
    kink=lambda x, slope: x,
    edges=(((0.0, 0.25), 0.0, (0.25, 0.0)), ((-4.0, 0.25), -1.0, (0.25, -4.0))),
)
elu = _add_row(
    "elu",
    lambda x, alpha: x if x > 0 else alpha * TABLE["expm1"].value(x),
    lambda y, x, alpha: (1, 0) if x > 0 else (alpha * exp(x), expm1(x)),
    arity=2,
    defaults=(1.0,),
    kink=lambda x, alpha: x,
    edges=(((0.0, 2.0), 0.0, (2.0, 0.0)), ((3.0, 2.0), 3.0, (1.0, 0.0))),
)


def _sigmoid(x: Number) -> Number:
    """1 / (1 + exp(-x)), with the exponential that cannot overflow."""
    if is_negative(x):
        e = _exp_native(x)
        return e / (1 + e)
    return 1 / (1 + _exp_native(-x))


sigmoid = _add_row(
    "sigmoid", _sigmoid, lambda y, x: ((sech(x / 2) / 2) ** 2,), latex=r"\sigma\left({0}\right)"
)


def _softplus(x: Number) -> Number:
    """log(1 + exp(x)) = max(x, 0) + log1p(exp(-|x|))."""
    log1p_native = TABLE["log1p"].value
    return log1p_native(_exp_native(x)) if is_negative(x) else x + log1p_native(_exp_native(-x))


softplus = _add_row("softplus", _softplus, lambda y, x: (sigmoid(x),))

silu = _add_row(
    "silu",
    lambda x: x * _sigmoid(x),
    lambda y, x: (sigmoid(x) * (1 + x * sigmoid(-x)),),
)


def _gelu(x: Number) -> Number:
    """x P(X <= x) for a standard normal X, from erfc, which keeps the lower tail."""
    return x * TABLE["erfc"].value(-x / TABLE["sqrt"].value(like(x, 2.0))) / 2


def _gelu_partials(y: Number, x: Number) -> tuple[Number]:
    """P(X <= x) + x times the normal density."""
    half_root = sqrt(like(x, 2.0))
    return (erfc(-x / half_root) / 2 + x * exp(-(x * x) / 2) / sqrt(2 * _pi(x)),)


gelu = _add_row("gelu", _gelu, _gelu_partials)

# --- logarithms of sums of exponentials ----------------------------------------------------------


def _logaddexp(a: Number, b: Number) -> Number:
    """log(exp(a) + exp(b)) = max + log1p(exp(-|a - b|))."""
    if a == b:
        return a + TABLE["log"].value(like(a, 2.0))
    low, high = (a, b) if a < b else (b, a)
    return high + TABLE["log1p"].value(_exp_native(low - high))


logaddexp = _add_row(
    "logaddexp",
    _logaddexp,
    lambda y, a, b: (0.5, 0.5) if data_of(a) == data_of(b) and abs(data_of(a)) == inf else (sigmoid(a - b), sigmoid(b - a)),
    arity=2,
    edges=(((1e6, -1e6), 1e6, (1.0, 0.0)),),
)


def _logsumexp(*xs: Number) -> Number:
    """log(sum(exp(x_i))) = m + log1p(sum of exp(x_i - m) over the others), m the largest."""
    m = max(xs)
    if is_nan(_sum(*xs)) or abs(m) == inf:
        return _sum(*xs) if is_nan(_sum(*xs)) else m
    others = list(xs)
    others.remove(m)
    return m + TABLE["log1p"].value(_sum(0, *(_exp_native(x - m) for x in others)))


def _logsumexp_partials(y: Number, *xs: Number) -> tuple[Number, ...]:
    """The softmax, exp(x_i - m) / sum(exp(x_j - m)), with the largest m as a constant: it cancels."""
    m = max(data_of(x) for x in xs)
    if abs(m) == inf or is_nan(y):
        return tuple(nan if is_nan(y) else 1 if data_of(x) == m else 0 for x in xs) if xs.count(m) <= 1 else (nan,) * len(xs)
    powers = [exp(x - m) for x in xs]
    total = sum_(*powers)
    return tuple(power / total for power in powers)


logsumexp = _add_row(
    "logsumexp",
    _logsumexp,
    _logsumexp_partials,
    symbol="logsumexp",
    arity=None,
    edges=(((1e6, 1e6), 1e6 + math.log(2.0), (0.5, 0.5)), ((1e6, -1e6), 1e6, (1.0, 0.0))),
)

ADD, MUL, SUM, DOT = TABLE["add"], TABLE["mul"], TABLE["sum"], TABLE["dot"]
