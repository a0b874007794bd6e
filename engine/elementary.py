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
from dataclasses import dataclass

from engine.functions import (
    NORMAL_MIN,
    Number,
    between,
    by_sign,
    context_of,
    data_of,
    dispatching,
    is_complex,
    is_nan,
    is_negative,
    like,
    native,
    product,
    scaled,
    times_power_of_two,
)

inf, nan, pi = math.inf, math.nan, math.pi

Edge = tuple[tuple[float, ...], float | type[Exception], tuple[float, ...]]
"""A documented edge case: the arguments, the value there (or the exception), and the partial derivatives."""


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
    edges: documented edge cases as (arguments, value or exception, partials); every one is a test.
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
    edges: tuple[Edge, ...] = ()
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
    edges: tuple[Edge, ...] = (),
    aliases: tuple[str, ...] = (),
    defaults: tuple[float, ...] = (),
) -> Callable[..., Number]:
    """Enter a row; return the function, which takes numbers and Values alike."""
    latex = latex or r"\operatorname{{" + name.replace("_", r"\_") + r"}}\left({args}\right)"
    TABLE[name] = Row(name, symbol or name, latex, arity, value, partials, domain, kink, edges, aliases, defaults)
    return dispatching(name, value)


def _over(x: Number, numerator: Number = 1) -> Number:
    """Return numerator / x, and where x is 0 the +inf that a slope goes to."""
    return numerator / x if x != 0 else like(x, inf)


# --- arithmetic ---------------------------------------------------------------------------------

add = _add_row("add", lambda a, b: a + b, lambda y, a, b: (1, 1), symbol="+", latex="{0} + {1}", arity=2)
sub = _add_row("sub", lambda a, b: a - b, lambda y, a, b: (1, -1), symbol="-", latex="{0} - {1}", arity=2)
mul = _add_row("mul", lambda a, b: a * b, lambda y, a, b: (b, a), symbol="*", latex=r"{0} \cdot {1}", arity=2)
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
    edges=(((1.0, 0.0), ZeroDivisionError, ()), ((0.0, 2.0), 0.0, (0.5, 0.0)), ((1.0, inf), 0.0, (0.0, 0.0))),
)


def _power(x: Number, n: Number) -> Number:
    result = x**n
    if isinstance(result, complex) and not isinstance(x, complex) and not isinstance(n, complex):
        raise ValueError("a negative base needs an integer exponent")
    return result


def _power_partials(y: Number, x: Number, n: Number) -> tuple[Number, Number]:
    """d(x^n)/dx = n x^(n-1), d(x^n)/dn = x^n log x; the limits at x = 0; nan for d/dn where x < 0."""
    if x == 0:
        return (like(y, inf) if is_negative(n - 1) and n != 0 else n * x ** (n - 1) if n != 0 else 0), 0
    power = _one_power_less(y, x, n)
    if type(x) is float and not (NORMAL_MIN <= abs(power) < inf and NORMAL_MIN <= abs(y) < inf):
        return _power_partials_out_of_range(y, x, float(n))
    return n * power, _times_log(y, x)


def _one_power_less(y: Number, x: Number, n: Number) -> Number:
    """x^(n-1), or x^n / x where n - 1 would be rounded (the power amplifies that by log x) or the power overflows."""
    m = n - 1
    try:
        return x**m if m + 1 == n and -(2**53) < data_of(n).real < 2**53 else y / x
    except OverflowError:
        return y / x


def _times_log(y: Number, x: Number) -> Number:
    if not (is_complex(x) or x > 0):
        return like(y, nan)
    try:
        return y * log(x)
    except OverflowError:  # a Fraction that no float can hold, and so no logarithm
        return nan


def _power_partials_out_of_range(y: float, x: float, n: float) -> tuple[float, float]:
    """The same for floats where a power over- or underflows though the derivative may not: from its fourth root."""
    if not math.isfinite(x) or not math.isfinite(n):
        power = x ** (n - 1)
        by_base = n * power if power else 0.0
        by_exponent = nan if not x > 0 else y * math.log(x) if y else 0.0
        return nan if x < 0 and math.isinf(n) and power else by_base, by_exponent
    quarter = abs(x) ** (n / 4)
    factors = (y,) if NORMAL_MIN <= abs(y) else (math.copysign(1.0, y), quarter, quarter, quarter, quarter)
    return product(n, *factors, over=(x,)), product(*factors, math.log(x)) if x > 0 else nan


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


