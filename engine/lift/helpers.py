"""The functions that an emitted module brings along where it needs them: what the array libraries lack, as source text.

They reduce or build over the first axis, because the samples are the last one.
"""

from __future__ import annotations

NAMESPACE = '''
def namespace(array):
    """Return the module whose functions work on this array: NumPy, PyTorch, JAX, CuPy, ..."""
    if isinstance(array, (np.ndarray, np.generic, float, int)):
        return np
    if hasattr(array, "__array_namespace__"):
        return array.__array_namespace__()
    return sys.modules[type(array).__module__.partition(".")[0]]
'''

# Beside the largest term, whose exp(0) is 1, small ones would be lost: log1p takes the sum of the others.
LOGSUMEXP = '''
def logsumexp(x, xp):
    """Return log(sum(exp(x))) over the first axis, from the largest and log1p of the others."""
    largest = maximum_of(x, xp)
    is_largest = x == largest
    others = total(xp.where(is_largest, 0.0, xp.exp(x - largest)), 0, xp)
    ties = total(xp.asarray(is_largest, dtype=x.dtype), 0, xp) - 1
    return largest + xp.log1p(others + ties)
'''

LOGSUMEXP_PULLBACK = '''
def logsumexp_pullback(g, x, xp):
    """Return g times the softmax of x over the first axis."""
    largest = maximum_of(x, xp)
    powers = xp.exp(xp.where(x == largest, 0.0, x - largest))
    return g * (powers / total(powers, 0, xp))
'''

HYPOT = '''
def hypot(x, xp):
    """Return the length of x over the first axis, scaled so that no square overflows."""
    largest = maximum_of(abs(x), xp)
    scale = xp.where((largest == 0) | (largest == xp.inf), xp.ones_like(largest), largest)
    scaled = x / scale
    return scale * xp.sqrt(total(scaled * scaled, 0, xp))
'''

HYPOT_PULLBACK = '''
def hypot_pullback(g, x, xp):
    """Return g x / hypot(x) over the first axis, 0 where the length is 0."""
    largest = maximum_of(abs(x), xp)
    scaled = x / xp.where(largest == 0, xp.ones_like(largest), largest)
    length = xp.sqrt(total(scaled * scaled, 0, xp))
    return g * (scaled / xp.where(length == 0, xp.ones_like(length), length))
'''

TOTAL = '''
def total(x, axis, xp):
    """Return the sum over axes; on small arrays np.sum takes twice as long as NumPy's own reduction."""
    return np.add.reduce(x, axis) if xp is np else xp.sum(x, axis=axis)
'''

MAXIMUM_OF = '''
def maximum_of(x, xp):
    """Return the largest over the first axis; as `total`, by NumPy's own reduction."""
    if xp is np:
        return np.maximum.reduce(x)
    return xp.amax(x, 0) if hasattr(xp, "amax") else xp.max(x, axis=0)
'''

ZEROS = '''
def zeros(rows, like, xp):
    """Return rows of zeros, each like those of another array."""
    return xp.zeros_like(xp.broadcast_to(like[:1, ...], (rows, *like.shape[1:])))
'''

SHARE = '''
def share(g, slope, xp):
    """Return g * slope, and 0 where one of them is 0 and the other infinite."""
    return xp.where((g == 0) | (slope == 0), 0.0, g * slope)
'''

CBRT = '''
def cbrt(x, xp):
    """Return the real cube root; PyTorch has none, so there one step of Newton's method refines the power."""
    if hasattr(xp, "cbrt"):
        return xp.cbrt(x)
    root = xp.sign(x) * abs(x) ** (1 / 3)
    return xp.where(root == 0, root, root - (root - x / (root * root)) / 3)
'''

TINY = '''
def tiny(x, xp):
    """Return where numbers are 0 or subnormal, so that they have lost bits."""
    return abs(x) < float(xp.finfo(x.dtype).smallest_normal)
'''

_SPECIAL = '''
def {name}(x, xp):
    """Return the {title} error function; NumPy leaves it to the module math, others keep it elsewhere."""
    homes = {{"torch": "torch.special", "jax": "jax.scipy.special", "cupy": "cupyx.scipy.special"}}
    home = homes.get(xp.__name__.partition(".")[0])
    if home:
        return getattr(importlib.import_module(home), "{name}")(x)
    return xp.asarray(np.asarray(np.frompyfunc(math.{name}, 1, 1)(np.asarray(x)), dtype=float), dtype=x.dtype)
'''

CONCATENATE = '''
def concatenate(arrays, xp):
    """Return arrays one after the other; the array API calls it concat, NumPy 1 does not."""
    return xp.concatenate(arrays) if hasattr(xp, "concatenate") else xp.concat(arrays)
'''

TAKE = '''
def take(x, cells, xp):
    """Return the rows of x that are listed; a library of the array API wants its own array of them."""
    return xp.take(x, xp.asarray(cells), axis=0) if hasattr(x, "__array_namespace__") and xp is not np else x[cells]
'''

_INVERSE = '''
def {name}(x, xp):
    """Return the inverse {title}; NumPy 1 calls it {old}."""
    return (xp.{name} if hasattr(xp, "{name}") else xp.{old})(x)
'''

_ATAN2 = '''
def atan2(y, x, xp):
    """Return the angle of the point (x, y); NumPy 1 calls it arctan2."""
    return (xp.atan2 if hasattr(xp, "atan2") else xp.arctan2)(y, x)
'''

INVERSES = {
    "asin": "sine",
    "acos": "cosine",
    "atan": "tangent",
    "asinh": "hyperbolic sine",
    "acosh": "hyperbolic cosine",
    "atanh": "hyperbolic tangent",
    "atan2": "",
}
"""Functions that go by two names."""

HELPERS = {
    "logsumexp": LOGSUMEXP,
    "logsumexp_pullback": LOGSUMEXP_PULLBACK,
    "hypot": HYPOT,
    "hypot_pullback": HYPOT_PULLBACK,
    "total": TOTAL,
    "maximum_of": MAXIMUM_OF,
    "zeros": ZEROS,
    "share": SHARE,
    "cbrt": CBRT,
    "tiny": TINY,
    "concatenate": CONCATENATE,
    "take": TAKE,
    **{name: _INVERSE.format(name=name, title=title, old=f"arc{name[1:]}") for name, title in INVERSES.items()},
    "atan2": _ATAN2,
    "erf": _SPECIAL.format(name="erf", title="Gaussian"),
    "erfc": _SPECIAL.format(name="erfc", title="complementary Gaussian"),
}

NEEDS = {
    "logsumexp": ("maximum_of", "total"),
    "logsumexp_pullback": ("maximum_of", "total"),
    "hypot": ("maximum_of", "total"),
    "hypot_pullback": ("maximum_of", "total"),
}
"""What a function of this module calls."""
