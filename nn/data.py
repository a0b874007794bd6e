"""Data sets: scikit-learn's digits and moons, and MNIST from its four IDX files.

A data set holds one sample per row: x of shape (m, n_0), scaled to [0, 1] where it is pixels; y of shape (m,), class
labels 0, 1, ..., as integers. Whatever is random takes its generator from ``rng=`` and is the same on each call.

MNIST: Y. LeCun, L. Bottou, Y. Bengio, P. Haffner, "Gradient-based learning applied to document recognition" (1998).
"""

import math
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from nn import idx
from nn.progress import BYTES_LAYOUT, ProgressBar

Array = npt.NDArray[Any]


@dataclass(frozen=True, eq=False, repr=False)
class Dataset:
    """Training and test samples: x of shape (m, features), y of shape (m,) with labels from 0 to classes - 1.

    Examples
    --------
    >>> Dataset("or", np.eye(2), np.array([1, 1]), np.zeros((1, 2)), np.array([0]))
    Dataset 'or': 2 training and 1 test samples, 2 features, 2 classes
    """

    name: str
    x_train: Array
    y_train: npt.NDArray[np.int64]
    x_test: Array
    y_test: npt.NDArray[np.int64]

    def __post_init__(self) -> None:
        for part, x, y in (("training", self.x_train, self.y_train), ("test", self.x_test, self.y_test)):
            if len(x) == 0 or x.ndim != 2 or y.shape != (len(x),):
                raise ValueError(
                    f"{part} samples need x of shape (m, n) and y of shape (m,), got {x.shape} and {y.shape}"
                )
        if self.x_test.shape[1] != self.features:
            raise ValueError(f"training samples have {self.features} features, test samples {self.x_test.shape[1]}")

    @property
    def features(self) -> int:
        """The number of inputs of one sample."""
        return int(self.x_train.shape[1])

    @property
    def classes(self) -> int:
        """The number of different labels, from 0 to the largest."""
        return 1 + int(max(self.y_train.max(), self.y_test.max()))

    def __repr__(self) -> str:
        return (
            f"Dataset {self.name!r}: {len(self.x_train):,} training and {len(self.x_test):,} test samples, "
            f"{self.features} features, {self.classes} classes"
        )


def digits(
    *, test_share: float = 0.2, rng: np.random.Generator | int = 0, dtype: npt.DTypeLike = np.float64
) -> Dataset:
    """Load scikit-learn's 1,797 handwritten digits of 8 x 8 pixels, split at random into training and test samples.

    Parameters
    ----------
    test_share
        The share of the samples that is kept for the test, between 0 and 1.
    rng
        A generator, or the seed of one, that draws the split.
    dtype
        The type of the pixels, scaled from 0..16 to [0, 1].

    Raises
    ------
    ValueError
        If one of the two parts would be empty.
    ImportError
        If scikit-learn is missing (extra ``data``).

    Examples
    --------
    >>> digits()
    Dataset 'digits': 1,438 training and 359 test samples, 64 features, 10 classes
    >>> digits(test_share=1.5)
    Traceback (most recent call last):
    ValueError: test_share must leave samples for training and test, got 1.5; try 0.2
    """
    try:
        from sklearn.datasets import load_digits
    except ImportError as error:
        raise ImportError('the digits come with scikit-learn: pip install "chainrule[data]"') from error
    pixels, labels = load_digits(return_X_y=True)
    held_out = int(test_share * len(pixels)) if 0 < test_share < 1 else 0
    if held_out == 0:
        raise ValueError(f"test_share must leave samples for training and test, got {test_share!r}; try 0.2")
    x, y = (pixels / 16).astype(dtype), labels.astype(np.int64)
    order = np.random.default_rng(rng).permutation(len(x))
    test, training = order[:held_out], order[held_out:]
    return Dataset("digits", x[training], y[training], x[test], y[test])