dot_ = _add_row("dot", _dot, _dot_partials, symbol="dot", arity=None)

# --- exponentials and logarithms -----------------------------------------------------------------

exp = _add_row(
    "exp",
    native("exp"),
    lambda y, x: (y,),
    latex="e^{{{0}}}",
    domain="a result that fits into a float",
    edges=(((1000.0,), OverflowError, ()), ((-1000.0,), 0.0, (0.0,)), ((-inf,), 0.0, (0.0,))),
)
expm1 = _add_row("expm1", native("expm1"), lambda y, x: (exp(x),), latex=r"e^{{{0}}} - 1")
log = _add_row(
    "log",
    native("log"),
    lambda y, x: (_over(x),),
    latex=r"\log\left({0}\right)",
    domain="a positive number",
    edges=(((0.0,), ValueError, ()), ((-1.0,), ValueError, ()), ((inf,), inf, (0.0,))),
)
log1p = _add_row(
    "log1p",
    native("log1p"),
    lambda y, x: (_over(1 + x),),
    latex=r"\log\left(1 + {0}\right)",
    domain="a number above -1",
    edges=(((-1.0,), ValueError, ()),),
)
log2 = _add_row(
    "log2",
    native("log2"),
    lambda y, x: (_over(x, 1 / log(like(x, 2.0))),),  # not 1 / x first: that overflows too early
    latex=r"\log_2\left({0}\right)",
    domain="a positive number",
)
log10 = _add_row(
    "log10",
    native("log10"),
    lambda y, x: (_over(x, 1 / log(like(x, 10.0))),),
    latex=r"\log_{{10}}\left({0}\right)",
    domain="a positive number",
)
sqrt = _add_row(
    "sqrt",
    native("sqrt"),
    lambda y, x: (_over(2 * y),),
    latex=r"\sqrt{{{0}}}",
    domain="a number not below 0",
    edges=(((0.0,), 0.0, (inf,)), ((-0.0,), -0.0, (inf,)), ((-1.0,), ValueError, ())),
)
cbrt = _add_row(
    "cbrt",
    native("cbrt"),
    lambda y, x: (_over(3 * y * y),),
    latex=r"\sqrt[3]{{{0}}}",
    edges=(((0.0,), 0.0, (inf,)), ((inf,), inf, (0.0,))),
)

# --- circular and hyperbolic functions -----------------------------------------------------------

sin = _add_row("sin", native("sin"), lambda y, x: (cos(x),), latex=r"\sin\left({0}\right)", domain="a finite number")
cos = _add_row("cos", native("cos"), lambda y, x: (-sin(x),), latex=r"\cos\left({0}\right)", domain="a finite number")
tan = _add_row("tan", native("tan"), lambda y, x: (1 + y * y,), latex=r"\tan\left({0}\right)", domain="a finite number")

asin = _add_row(
    "asin",
    native("asin"),
    lambda y, x: (_over(sqrt((1 - x) * (1 + x))),),  # factored: 1 - x*x cancels near +-1
    latex=r"\arcsin\left({0}\right)",
    domain="a number from -1 to 1",
    edges=(((1.0,), pi / 2, (inf,)), ((-1.0,), -pi / 2, (inf,))),
    aliases=("arcsin",),
)
acos = _add_row(
    "acos",
    native("acos"),
    lambda y, x: (-_over(sqrt((1 - x) * (1 + x))),),
    latex=r"\arccos\left({0}\right)",
    domain="a number from -1 to 1",
    edges=(((1.0,), 0.0, (-inf,)), ((-1.0,), pi, (-inf,))),
    aliases=("arccos",),
)


def _square_overflows(x: Number) -> bool:
    number = data_of(x)
    return type(number) is float and not -1e150 < number < 1e150


