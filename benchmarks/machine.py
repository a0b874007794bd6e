"""What the figures of a benchmark depend on, printed above them."""

import platform
from importlib.util import find_spec

import numpy as np


def print_machine(forced_kernel: str | None) -> None:
    """Print the versions and the BLAS kernel; forced_kernel is what OPENBLAS_CORETYPE was before it was unset."""
    print(f"Python {platform.python_version()}, NumPy {np.__version__}, {platform.machine()}, garbage collector on")
    if forced_kernel:
        print(f"OPENBLAS_CORETYPE={forced_kernel} was set and is ignored here; unset it for your own programs too")
    if find_spec("threadpoolctl"):
        import threadpoolctl

        for library in threadpoolctl.threadpool_info():
            kernel = library.get("architecture", "kernel unknown")
            print(f"BLAS: {library['internal_api']} {library['version']}, {kernel}, {library['num_threads']} thread(s)")
    else:
        print("BLAS: kernel unknown (pip install threadpoolctl)")