def moons(
    samples: int = 100, *, noise: float = 0.1, rng: np.random.Generator | int = 0, dtype: npt.DTypeLike = np.float64
) -> Dataset:
    """Draw scikit-learn's two half moons: points of the plane in two classes that no line separates.

    Parameters
    ----------
    samples
        The number of training samples; as many more are drawn for the test.
    noise
        The standard deviation of the noise added to each coordinate.
    rng
        A generator, or the seed of one.
    dtype
        The type of the coordinates.

    Raises
    ------
    ValueError
        If there are fewer than two samples, or the noise is negative.
    ImportError
        If scikit-learn is missing (extra ``data``).

    Examples
    --------
    >>> moons(50)
    Dataset 'moons': 50 training and 50 test samples, 2 features, 2 classes
    >>> moons(1)
    Traceback (most recent call last):
    ValueError: two moons need at least 2 samples, got 1
    """
    if samples < 2:
        raise ValueError(f"two moons need at least 2 samples, got {samples!r}")
    if not 0 <= noise < np.inf:
        raise ValueError(f"noise is a standard deviation, 0 or more, got {noise!r}; try 0.1")
    try:
        from sklearn.datasets import make_moons
    except ImportError as error:
        raise ImportError('the moons come with scikit-learn: pip install "chainrule[data]"') from error
    generator = np.random.default_rng(rng)
    parts: list[Array] = []
    for _ in ("training", "test"):
        x, y = make_moons(samples, noise=noise, random_state=int(generator.integers(2**32)))
        parts += [x.astype(dtype), y.astype(np.int64)]
    return Dataset("moons", *parts)


MIRRORS = (
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
)
CHUNK = 2**16  # bytes that are read from the network at a time
CURE = "name the folder of its four files (--data DIR, or mnist(DIR)), or download it (--download, or download_mnist())"


def mnist(folder: str | Path | None = None, *, checksum: bool = True, dtype: npt.DTypeLike = np.float64) -> Dataset:
    """Read MNIST, 60,000 + 10,000 handwritten digits of 28 x 28 pixels, from its four IDX files, gzip or plain.

    Parameters
    ----------
    folder
        Where the files are; None looks where the environment variable CHAINRULE_MNIST says and in the download cache.
    checksum
        Compare each file with MNIST's SHA-256. False accepts other data in the same format, such as Fashion-MNIST.
    dtype
        The type of the pixels, scaled from 0..255 to [0, 1].

    Raises
    ------
    FileNotFoundError
        If the folder or one of its files is missing.
    ValueError
        If a file is truncated, corrupt, no IDX file, or stands in another's place.

    Examples
    --------
    >>> mnist("nowhere")
    Traceback (most recent call last):
    FileNotFoundError: no folder nowhere to read MNIST from; name the folder of its four files (--data DIR, or
    mnist(DIR)), or download it (--download, or download_mnist())
    """
    found = find_mnist() if folder is None else Path(folder)
    if found is None:
        places = ", ".join(f"{place} ({why})" for why, place in _usual_places().items()) or "no folder"
        raise FileNotFoundError(f"MNIST was looked for in {places} and not found; {CURE}")
    if not found.is_dir():
        raise FileNotFoundError(f"no folder {found} to read MNIST from; {CURE}")
    # A missing file is told before the others are read.
    paths = [_path_in(found, file) for file in idx.MNIST_FILES]
    arrays = [idx.read_checked(path, file, checksum) for path, file in zip(paths, idx.MNIST_FILES, strict=True)]
    x_train, y_train = _samples(arrays[0], arrays[1], paths[0], paths[1], dtype)
    x_test, y_test = _samples(arrays[2], arrays[3], paths[2], paths[3], dtype)
    return Dataset("mnist", x_train, y_train, x_test, y_test)


