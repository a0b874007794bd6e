"""Products, lengths and powers of floats whose steps would overflow or underflow although the result does not.

A float is mantissa * 2**exponent, and only the exponent can run out. So where a step leaves the normal floats,
mantissas and exponents are combined apart, and joined once at the end. Source: Higham, Accuracy and Stability of
Numerical Algorithms, section 27.5 (avoiding overflow in a norm).

Numbers other than floats, and Values, have exponents to spare or no rounding at all: they pass through unscaled.
"""

from __future__ import annotations

import math

from engine.functions import Number, data_of

NORMAL_MIN = 2.0**-1022
"""The smallest positive float that still has all its 53 bits."""


def is_normal(x: float) -> bool:
    """Tell whether a float is finite, not 0, and has all its bits.

    >>> is_normal(1e-307), is_normal(1e-310), is_normal(math.inf)
    (True, False, False)
    """
    return NORMAL_MIN <= abs(x) < math.inf


def product(*factors: Number, over: tuple[Number, ...] = (), exponent: int = 0) -> Number:
    """Return the product of factors over the product of divisors, times 2**exponent, as if floats were unbounded.

    >>> product(1e300, 1e300, over=(1e300, 1e10)) == 1e290
    True
    >>> product(3.0, 2.0, over=(4.0,))
    1.5
    >>> product(-1e300, 1e300)
    -inf
    """
    result, safe = factors[0], exponent == 0
    for factor in factors[1:]:
        result = result * factor
        safe = safe and type(result) is float and is_normal(result)
    for divisor in over:
        result = result / divisor
        safe = safe and type(result) is float and is_normal(result)
    if safe or not all(isinstance(x, (float, int)) for x in (*factors, *over)):
        return result
    mantissa = 1.0
    for factor in factors:
        part, power = math.frexp(factor)
        mantissa, exponent = mantissa * part, exponent + power
    for divisor in over:
        part, power = math.frexp(divisor)
        mantissa, exponent = mantissa / part, exponent - power
    try:
        return math.ldexp(mantissa, exponent)
    except OverflowError:
        return math.copysign(math.inf, mantissa)


def length(*xs: float) -> tuple[float, int]:
    """Return sqrt(x_1^2 + ...) as (r, e), meaning r * 2**e, with r near 1: right where the length is no normal float.

    >>> length(3e-320, 4e-320)[0] > 0.5
    True
    >>> length(3.0, -4.0)
    (0.625, 3)
    """
    exponent = math.frexp(max(map(abs, xs)))[1]
    return math.hypot(*(math.ldexp(x, -exponent) for x in xs)), exponent


def scale_near_one(*xs: Number) -> float:
    """Return the power of two that brings the largest of some floats (or Values of floats) near 1.

    A recorded rule multiplies by it, which is exact, so that no derivative of the rule over- or underflows. It is
    1, and spares the multiplication, where the cubes of the numbers are far from both ends of the floats.

    >>> scale_near_one(1e-320, 1e-200) == 2.0**664, scale_near_one(3.0, -4.0)
    (True, 1.0)
    """
    numbers = [data_of(x) for x in xs]
    if not all(type(number) is float for number in numbers):
        return 1.0
    largest = max(map(abs, numbers))
    if 1e-100 < largest < 1e100 or not largest < math.inf or not largest:
        return 1.0
    return math.ldexp(1.0, max(-1000, min(1000, -math.frexp(largest)[1])))


def one_minus_square(x: Number) -> Number:
    """Return 1 - x^2: factored near +-1, where the difference cancels, and not near 0, where its derivative would.

    >>> one_minus_square(1 - 2.0**-53), one_minus_square(0.25)
    (2.220446049250313e-16, 0.9375)
    """
    return (1 - x) * (1 + x) if abs(data_of(x)) > 0.5 else 1 - x * x


def square_overflows(x: Number) -> bool:
    """Tell whether x is a float (or a Value that holds one) so large that 1 + x^2 is x^2 and may overflow.

    >>> square_overflows(1e200), square_overflows(-2.0)
    (True, False)
    """
    number = data_of(x)
    return type(number) is float and not -1e150 < number < 1e150


def power_partials(y: float, x: float, n: float, one_less: float) -> tuple[float, float]:
    """Return d(x^n)/dx and d(x^n)/dn for floats of which y = x^n or one_less = x^(n-1) is not a normal float.

    Both may still have normal derivatives: these are put together from the fourth root |x|^(n/4).

    >>> power_partials(1e-320, 1e-160, 2.0, 1e-160)[0]
    2e-160
    """
    if not (math.isfinite(x) and math.isfinite(n)):
        by_base = n * one_less if one_less else 0.0
        by_exponent = y * math.log(x) if y and x > 0 else 0.0
        undefined = x < 0 or math.isnan(x)
        return (math.nan if undefined and math.isinf(n) else by_base), (math.nan if undefined else by_exponent)
    root = abs(x) ** (n / 4)
    factors = (y,) if is_normal(y) else (math.copysign(1.0, y), root, root, root, root)
    by_base = n * one_less if is_normal(one_less) else product(n, *factors, over=(x,))
    return by_base, product(*factors, math.log(x)) if x > 0 else math.nan


def refined_cbrt(y: Number, x: Number) -> Number:
    """Return the cube root of a float x to the last bit or two, given y = cbrt(x), which a C library may miss by 4 ulp.

    From the 17 leading bits t of y, whose cube is exact: x - t^3 = (cbrt(x) - t) (cbrt(x)^2 + cbrt(x) t + t^2).

    >>> refined_cbrt(2.000000000000001, 8.0)
    2.0
    """
    if type(x) is not float or not x or not math.isfinite(x):
        return y
    k = math.frexp(x)[1] // 3
    y, x = math.ldexp(y, -k), math.ldexp(x, -3 * k)
    t = round(y * 2**16) / 2**16
    return math.ldexp(t + (x - t * t * t) / (y * y + y * t + t * t), k)
