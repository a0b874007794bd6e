r"""THE TABLE: every elementary function with its value and its partial derivatives, each written once.

Everything else reads this table: operators and methods of `Value`, labels in pictures, the documentation, the tests'
parametrisation. Adding a function means adding a row.

A row's rule `partials(y, *xs)` gets the value y = f(x_1, ..., x_n) and the arguments, and returns one local derivative
dy/dx_i for each argument. It is written over any number (see `engine.functions`): floats, exact and 50-digit numbers,
and Values, whose result can then be differentiated again. Three habits follow from that:

* Stable forms. Near its flat ends tanh'(x) = 1 - y*y rounds to 0 although the truth is a normal float; a form in
  exp(-|x|) does not. No rule loses a derivative that a float can hold, and none is off by more than a few ulps.
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
from operator import ge, gt, le, lt

from engine.functions import (
    Number,
    between,
    by_sign,
    context_of,
    data_of,
    is_complex,
    is_nan,
    is_negative,
    like,
    native,
)
from engine.row import TABLE as TABLE
from engine.row import Row as Row
from engine.row import add_row
from engine.stable import (
    is_normal,
    length,
    one_minus_square,
    power_partials,
    product,
    refined_cbrt,
    scale_near_one,
    square_overflows,
)

Function = Callable[..., Number]

inf, nan, pi = math.inf, math.nan, math.pi


def _has_infinity(*xs: Number) -> bool:
    return any(type(data_of(x)) is float and math.isinf(data_of(x)) for x in xs)


def _over(x: Number, numerator: Number = 1) -> Number:
    """Return numerator / x, and where x is 0 the +inf that a slope goes to."""
    return numerator / x if x != 0 else like(x, inf)


# --- arithmetic ---------------------------------------------------------------------------------

add = add_row("add", lambda a, b: a + b, lambda y, a, b: (1, 1), symbol="+", latex="{0} + {1}", arity=2)
sub = add_row("sub", lambda a, b: a - b, lambda y, a, b: (1, -1), symbol="-", latex="{0} - {1}", arity=2)
mul = add_row("mul", lambda a, b: a * b, lambda y, a, b: (b, a), symbol="*", latex=r"{0} \cdot {1}", arity=2)
neg = add_row("neg", lambda a: -a, lambda y, a: (-1,), symbol="neg", latex="-{0}")
pos = add_row("pos", lambda a: +a, lambda y, a: (1,), symbol="pos", latex="{0}")


def _div_partials(y: Number, a: Number, b: Number) -> tuple[Number, Number]:
    return 1 / b, product(-a, over=(b, b)) if type(y) is float and not is_normal(y) else -y / b


div = add_row(
    "div", lambda a, b: a / b, _div_partials, symbol="/", latex=r"\frac{{{0}}}{{{1}}}", arity=2,
    domain="a denominator other than 0",
    edges=(((1.0, 0.0), ZeroDivisionError, ()), ((0.0, 2.0), 0.0, (0.5, 0.0)), ((1.0, inf), 0.0, (0.0, 0.0))),
)


def _power(x: Number, n: Number) -> Number:
    result = x**n
    if isinstance(result, complex) and not isinstance(x, complex) and not isinstance(n, complex):
        raise ValueError("a negative base needs an integer exponent")
    return result


def _power_partials(y: Number, x: Number, n: Number) -> tuple[Number, Number]:
    """d(x^n)/dx = n x^(n-1), d(x^n)/dn = x^n log x; their limits at x = 0; nan for d/dn where x < 0."""
    if x == 0:
        return (0 if n == 0 else like(y, inf) if is_negative(n - 1) else n * x ** (n - 1)), 0
    m = n - 1
    try:  # where n - 1 was rounded, which the power would amplify, take x^n / x
        one_less = x**m if m + 1 == n != m else y / x
    except OverflowError:
        one_less = y / x
    if type(x) is float and is_normal(one_less) and is_normal(y):
        return n * one_less, y * math.log(x) if x > 0 else nan
    if type(x) is float or _has_infinity(x, n):
        return power_partials(*(float(data_of(v)) for v in (y, x, n, one_less)))
    return (n * y / x if _has_infinity(one_less) else n * one_less), _times_log(y, x)


def _times_log(y: Number, x: Number) -> Number:
    if not (is_complex(x) or x > 0):
        return like(y, nan)
    try:
        return y * log(x)
    except OverflowError:  # a Fraction so large that no float can hold it, or its logarithm's multiple
        return nan


pow_ = add_row(
    "pow", _power, _power_partials, symbol="**", latex="{0}^{{{1}}}", arity=2,
    domain="a base other than 0 for a negative exponent, and an integer exponent for a negative base",
    edges=(
        ((0.0, 0.0), 1.0, (0.0, 0.0)),
        ((0.0, 2.0), 0.0, (0.0, 0.0)),
        ((0.0, 1.0), 0.0, (1.0, 0.0)),
        ((0.0, 0.5), 0.0, (inf, 0.0)),
        ((-2.0, 3.0), -8.0, (12.0, nan)),
        ((0.0, -1.0), ZeroDivisionError, ()),
        ((-4.0, 0.5), ValueError, ()),
        ((1e-200, -1.5), 1e300, (-inf, 1e300 * math.log(1e-200))),
        ((inf, -1.0), 0.0, (0.0, 0.0)),
    ),
)


def _sum(*xs: Number) -> Number:
    total = xs[0]
    for x in xs[1:]:
        total = total + x
    return total


sum_ = add_row("sum", _sum, lambda y, *xs: (1,) * len(xs), symbol="sum", latex=r"\sum", arity=None)


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


dot_ = add_row("dot", _dot, _dot_partials, symbol="dot", arity=None)

# --- exponentials and logarithms -----------------------------------------------------------------

exp = add_row(
    "exp", native("exp"), lambda y, x: (y,), latex="e^{{{0}}}", domain="a result that fits into a float",
    edges=(((1000.0,), OverflowError, ()), ((-1000.0,), 0.0, (0.0,)), ((-inf,), 0.0, (0.0,))),
)
expm1 = add_row("expm1", native("expm1"), lambda y, x: (exp(x),), latex=r"e^{{{0}}} - 1")
log = add_row(
    "log", native("log"), lambda y, x: (_over(x),), latex=r"\log", domain="a positive number",
    edges=(((0.0,), ValueError, ()), ((-1.0,), ValueError, ()), ((inf,), inf, (0.0,))),
)
log1p = add_row(
    "log1p", native("log1p"), lambda y, x: (_over(1 + x),), latex=r"\log\left(1 + {0}\right)",
    domain="a number above -1",
    edges=(((-1.0,), ValueError, ()),),
)
log2 = add_row(
    "log2", native("log2"),
    lambda y, x: (_over(x, 1 / log(like(x, 2.0))),),  # not 1 / x first: that overflows too early
    latex=r"\log_2", domain="a positive number",
)
log10 = add_row(
    "log10", native("log10"), lambda y, x: (_over(x, 1 / log(like(x, 10.0))),), latex=r"\log_{{10}}",
    domain="a positive number",
)
sqrt = add_row(
    "sqrt", native("sqrt"), lambda y, x: (_over(2 * y),), latex=r"\sqrt{{{0}}}", domain="a number not below 0",
    edges=(((0.0,), 0.0, (inf,)), ((-0.0,), -0.0, (inf,)), ((-1.0,), ValueError, ())),
)
cbrt = add_row(
    "cbrt", native("cbrt"), lambda y, x: (_over(x, refined_cbrt(y, x) / 3) if abs(data_of(x)) != inf else 0,),
    latex=r"\sqrt[3]{{{0}}}",
    edges=(((0.0,), 0.0, (inf,)), ((inf,), inf, (0.0,))),
)

# --- circular and hyperbolic functions -----------------------------------------------------------

sin = add_row("sin", native("sin"), lambda y, x: (cos(x),), latex=r"\sin", domain="a finite number")
cos: Function = add_row("cos", native("cos"), lambda y, x: (-sin(x),), latex=r"\cos", domain="a finite number")
tan = add_row("tan", native("tan"), lambda y, x: (1 + y * y,), latex=r"\tan", domain="a finite number")

asin = add_row(
    "asin", native("asin"),
    lambda y, x: (_over(sqrt(one_minus_square(x))),),
    latex=r"\arcsin", domain="a number from -1 to 1",
    edges=(((1.0,), pi / 2, (inf,)), ((-1.0,), -pi / 2, (inf,))), aliases=("arcsin",),
)
acos = add_row(
    "acos", native("acos"), lambda y, x: (-_over(sqrt(one_minus_square(x))),), latex=r"\arccos",
    domain="a number from -1 to 1",
    edges=(((1.0,), 0.0, (-inf,)), ((-1.0,), pi, (-inf,))), aliases=("arccos",),
)


atan = add_row(
    "atan", native("atan"), lambda y, x: (1 / x / x if square_overflows(x) else 1 / (1 + x * x),), latex=r"\arctan",
    edges=(((inf,), pi / 2, (0.0,)),), aliases=("arctan",),
)


def _atan2_partials(angle: Number, y: Number, x: Number) -> tuple[Number, Number]:
    """Return x / r^2 and -y / r^2, where r^2 = x^2 + y^2, r scaled if it must be; nan at the origin."""
    if (x == 0 and y == 0) or is_nan(angle):
        return like(angle, nan), like(angle, nan)
    if _has_infinity(y, x):
        return math.copysign(0.0, data_of(x)), math.copysign(0.0, -data_of(y))
    r, exponent = hypot(x, y), 0
    if type(r) is float and not is_normal(r):
        r, exponent = length(x, y)
    elif type(r) is not float:
        scale = scale_near_one(x, y)
        if scale != 1:
            u, v = x * scale, y * scale
            r = hypot(u, v)
            return u / r / r * scale, -v / r / r * scale
    return product(x, over=(r, r), exponent=-2 * exponent), product(-y, over=(r, r), exponent=-2 * exponent)


atan2 = add_row(
    "atan2", native("atan2"), _atan2_partials, arity=2,
    edges=(((0.0, 0.0), 0.0, (nan, nan)), ((inf, 1.0), pi / 2, (0.0, 0.0)), ((inf, inf), pi / 4, (0.0, 0.0))),
    aliases=("arctan2",),
)

sinh = add_row("sinh", native("sinh"), lambda y, x: (cosh(x),), latex=r"\sinh")
cosh: Function = add_row("cosh", native("cosh"), lambda y, x: (sinh(x),), latex=r"\cosh")
tanh = add_row(
    "tanh", native("tanh"),
    lambda y, x: (4 * logistic_density(2 * x),),  # 1 - y*y is 0 once y rounds to 1
    latex=r"\tanh",
    edges=(((0.0,), 0.0, (1.0,)), ((1e6,), 1.0, (0.0,)), ((-1e6,), -1.0, (0.0,))),
)


def _cosh_may_overflow(x: Number) -> bool:
    number = data_of(x)
    return isinstance(number, (float, complex)) and not -300 < number.real < 300


def _decaying_exp(x: Number) -> Number:
    """exp(-|x|)."""
    return TABLE["exp"].value(x if is_negative(x) else -x)


def _sech(x: Number) -> Number:
    """1 / cosh(x), which far out is 2 exp(-|x|) to the last bit."""
    return 2 * _decaying_exp(x) if _cosh_may_overflow(x) else 1 / TABLE["cosh"].value(x)


sech = add_row(
    "sech", _sech, lambda y, x: (-y * tanh(x) if _cosh_may_overflow(x) else -tanh(x) / cosh(x),),
    latex=r"\operatorname{{sech}}",
    edges=(((0.0,), 1.0, (0.0,)), ((1e6,), 0.0, (0.0,))),
)


def _root_of_one_plus_square(x: Number) -> Number:
    if square_overflows(x):
        return -x if is_negative(x) else x
    return sqrt(1 + x * x)


asinh = add_row(
    "asinh", native("asinh"), lambda y, x: (1 / _root_of_one_plus_square(x),), latex=r"\operatorname{{arsinh}}",
    aliases=("arcsinh",),
)
acosh = add_row(
    "acosh", native("acosh"),
    lambda y, x: (_over(sqrt(x - 1) * sqrt(x + 1)),),  # two roots: the product could overflow
    latex=r"\operatorname{{arcosh}}", domain="a number not below 1",
    edges=(((1.0,), 0.0, (inf,)), ((0.5,), ValueError, ())), aliases=("arccosh",),
)
atanh = add_row(
    "atanh", native("atanh"), lambda y, x: (_over(one_minus_square(x)),), latex=r"\operatorname{{artanh}}",
    domain="a number between -1 and 1",
    edges=(((1.0,), ValueError, ()),), aliases=("arctanh",),
)

# --- absolute value, extremes, distance ----------------------------------------------------------


def _sign(x: Number) -> Number:
    """-1, 0 or 1; nan where x is nan or complex (abs has no complex derivative); [-1, 1] on an interval around 0."""
    if is_complex(x):
        return nan
    return 1 if x > 0 else -1 if x < 0 else 0 if x == 0 else between(x, -1, 1)


abs_ = add_row(
    "abs", abs, lambda y, x: (_sign(x),), latex=r"\left|{0}\right|", kink=lambda x: x,
    edges=(((0.0,), 0.0, (0.0,)), ((-0.0,), 0.0, (0.0,)), ((-3.0,), 3.0, (-1.0,)), ((nan,), nan, (nan,))),
    aliases=("fabs", "absolute"),
)


Choosing = Callable[[Number, Number], Number]


def _choosing(first: Callable[[Number, Number], bool], second: Callable[[Number, Number], bool]) -> Choosing:
    """Return max or min, nan if one is nan; of overlapping intervals the interval of all that may come out."""

    def choose(a: Number, b: Number) -> Number:
        if a != a or b != b:
            return a + b
        if first(a, b):
            return a
        if second(a, b):
            return b
        mpf = (context_of(a) or context_of(b)).mpf
        a, b = mpf(a), mpf(b)
        return mpf((choose(a.a, b.a), choose(a.b, b.b)))

    return choose


def _choice_partials(sign: int, a: Number, b: Number) -> tuple[Number, Number]:
    """Give the derivative to the argument that is chosen, half to each at a tie; nan where one is nan."""
    if a > b or a < b:
        return (1, 0) if (a > b) == (sign > 0) else (0, 1)
    if a <= b and a >= b:
        half = like(a, 0.5)
        return half, half
    return between(a + b, 0, 1), between(a + b, 0, 1)


maximum = add_row(
    "maximum", _choosing(ge, lt), lambda y, a, b: _choice_partials(+1, a, b), symbol="max", latex=r"\max",
    arity=2, kink=lambda a, b: a - b,
    edges=(((2.0, 2.0), 2.0, (0.5, 0.5)), ((nan, 2.0), nan, (nan, nan)), ((3.0, 2.0), 3.0, (1.0, 0.0))),
)
minimum = add_row(
    "minimum", _choosing(le, gt), lambda y, a, b: _choice_partials(-1, a, b), symbol="min", latex=r"\min",
    arity=2, kink=lambda a, b: a - b,
    edges=(((2.0, 2.0), 2.0, (0.5, 0.5)), ((2.0, nan), nan, (nan, nan)), ((3.0, 2.0), 2.0, (0.0, 1.0))),
)


def _hypot_partials(y: Number, *xs: Number) -> tuple[Number, ...]:
    """x_i / y; 0, a subgradient, at the origin; from a scaled length where y has overflowed or lost bits."""
    if y == 0:
        return (0,) * len(xs)
    if type(y) is float and is_normal(y):
        return tuple(x / y for x in xs)
    if _has_infinity(*xs):  # one infinite argument outruns the others; of two, neither
        ones = [math.copysign(math.isinf(x), x) for x in map(data_of, xs)]
        return tuple(nan if is_nan(x) or sum(map(abs, ones)) > 1 else one for x, one in zip(xs, ones, strict=True))
    if type(y) is float:
        r, exponent = length(*xs)
        return tuple(product(x, over=(r,), exponent=-exponent) for x in xs)
    scale = scale_near_one(*xs)
    if scale != 1:
        xs = tuple(x * scale for x in xs)
        y = hypot(*xs)
    return tuple(x / y for x in xs)


hypot: Function = add_row(
    "hypot", native("hypot"), _hypot_partials, latex=r"\left\|\left({args}\right)\right\|", arity=None,
    kink=lambda *xs: hypot(*xs),
    edges=(((0.0, 0.0), 0.0, (0.0, 0.0)), ((3.0, 4.0), 5.0, (0.6, 0.8)), ((inf, 4.0), inf, (1.0, 0.0))),
)

# --- the error function and the activations of neural networks -----------------------------------


def _bell(x: Number) -> Number:
    """2 exp(-x^2) / sqrt(pi), the derivative of erf."""
    return 2 * exp(-(x * x)) / sqrt(_pi(x))


def _pi(x: Number) -> Number:
    return 4 * atan(like(x, 1.0))


erf = add_row("erf", native("erf"), lambda y, x: (_bell(x),))
erfc = add_row("erfc", native("erfc"), lambda y, x: (-_bell(x),))


def _relu(x: Number) -> Number:
    if x > 0 or x != x:
        return x
    return type(x)(0) if x <= 0 else between(x, 0, x.b)


relu = add_row(
    "relu", _relu, lambda y, x: (1 if x > 0 else 0 if x <= 0 else between(x, 0, 1),), symbol="ReLU",
    latex=r"\operatorname{{ReLU}}", kink=lambda x: x,
    edges=(((0.0,), 0.0, (0.0,)), ((-3.0,), 0.0, (0.0,)), ((3.0,), 3.0, (1.0,)), ((nan,), nan, (nan,))),
)


def _leaky_relu_partials(y: Number, x: Number, slope: Number) -> tuple[Number, Number]:
    if is_nan(x):
        return like(x, nan), like(x, nan)
    return by_sign(x, lambda x: 1, lambda x: slope), by_sign(x, lambda x: 0, lambda x: x)


leaky_relu = add_row(
    "leaky_relu", lambda x, slope: by_sign(x, lambda x: x, lambda x: slope * x), _leaky_relu_partials,
    latex=r"\operatorname{{LeakyReLU}}_{{{1}}}\left({0}\right)", arity=2, defaults=(0.01,),
    kink=lambda x, slope: x if slope != 1 else 1,
    edges=(
        ((0.0, 0.25), 0.0, (0.25, 0.0)),
        ((-4.0, 0.25), -1.0, (0.25, -4.0)),
        ((4.0, 0.25), 4.0, (1.0, 0.0)),
        ((nan, 0.25), nan, (nan, nan)),
    ),
)


def _scaled_exp(scale: Number, x: Number) -> Number:
    """Return scale * exp(x), by two halves where exp(x) alone would lose bits to underflow."""
    if is_negative(x + 700):
        half = exp(x / 2)
        return scale * half * half
    return scale * exp(x)


elu = add_row(
    "elu", lambda x, alpha: by_sign(x, lambda x: x, lambda x: alpha * TABLE["expm1"].value(x)),
    lambda y, x, alpha: (by_sign(x, lambda x: 1, lambda x: _scaled_exp(alpha, x)), by_sign(x, lambda x: 0, expm1)),
    latex=r"\operatorname{{ELU}}_{{{1}}}\left({0}\right)", arity=2, defaults=(1.0,),
    kink=lambda x, alpha: x if alpha != 1 else 1,
    edges=(((0.0, 2.0), 0.0, (2.0, 0.0)), ((3.0, 2.0), 3.0, (1.0, 0.0)), ((nan, 2.0), nan, (nan, nan))),
)

_exp = TABLE["exp"].value


def _sigmoid(x: Number) -> Number:
    """1 / (1 + exp(-x)), with the exponential that cannot overflow."""
    if is_negative(x):
        e = _exp(x)
        return e / (1 + e)
    return 1 / (1 + _exp(-x))


sigmoid = add_row(
    "sigmoid", _sigmoid,
    lambda y, x: (logistic_density(x),),  # y * (1 - y) is 0 from x = 37 on
    latex=r"\sigma",
    edges=(((0.0,), 0.5, (0.25,)), ((1e6,), 1.0, (0.0,)), ((-1e6,), 0.0, (0.0,))),
)


def _logistic_density(x: Number) -> Number:
    """sigma(x) sigma(-x) = 1 / (2 + 2 cosh(x)), which far out is exp(-|x|): its tails are never lost."""
    if type(x) is float:  # written out, because training with tanh or sigmoid spends its time here
        return 1 / (2 * (1 + math.cosh(x))) if -300 < x < 300 else math.exp(-abs(x))
    return _decaying_exp(x) if _cosh_may_overflow(x) else 1 / (2 * (1 + TABLE["cosh"].value(x)))


logistic_density: Function = add_row(
    "logistic_density", _logistic_density, lambda y, x: (-y * tanh(x / 2),), symbol="sigmoid'", latex=r"\sigma'",
)


def _softplus(x: Number) -> Number:
    """log(1 + exp(x)) = max(x, 0) + log1p(exp(-|x|))."""
    log1p = TABLE["log1p"].value
    return log1p(_exp(x)) if is_negative(x) else x + log1p(_exp(-x))


softplus = add_row(
    "softplus", _softplus, lambda y, x: (sigmoid(x),),
    edges=(((1e6,), 1e6, (1.0,)), ((-1e6,), 0.0, (0.0,))),
)


def _silu(x: Number) -> Number:
    """Return x / (1 + exp(-x))."""
    if not is_negative(x):
        return x * _sigmoid(x)
    return _scaled_exp(x, x) / (1 + _exp(x)) if x != -inf else 0 / x


def _silu_partials(y: Number, x: Number) -> tuple[Number]:
    """sigma(x) (1 + x sigma(-x)); below 0, where that cancels, exp(x) (1 + x + exp(x)) / (1 + exp(x))^2."""
    if abs(data_of(x)) == inf:
        return (0 if is_negative(x) else 1,)
    if not is_negative(x):
        return (sigmoid(x) * (1 + x * sigmoid(-x)),)
    e = exp(x)
    return (_scaled_exp(1 + x + e, x) / ((1 + e) * (1 + e)),)


silu = add_row(
    "silu", _silu, _silu_partials, latex=r"\operatorname{{SiLU}}",
    edges=(((inf,), inf, (1.0,)), ((-inf,), 0.0, (0.0,)), ((-1e6,), 0.0, (0.0,))),
)


def _gelu(x: Number) -> Number:
    """Return x P(X <= x) for a standard normal X, from erfc, which keeps the lower tail."""
    return x * (TABLE["erfc"].value(-x / TABLE["sqrt"].value(like(x, 2.0))) / 2) if x != -inf else 0 / x


def _gelu_partials(y: Number, x: Number) -> tuple[Number]:
    """P(X <= x) + x times the normal density: terms of opposite sign below 0, so up to 7 ulp are lost near -1.4."""
    if abs(data_of(x)) == inf:
        return (0 if is_negative(x) else 1,)
    return (erfc(-x / sqrt(like(x, 2.0))) / 2 + x * exp(-(x * x) / 2) / sqrt(2 * _pi(x)),)


gelu = add_row(
    "gelu", _gelu, _gelu_partials, latex=r"\operatorname{{GELU}}",
    edges=(((inf,), inf, (1.0,)), ((-inf,), 0.0, (0.0,))),
)

# --- logarithms of sums of exponentials ----------------------------------------------------------


def _logaddexp(a: Number, b: Number) -> Number:
    """log(exp(a) + exp(b)) = max + log1p(exp(-|a - b|))."""
    if a == b:  # also where both are infinite, and have no difference
        return a + TABLE["log"].value(like(a, 2.0))
    low, high = (a, b) if is_negative(a - b) else (b, a)
    return high + TABLE["log1p"].value(_exp(low - high))


logaddexp = add_row(
    "logaddexp", _logaddexp, lambda y, a, b: (sigmoid(a - b), sigmoid(b - a)), arity=2,
    edges=(((1e6, -1e6), 1e6, (1.0, 0.0)), ((0.0, 0.0), math.log(2.0), (0.5, 0.5)), ((inf, inf), inf, (nan, nan))),
)


def _largest(xs: tuple[Number, ...]) -> Number:
    return max(xs, key=lambda x: data_of(x).real)


def _logsumexp(*xs: Number) -> Number:
    """log(sum(exp(x_i))) = m + log1p(sum of exp(x_i - m) over the others), m the largest.

    Source: Blanchard, D. Higham and N. Higham, Accurately computing the log-sum-exp and softmax functions, 2021, (3.7).
    """
    total = _sum(*xs)
    m = _largest(xs)
    if len(xs) == 1 or abs(m) == inf or total != total:
        return total if total != total else m
    others = list(xs)
    others.remove(m)
    return m + TABLE["log1p"].value(_sum(*(_exp(x - m) for x in others)))


def _logsumexp_partials(y: Number, *xs: Number) -> tuple[Number, ...]:
    """Return the softmax, exp(x_i - m) / sum(exp(x_j - m)), m the largest.

    m is subtracted as the variable it is: so the largest probability is 1 / (1 + positive terms), whose own derivative
    does not cancel.
    """
    m = _largest(xs)
    if abs(data_of(m)) == inf or is_nan(y):
        one_wins = sum(bool(x == m) for x in xs) == 1 and not is_nan(y)
        return tuple((1 if x == m else 0) if one_wins else nan for x in xs)
    if len(xs) == 1:
        return (1,)
    powers = [1 if x is m else exp(x - m) for x in xs]
    total = sum_(*powers)
    return tuple(power / total for power in powers)


logsumexp = add_row(
    "logsumexp", _logsumexp, _logsumexp_partials, arity=None,
    edges=(
        ((1e6, 1e6), 1e6 + math.log(2.0), (0.5, 0.5)),
        ((1e6, -1e6), 1e6, (1.0, 0.0)),
        ((-inf, 2.0), 2.0, (0.0, 1.0)),
        ((inf, 2.0), inf, (1.0, 0.0)),
    ),
)

ADD, MUL, SUM, DOT = TABLE["add"], TABLE["mul"], TABLE["sum"], TABLE["dot"]
