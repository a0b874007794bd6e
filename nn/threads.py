"""One BLAS thread for small matrix products, where a second one gains nothing and can cost everything.

The threads of a product wait for one another, spinning. Measured on two processors, a step of the 784-32-10 network on
128 samples: on an idle machine 0.5 ms with one thread and with two; beside three other programs 0.5 ms and 11 ms.
"""

from contextlib import AbstractContextManager, nullcontext

SMALL = 2**22  # multiplications of the largest matrix product of a step; the one that was measured has 3.2 million


def one_thread_if_small(multiplications: int) -> AbstractContextManager[object]:
    """Return a context in which BLAS has one thread, if its products have at most 2**22 multiplications.

    Needs threadpoolctl, which comes with scikit-learn (extra ``data``); without it nothing is changed.

    Examples
    --------
    >>> with one_thread_if_small(128 * 784 * 32):
    ...     pass
    >>> type(one_thread_if_small(1024**3)).__name__
    'nullcontext'
    """
    if multiplications > SMALL:
        return nullcontext()
    try:
        from threadpoolctl import threadpool_limits
    except ImportError:
        return nullcontext()
    limits: AbstractContextManager[object] = threadpool_limits(1, user_api="blas")
    return limits
