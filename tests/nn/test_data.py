"""Data sets: what they hold, and what is said when a file is missing, broken or not the one that was meant."""

import gzip
import hashlib
import struct
import sys
import threading
from collections.abc import Iterator
from functools import partial
from http.server import HTTPServer, SimpleHTTPRequestHandler
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nn import data, idx
from nn.data import Dataset, digits, download_mnist, find_mnist, mnist, moons


def idx_bytes(array: np.ndarray[Any, Any]) -> bytes:
    return struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape) + array.astype(np.uint8).tobytes()


def small_arrays() -> list[np.ndarray[Any, Any]]:
    rng = np.random.default_rng(3)
    arrays = []
    for samples in (6, 4):
        images = rng.integers(0, 256, (samples, 2, 3))
        images[0, 0, :2] = 0, 255
        arrays += [images, rng.integers(0, 10, samples)]
    return arrays


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder of four small files, which take the place of MNIST's with their own checksums."""
    folder = tmp_path / "small"
    folder.mkdir()
    known = []
    for file, array in zip(idx.MNIST_FILES, small_arrays(), strict=True):
        content = idx_bytes(array)
        (folder / f"{file.name}.gz").write_bytes(gzip.compress(content))
        known.append(file._replace(shape=array.shape, sha256=hashlib.sha256(content).hexdigest()))
    monkeypatch.setattr(idx, "MNIST_FILES", tuple(known))
    monkeypatch.delenv("CHAINRULE_MNIST", raising=False)
    monkeypatch.setattr(data, "cache_folder", lambda: tmp_path / "cache")
    return folder


class QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture
def server(small: Path) -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), partial(QuietHandler, directory=str(small))) as http:
        thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{http.server_port}/"
        http.shutdown()
        thread.join()


# Digits and moons.


def test_digits_are_all_there_once_scaled_and_labelled() -> None:
    from sklearn.datasets import load_digits

    pixels, labels = load_digits(return_X_y=True)
    got = digits()
    x, y = np.concatenate([got.x_train, got.x_test]), np.concatenate([got.y_train, got.y_test])
    assert x.min() == 0
    assert x.max() == 1
    assert np.issubdtype(y.dtype, np.integer)
    rows = sorted(map(tuple, np.column_stack([x * 16, y])))
    assert rows == sorted(map(tuple, np.column_stack([pixels, labels])))


def test_a_seed_fixes_the_split_and_another_seed_changes_it() -> None:
    np.testing.assert_array_equal(digits(rng=5).x_test, digits(rng=np.random.default_rng(5)).x_test)
    assert (digits(rng=5).y_test != digits(rng=6).y_test).any()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_data_come_in_the_dtype_asked_for(dtype: type[Any], small: Path) -> None:
    for dataset in (digits(dtype=dtype), moons(dtype=dtype), mnist(small, dtype=dtype)):
        assert dataset.x_train.dtype == dataset.x_test.dtype == dtype


@pytest.mark.parametrize("share", [0, 1, -0.5, 1e-4, float("nan")])
def test_a_split_with_an_empty_part_is_refused(share: float) -> None:
    with pytest.raises(ValueError, match="test_share must leave samples for training and test, got"):
        digits(test_share=share)


def test_moons_without_noise_lie_on_two_half_circles() -> None:
    got = moons(200, noise=0, rng=1)
    upper, lower = got.x_train[got.y_train == 0], got.x_train[got.y_train == 1]
    np.testing.assert_allclose(np.hypot(*upper.T), 1)
    np.testing.assert_allclose(np.hypot(*(lower - [1, 0.5]).T), 1)


def test_moons_repeat_by_seed_and_the_test_points_are_others() -> None:
    a, b = moons(50, rng=7), moons(50, rng=7)
    np.testing.assert_array_equal(a.x_train, b.x_train)
    assert not np.isin(a.x_test, a.x_train).any()


@pytest.mark.parametrize("noise", [-1.0, float("nan"), float("inf")])
def test_a_noise_that_is_no_standard_deviation_is_refused(noise: float) -> None:
    with pytest.raises(ValueError, match="noise is a standard deviation, 0 or more, got"):
        moons(noise=noise)