atan = _add_row(
    "atan",
    native("atan"),
    lambda y, x: (1 / x / x if _square_overflows(x) else 1 / (1 + x * x),),
    latex=r"\arctan\left({0}\right)",
    edges=(((inf,), pi / 2, (0.0,)),),
    aliases=("arctan",),
)


def _atan2_partials(angle: Number, y: Number, x: Number) -> tuple[Number, Number]:
    """x / r^2 and -y / r^2, with r^2 = x^2 + y^2, by way of the scaled radius; nan at the origin."""
    if (x == 0 and y == 0) or is_nan(angle):
        return like(angle, nan), like(angle, nan)
    (v, u), exponent = scaled(y, x)
    r = hypot(u, v)
    if exponent == 0:
        return (u / r / r, -v / r / r) if r != inf else (0 / x, 0 / y)
    return times_power_of_two(u / r / r, -exponent), times_power_of_two(-v / r / r, -exponent)


atan2 = _add_row(
    "atan2",
    native("atan2"),
    _atan2_partials,
    arity=2,
    edges=(((0.0, 0.0), 0.0, (nan, nan)), ((inf, 1.0), pi / 2, (0.0, 0.0)), ((inf, inf), pi / 4, (0.0, 0.0))),
    aliases=("arctan2",),
)

sinh = _add_row("sinh", native("sinh"), lambda y, x: (cosh(x),), latex=r"\sinh\left({0}\right)")
cosh = _add_row("cosh", native("cosh"), lambda y, x: (sinh(x),), latex=r"\cosh\left({0}\right)")
tanh = _add_row(
    "tanh",
    native("tanh"),
    lambda y, x: (4 * logistic_density(2 * x),),  # 1 - y*y is 0 once y rounds to 1
    latex=r"\tanh\left({0}\right)",
    edges=(((0.0,), 0.0, (1.0,)), ((1e6,), 1.0, (0.0,)), ((-1e6,), -1.0, (0.0,))),
)


def _sech(x: Number) -> Number:
    """1 / cosh(x) from a decaying exponential, so that it never overflows and keeps its tails."""
    e = TABLE["exp"].value(x if is_negative(x) else -x)
    return 2 * e / (1 + e * e)


sech = _add_row("sech", _sech, lambda y, x: (-y * tanh(x),), latex=r"\operatorname{{sech}}\left({0}\right)")


def _root_of_one_plus_square(x: Number) -> Number:
    if _square_overflows(x):
        return -x if is_negative(x) else x
    return sqrt(1 + x * x)


asinh = _add_row(
    "asinh",
    native("asinh"),
    lambda y, x: (1 / _root_of_one_plus_square(x),),
    latex=r"\operatorname{{arsinh}}\left({0}\right)",
    aliases=("arcsinh",),
)
acosh = _add_row(
    "acosh",
    native("acosh"),
    lambda y, x: (_over(sqrt(x - 1) * sqrt(x + 1)),),  # two roots: the product could overflow
    latex=r"\operatorname{{arcosh}}\left({0}\right)",
    domain="a number not below 1",
    edges=(((1.0,), 0.0, (inf,)), ((0.5,), ValueError, ())),
    aliases=("arccosh",),
)
atanh = _add_row(
    "atanh",
    native("atanh"),
    lambda y, x: (_over((1 - x) * (1 + x)),),
    latex=r"\operatorname{{artanh}}\left({0}\right)",
    domain="a number between -1 and 1",
    edges=(((1.0,), ValueError, ()),),
    aliases=("arctanh",),
)

# --- absolute value, extremes, distance ----------------------------------------------------------


def _sign(x: Number) -> Number:
    """-1, 0 or 1; nan where x is nan or complex (abs has no complex derivative); [-1, 1] on an interval around 0."""
    if is_complex(x):
        return nan
    return 1 if x > 0 else -1 if x < 0 else 0 if x == 0 else between(x, -1, 1)


