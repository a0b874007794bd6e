"""BLAS threads: one for small products, all for large ones, and as before afterwards."""

import sys
from contextlib import nullcontext

import numpy as np
import pytest

from nn.matrix import Network
from nn.optimizers import GradientDescent
from nn.threads import SMALL, one_thread_if_small
from nn.training import train

threadpoolctl = pytest.importorskip("threadpoolctl", reason="threadpoolctl comes with scikit-learn")


def threads() -> list[int]:
    return [pool["num_threads"] for pool in threadpoolctl.threadpool_info() if pool["user_api"] == "blas"]


class Watch(GradientDescent):
    """Gradient descent that notes the number of BLAS threads in each step."""

    def step(self, parameters: list[np.ndarray], gradients: list[np.ndarray]) -> None:
        self.seen = threads()
        super().step(parameters, gradients)


@pytest.mark.parametrize(("width", "batch", "limited"), [(8, 10, True), (2048, 4096, False)])
def test_a_small_network_is_trained_on_one_thread_and_a_large_one_on_all(width: int, batch: int, limited: bool) -> None:
    before, watch = threads(), Watch(0.01)
    network = Network([1, width, 1], rng=0)
    train(network, np.zeros((batch, 1)), np.zeros((batch, 1)), optimizer=watch, epochs=1)
    assert watch.seen == ([1] * len(before) if limited else before)
    assert threads() == before


def test_the_limit_stands_at_its_own_number() -> None:
    before = threads()
    with one_thread_if_small(SMALL):
        assert threads() == [1] * len(before)
    with one_thread_if_small(SMALL + 1):
        assert threads() == before


def test_without_threadpoolctl_nothing_is_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "threadpoolctl", None)
    assert isinstance(one_thread_if_small(1), nullcontext)