@pytest.mark.parametrize(("load", "what"), [(digits, "digits"), (moons, "moons")])
def test_without_scikit_learn_the_extra_is_named(load: Any, what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sklearn.datasets", None)
    with pytest.raises(ImportError, match=rf'{what} come with scikit-learn: pip install "chainrule\[data\]"'):
        load()


def test_a_dataset_of_mismatched_arrays_is_refused() -> None:
    x, y = np.zeros((3, 2)), np.zeros(3, int)
    with pytest.raises(ValueError, match=r"test samples need x of shape \(m, n\) and y of shape \(m,\), got"):
        Dataset("bad", x, y, x, y[:2])
    with pytest.raises(ValueError, match="training samples have 2 features, test samples 1"):
        Dataset("bad", x, y, x[:, :1], y)


# MNIST from a folder.


def test_real_mnist_is_read_and_known_by_its_checksums(mnist_folder: Path) -> None:
    got = mnist(mnist_folder, dtype=np.float32)
    assert repr(got) == "Dataset 'mnist': 60,000 training and 10,000 test samples, 784 features, 10 classes"
    assert (got.x_train.min(), got.x_train.max()) == (0, 1)
    assert got.y_train[:5].tolist() == [5, 0, 4, 1, 9]
    assert got.y_test[0] == 7
    assert np.bincount(got.y_test).tolist() == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]


def test_pixels_are_scaled_exactly_and_flattened_row_by_row(small: Path) -> None:
    got, images = mnist(small), small_arrays()[0]
    assert got.x_train.shape == (6, 6)
    assert (got.x_train == images.reshape(6, 6) / 255).all()
    assert got.x_train[0, :2].tolist() == [0.0, 1.0]
    assert (got.y_test == small_arrays()[3]).all()


@pytest.mark.parametrize("renamed", ["{0}", "{1}", "{1}.gz"])
def test_plain_files_and_names_with_a_dot_are_found(small: Path, renamed: str) -> None:
    before = mnist(small)
    for file in idx.MNIST_FILES:
        packed = small / f"{file.name}.gz"
        content = packed.read_bytes() if renamed.endswith(".gz") else gzip.decompress(packed.read_bytes())
        packed.unlink()
        (small / renamed.format(file.name, file.name.replace("-idx", ".idx"))).write_bytes(content)
    np.testing.assert_array_equal(mnist(small).x_train, before.x_train)


def test_a_missing_folder_or_file_is_named_with_the_cure(small: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"no folder .*nowhere to read MNIST from; name the folder.*--data DIR"):
        mnist(small / "nowhere")
    (small / "t10k-labels-idx1-ubyte.gz").unlink()
    with pytest.raises(FileNotFoundError, match=r"no t10k-labels-idx1-ubyte or .* in .*small.*--data DIR.*--download"):
        mnist(small)