abs_ = _add_row(
    "abs",
    abs,
    lambda y, x: (_sign(x),),
    latex=r"\left|{0}\right|",
    kink=lambda x: x,
    edges=(((0.0,), 0.0, (0.0,)), ((-0.0,), 0.0, (0.0,)), ((-3.0,), 3.0, (-1.0,)), ((nan,), nan, (nan,))),
    aliases=("fabs", "absolute"),
)


def _choosing(better: Callable[[Number, Number], Number]) -> Callable[[Number, Number], Number]:
    """max or min, nan if one is nan; of overlapping intervals the interval of all that may come out."""

    def choose(a: Number, b: Number) -> Number:
        if a != a or b != b:
            return a + b
        if a < b or a >= b:
            return better(a, b)
        mpf = (context_of(a) or context_of(b)).mpf
        a, b = mpf(a), mpf(b)
        return mpf((better(a.a, b.a), better(a.b, b.b)))

    return choose


def _choice_partials(sign: int, a: Number, b: Number) -> tuple[Number, Number]:
    """The derivative goes to the argument that is chosen, half to each at a tie; nan where one is nan."""
    if a > b or a < b:
        return (1, 0) if (a > b) == (sign > 0) else (0, 1)
    if a <= b and a >= b:
        half = like(a, 0.5)
        return half, half
    return between(a + b, 0, 1), between(a + b, 0, 1)


maximum = _add_row(
    "maximum",
    _choosing(max),
    lambda y, a, b: _choice_partials(+1, a, b),
    symbol="max",
    latex=r"\max\left({args}\right)",
    arity=2,
    kink=lambda a, b: a - b,
    edges=(((2.0, 2.0), 2.0, (0.5, 0.5)), ((nan, 2.0), nan, (nan, nan)), ((3.0, 2.0), 3.0, (1.0, 0.0))),
)
minimum = _add_row(
    "minimum",
    _choosing(min),
    lambda y, a, b: _choice_partials(-1, a, b),
    symbol="min",
    latex=r"\min\left({args}\right)",
    arity=2,
    kink=lambda a, b: a - b,
    edges=(((2.0, 2.0), 2.0, (0.5, 0.5)), ((2.0, nan), nan, (nan, nan)), ((3.0, 2.0), 2.0, (0.0, 1.0))),
)


def _hypot_partials(y: Number, *xs: Number) -> tuple[Number, ...]:
    """x_i / y; 0, a subgradient, at the origin. Scaled where y itself has overflowed or lost bits."""
    if y == 0:
        return (0,) * len(xs)
    if type(y) is float and not NORMAL_MIN <= y < inf:
        xs, _ = scaled(*xs)
        y = hypot(*xs)
        if y == inf:  # one infinite argument outruns the rest; the limit depends on the way if there are two
            infinite = sum(map(math.isinf, xs))
            return tuple(nan if is_nan(x) or infinite > 1 else math.copysign(math.isinf(x), x) for x in xs)
    return tuple(x / y for x in xs)


hypot = _add_row(
    "hypot",
    native("hypot"),
    _hypot_partials,
    latex=r"\left\|\left({args}\right)\right\|",
    arity=None,
    kink=lambda *xs: hypot(*xs),
    edges=(((0.0, 0.0), 0.0, (0.0, 0.0)), ((3.0, 4.0), 5.0, (0.6, 0.8)), ((inf, 4.0), inf, (1.0, 0.0))),
)

# --- the error function and the activations of neural networks -----------------------------------


def _bell(x: Number) -> Number:
    """2 exp(-x^2) / sqrt(pi), the derivative of erf."""
    return 2 * exp(-(x * x)) / sqrt(_pi(x))


def _pi(x: Number) -> Number:
    return 4 * atan(like(x, 1.0))


erf = _add_row("erf", native("erf"), lambda y, x: (_bell(x),))
erfc = _add_row("erfc", native("erfc"), lambda y, x: (-_bell(x),))


def _relu(x: Number) -> Number:
    if x > 0 or x != x:
        return x
    return type(x)(0) if x <= 0 else between(x, 0, x.b)