def _samples(
    images: idx.Bytes, labels: idx.Bytes, image_path: Path, label_path: Path, dtype: npt.DTypeLike
) -> tuple[Array, npt.NDArray[np.int64]]:
    if len(images) != len(labels):
        raise ValueError(
            f"{image_path} holds {len(images)} images, but {label_path} {len(labels)} labels; do they belong together?"
        )
    if labels.max(initial=0) > 9:
        raise ValueError(f"{label_path} holds the label {labels.max()}; MNIST's labels are 0 to 9")
    return np.divide(images.reshape(len(images), math.prod(images.shape[1:])), 255, dtype=dtype), labels.astype(
        np.int64
    )


def find_mnist() -> Path | None:
    """Return the first of the usual folders that holds all four files: CHAINRULE_MNIST's, then the download cache."""
    for place in _usual_places().values():
        if all(any((place / name).is_file() for name in idx.file_names(file)) for file in idx.MNIST_FILES):
            return place
    return None


def download_mnist(
    folder: str | Path | None = None, *, mirrors: Sequence[str] = MIRRORS, progress: bool | None = None
) -> Path:
    """Download the four files of MNIST, 11 MB, check them, and return their folder; files already there are kept.

    Parameters
    ----------
    folder
        Where to put them; None is the cache folder of the operating system, where ``mnist()`` finds them.
    mirrors
        Addresses of folders that hold the files with the suffix .gz, tried in this order.
    progress
        Show a progress bar: True, False, or None for where a terminal or a notebook shows it.

    Raises
    ------
    ConnectionError
        If no mirror had a file with the right content; the message says what each of them answered.
    ImportError
        If pooch is missing (extra ``data``).
    """
    target = Path(folder) if folder is not None else cache_folder()
    target.mkdir(parents=True, exist_ok=True)
    for file in idx.MNIST_FILES:
        if not _is_complete(target, file):
            _download_one(target, file, mirrors, progress)
    return target


def cache_folder() -> Path:
    """Return the folder that downloads go to, in the operating system's cache."""
    return Path(_pooch().os_cache("chainrule")) / "mnist"


def _usual_places() -> dict[str, Path]:
    places = {}
    if named := os.environ.get("CHAINRULE_MNIST"):
        places["named by CHAINRULE_MNIST"] = Path(named)
    try:
        places["the download cache"] = cache_folder()
    except ImportError:
        pass  # without pooch nothing was ever downloaded
    return places


def _path_in(folder: Path, file: idx.MnistFile) -> Path:
    for name in idx.file_names(file):
        if (folder / name).is_file():
            return folder / name
    raise FileNotFoundError(f"no {file.name} or {file.name}.gz in {folder}, one of MNIST's four files; {CURE}")


def _is_complete(folder: Path, file: idx.MnistFile) -> bool:
    try:
        idx.read_checked(_path_in(folder, file), file, checksum=True)
    except (FileNotFoundError, ValueError):
        return False
    return True


def _download_one(folder: Path, file: idx.MnistFile, mirrors: Sequence[str], progress: bool | None) -> None:
    faults = []
    for mirror in mirrors:
        url = f"{mirror.rstrip('/')}/{file.name}.gz"
        # Written beside its place and renamed when it is known to be whole, so a broken download leaves nothing.
        unchecked = folder / f"{file.name}.{os.getpid()}.part"
        try:
            with ProgressBar(0, file.name, show=progress, layout=BYTES_LAYOUT) as bar:
                download = _pooch().HTTPDownloader(progressbar=bar, chunk_size=CHUNK, timeout=30)
                download(url, str(unchecked), None)
            idx.read_checked(unchecked, file, checksum=True)
            unchecked.replace(folder / f"{file.name}.gz")
            return
        except (OSError, ValueError) as fault:
            faults.append(f"{url}: {fault}")
        finally:
            unchecked.unlink(missing_ok=True)
    raise ConnectionError(
        f"{file.name} could not be downloaded ({'; '.join(faults) or 'no mirror was given'}); "
        "get MNIST's four files another way and name their folder (--data DIR, or mnist(DIR))"
    )


def _pooch() -> Any:
    try:
        import pooch
    except ImportError as error:
        raise ImportError('downloads need pooch: pip install "chainrule[data]"') from error
    return pooch