def test_without_a_folder_the_places_that_were_searched_are_listed(
    small: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(FileNotFoundError, match=r"looked for in .*cache \(the download cache\) and not found; name"):
        mnist()
    monkeypatch.setenv("CHAINRULE_MNIST", str(small / "elsewhere"))
    with pytest.raises(FileNotFoundError, match=r"elsewhere \(named by CHAINRULE_MNIST\), .*cache"):
        mnist()


def test_the_folder_named_by_the_environment_is_used(small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert find_mnist() is None
    monkeypatch.setenv("CHAINRULE_MNIST", str(small))
    assert find_mnist() == small
    assert len(mnist().x_train) == 6


def test_images_where_labels_belong_are_called_swapped(small: Path) -> None:
    images, labels = small / "train-images-idx3-ubyte.gz", small / "train-labels-idx1-ubyte.gz"
    content = images.read_bytes()
    images.write_bytes(labels.read_bytes())
    labels.write_bytes(content)
    with pytest.raises(ValueError, match=r"train-images.* is swapped: it holds the content of train-labels"):
        mnist(small)


def test_test_files_where_training_files_belong_are_called_swapped(small: Path) -> None:
    for kind in ("images-idx3", "labels-idx1"):
        training, test = small / f"train-{kind}-ubyte.gz", small / f"t10k-{kind}-ubyte.gz"
        content = training.read_bytes()
        training.write_bytes(test.read_bytes())
        test.write_bytes(content)
    with pytest.raises(ValueError, match=r"train-images.* is swapped: it holds the content of t10k-images"):
        mnist(small)


def test_other_data_in_the_format_are_refused_unless_asked_for(small: Path) -> None:
    other = small_arrays()[0]
    other[1] = 7
    path = small / "train-images-idx3-ubyte.gz"
    path.write_bytes(gzip.compress(idx_bytes(other)))
    with pytest.raises(ValueError, match=r"is not MNIST's train-images.*SHA-256 is [0-9a-f]{64}, not .*checksum=False"):
        mnist(small)
    assert (mnist(small, checksum=False).x_train[1] == 7 / 255).all()


def overwrite(folder: Path, name: str, array: np.ndarray[Any, Any]) -> None:
    (folder / f"{name}.gz").write_bytes(gzip.compress(idx_bytes(array)))


def test_without_checksums_the_shapes_are_still_checked(small: Path) -> None:
    images, labels = small_arrays()[:2]
    overwrite(small, "train-labels-idx1-ubyte", images + 1)
    with pytest.raises(ValueError, match=r"is swapped: labels \(1 dimension\) belong there, .* shape \(6, 2, 3\)"):
        mnist(small, checksum=False)
    overwrite(small, "train-labels-idx1-ubyte", labels[:5])
    with pytest.raises(ValueError, match=r"holds 6 images, but .* 5 labels; do they belong together\?"):
        mnist(small, checksum=False)
    overwrite(small, "train-labels-idx1-ubyte", labels + 10)
    with pytest.raises(ValueError, match=r"holds the label 1\d; MNIST's labels are 0 to 9"):
        mnist(small, checksum=False)
    overwrite(small, "train-labels-idx1-ubyte", labels)
    overwrite(small, "train-images-idx3-ubyte", images[:, :, :2])
    with pytest.raises(ValueError, match="training samples have 4 features, test samples 6"):
        mnist(small, checksum=False)
    overwrite(small, "train-labels-idx1-ubyte", labels[:0])
    overwrite(small, "train-images-idx3-ubyte", images[:0])
    with pytest.raises(ValueError, match="training samples need x of shape"):
        mnist(small, checksum=False)


# The download, from a server on this machine.


def test_a_download_is_checked_and_then_found(small: Path, server: str, tmp_path: Path) -> None:
    assert download_mnist(mirrors=[server], progress=False) == tmp_path / "cache"
    assert find_mnist() == tmp_path / "cache"
    np.testing.assert_array_equal(mnist().x_train, mnist(small).x_train)
    assert not list((tmp_path / "cache").glob("*.part"))


def test_the_download_shows_a_bar_on_standard_error(
    small: Path, server: str, capsys: pytest.CaptureFixture[str]
) -> None:
    download_mnist(mirrors=[server], progress=True)
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "t10k-labels-idx1-ubyte 100%|" in shown.err


def test_files_that_are_there_are_not_downloaded_again(small: Path) -> None:
    assert download_mnist(small, mirrors=[]) == small


def test_a_broken_file_is_replaced_by_the_download(small: Path, server: str, tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.mkdir()
    (target / "train-images-idx3-ubyte.gz").write_bytes(b"half")
    download_mnist(target, mirrors=[server], progress=False)
    assert len(mnist(target).x_train) == 6


def test_the_next_mirror_is_tried_when_one_answers_404(small: Path, server: str, tmp_path: Path) -> None:
    download_mnist(mirrors=[f"{server}nowhere/", server], progress=False)
    assert len(mnist(tmp_path / "cache").x_train) == 6


def test_a_404_from_all_is_told_with_its_address_and_leaves_nothing(server: str, tmp_path: Path) -> None:
    with pytest.raises(ConnectionError, match=r"not be downloaded \(http://127.*nowhere/train-images.*404.*--data DIR"):
        download_mnist(mirrors=[f"{server}nowhere"], progress=False)
    assert not list((tmp_path / "cache").iterdir())


def test_a_wrong_checksum_is_told_and_the_file_not_kept(small: Path, server: str, tmp_path: Path) -> None:
    images = small_arrays()[0]
    images[3] = 9
    overwrite(small, "train-images-idx3-ubyte", images)
    with pytest.raises(ConnectionError, match=r"is not MNIST's train-images-idx3-ubyte: its SHA-256 is"):
        download_mnist(mirrors=[server], progress=False)
    assert not list((tmp_path / "cache").iterdir())


def test_a_page_in_place_of_a_file_is_told(small: Path, server: str) -> None:
    (small / "train-images-idx3-ubyte.gz").write_bytes(b"<html>please log in</html>")
    with pytest.raises(ConnectionError, match=r"is no IDX file: it begins with b'<htm'"):
        download_mnist(mirrors=[server], progress=False)


def test_a_server_that_is_not_there_is_told(small: Path, server: str) -> None:
    with HTTPServer(("127.0.0.1", 0), QuietHandler) as unused:
        port = unused.server_port
    with pytest.raises(ConnectionError, match=f"train-images-idx3-ubyte could not be downloaded.*{port}"):
        download_mnist(mirrors=[f"http://127.0.0.1:{port}"], progress=False)


def test_without_pooch_the_extra_is_named_and_the_folder_still_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pooch", None)
    monkeypatch.delenv("CHAINRULE_MNIST", raising=False)
    with pytest.raises(ImportError, match=r'downloads need pooch: pip install "chainrule\[data\]"'):
        download_mnist()
    with pytest.raises(FileNotFoundError, match="looked for in no folder and not found"):
        mnist()
    with pytest.raises(FileNotFoundError, match="no train-images-idx3-ubyte"):
        mnist(tmp_path)