relu = _add_row(
    "relu",
    _relu,
    lambda y, x: (1 if x > 0 else 0 if x <= 0 else between(x, 0, 1),),
    symbol="ReLU",
    latex=r"\operatorname{{ReLU}}\left({0}\right)",
    kink=lambda x: x,
    edges=(((0.0,), 0.0, (0.0,)), ((-3.0,), 0.0, (0.0,)), ((3.0,), 3.0, (1.0,)), ((nan,), nan, (nan,))),
)


def _leaky_relu_partials(y: Number, x: Number, slope: Number) -> tuple[Number, Number]:
    if is_nan(x):
        return like(x, nan), like(x, nan)
    return by_sign(x, lambda x: 1, lambda x: slope), by_sign(x, lambda x: 0, lambda x: x)


leaky_relu = _add_row(
    "leaky_relu",
    lambda x, slope: by_sign(x, lambda x: x, lambda x: slope * x),
    _leaky_relu_partials,
    latex=r"\operatorname{{LeakyReLU}}_{{{1}}}\left({0}\right)",
    arity=2,
    defaults=(0.01,),
    kink=lambda x, slope: x if slope != 1 else 1,
    edges=(
        ((0.0, 0.25), 0.0, (0.25, 0.0)),
        ((-4.0, 0.25), -1.0, (0.25, -4.0)),
        ((4.0, 0.25), 4.0, (1.0, 0.0)),
        ((nan, 0.25), nan, (nan, nan)),
    ),
)


def _scaled_exp(scale: Number, x: Number) -> Number:
    """scale * exp(x), by two halves where exp(x) alone would lose bits to underflow."""
    if is_negative(x + 700):
        half = exp(x / 2)
        return scale * half * half
    return scale * exp(x)


elu = _add_row(
    "elu",
    lambda x, alpha: by_sign(x, lambda x: x, lambda x: alpha * TABLE["expm1"].value(x)),
    lambda y, x, alpha: (
        by_sign(x, lambda x: 1, lambda x: _scaled_exp(alpha, x)),
        by_sign(x, lambda x: 0, expm1),
    ),
    latex=r"\operatorname{{ELU}}_{{{1}}}\left({0}\right)",
    arity=2,
    defaults=(1.0,),
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


sigmoid = _add_row(
    "sigmoid",
    _sigmoid,
    lambda y, x: (logistic_density(x),),  # y * (1 - y) is 0 from x = 37 on
    latex=r"\sigma\left({0}\right)",
    edges=(((0.0,), 0.5, (0.25,)), ((1e6,), 1.0, (0.0,)), ((-1e6,), 0.0, (0.0,))),
)


def _logistic_density(x: Number) -> Number:
    """exp(-|x|) / (1 + exp(-|x|))^2, the derivative of the sigmoid: even, and never lost in its tails."""
    e = _exp(x if is_negative(x) else -x)
    return e / ((1 + e) * (1 + e))


logistic_density = _add_row(
    "logistic_density",
    _logistic_density,
    lambda y, x: (-y * tanh(x / 2),),
    symbol="sigmoid'",
    latex=r"\sigma'\left({0}\right)",
)


def _softplus(x: Number) -> Number:
    """log(1 + exp(x)) = max(x, 0) + log1p(exp(-|x|))."""
    log1p = TABLE["log1p"].value
    return log1p(_exp(x)) if is_negative(x) else x + log1p(_exp(-x))


softplus = _add_row(
    "softplus",
    _softplus,
    lambda y, x: (sigmoid(x),),
    edges=(((1e6,), 1e6, (1.0,)), ((-1e6,), 0.0, (0.0,))),
)


def _silu(x: Number) -> Number:
    """x / (1 + exp(-x))."""
    if not is_negative(x):
        return x * _sigmoid(x)
    return _scaled_exp(x, x) / (1 + _exp(x)) if x != -inf else 0 / x


def _silu_partials(y: Number, x: Number) -> tuple[Number]:
    """sigma(x) (1 + x sigma(-x)), with the small sigma(x) kept in two factors."""
    if abs(data_of(x)) == inf:
        return (0 if is_negative(x) else 1,)
    slope = 1 + x * sigmoid(-x)
    return (_scaled_exp(slope, x) / (1 + exp(x)) if is_negative(x) else slope * sigmoid(x),)


silu = _add_row(
    "silu",
    _silu,
    _silu_partials,
    latex=r"\operatorname{{SiLU}}\left({0}\right)",
    edges=(((inf,), inf, (1.0,)), ((-inf,), 0.0, (0.0,)), ((-1e6,), 0.0, (0.0,))),
)


def _gelu(x: Number) -> Number:
    """x P(X <= x) for a standard normal X, from erfc, which keeps the lower tail."""
    return x * (TABLE["erfc"].value(-x / TABLE["sqrt"].value(like(x, 2.0))) / 2) if x != -inf else 0 / x


def _gelu_partials(y: Number, x: Number) -> tuple[Number]:
    """P(X <= x) + x times the normal density."""
    if abs(data_of(x)) == inf:
        return (0 if is_negative(x) else 1,)
    return (erfc(-x / sqrt(like(x, 2.0))) / 2 + x * exp(-(x * x) / 2) / sqrt(2 * _pi(x)),)


gelu = _add_row(
    "gelu",
    _gelu,
    _gelu_partials,
    latex=r"\operatorname{{GELU}}\left({0}\right)",
    edges=(((inf,), inf, (1.0,)), ((-inf,), 0.0, (0.0,))),
)

# --- logarithms of sums of exponentials ----------------------------------------------------------


def _logaddexp(a: Number, b: Number) -> Number:
    """log(exp(a) + exp(b)) = max + log1p(exp(-|a - b|))."""
    if a <= b and a >= b:  # also where both are infinite, and have no difference
        return a + TABLE["log"].value(like(a, 2.0))
    low, high = (a, b) if a < b else (b, a)
    return high + TABLE["log1p"].value(_exp(low - high))


logaddexp = _add_row(
    "logaddexp",
    _logaddexp,
    lambda y, a, b: (sigmoid(a - b), sigmoid(b - a)),
    arity=2,
    edges=(((1e6, -1e6), 1e6, (1.0, 0.0)), ((0.0, 0.0), math.log(2.0), (0.5, 0.5)), ((inf, inf), inf, (nan, nan))),
)


def _logsumexp(*xs: Number) -> Number:
    """log(sum(exp(x_i))) = m + log1p(sum of exp(x_i - m) over the others), m the largest.

    Source: Blanchard, D. Higham and N. Higham, Accurately computing the log-sum-exp and softmax functions, 2021, (3.7).
    """
    total = _sum(*xs)
    m = max(xs)
    if len(xs) == 1 or abs(m) == inf or total != total:
        return total if total != total else m
    others = list(xs)
    others.remove(m)
    return m + TABLE["log1p"].value(_sum(*(_exp(x - m) for x in others)))


def _logsumexp_partials(y: Number, *xs: Number) -> tuple[Number, ...]:
    """The softmax, exp(x_i - m) / sum(exp(x_j - m)), m the largest.

    m is subtracted as the variable it is: so the largest probability is 1 / (1 + positive terms), whose own derivative
    does not cancel.
    """
    m = max(xs)
    if abs(data_of(m)) == inf or is_nan(y):
        one_wins = sum(bool(x == m) for x in xs) == 1 and not is_nan(y)
        return tuple((1 if x == m else 0) if one_wins else nan for x in xs)
    powers = [1 if x is m else exp(x - m) for x in xs]
    total = sum_(*powers)
    return tuple(power / total for power in powers)


logsumexp = _add_row(
    "logsumexp",
    _logsumexp,
    _logsumexp_partials,
    arity=None,
    edges=(
        ((1e6, 1e6), 1e6 + math.log(2.0), (0.5, 0.5)),
        ((1e6, -1e6), 1e6, (1.0, 0.0)),
        ((-inf, 2.0), 2.0, (0.0, 1.0)),
        ((inf, 2.0), inf, (1.0, 0.0)),
    ),
)

ADD, MUL, SUM, DOT = TABLE["add"], TABLE["mul"], TABLE["sum"], TABLE["dot"]
