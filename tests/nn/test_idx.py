"""The IDX format: what is read, and what is refused with which words."""

import gzip
import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nn.idx import MNIST_FILES, read_checked, read_idx

WHOLE = b"\0\0\x08\x02" + struct.pack(">II", 2, 3) + bytes(range(6))


def written(folder: Path, content: bytes) -> Path:
    path = folder / "file"
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_the_bytes_worked_out_by_hand_are_read(tmp_path: Path, pack: type[bytes]) -> None:
    assert read_idx(written(tmp_path, pack(WHOLE))).tolist() == [[0, 1, 2], [3, 4, 5]]


@given(st.lists(st.integers(0, 4), min_size=1, max_size=4), st.integers(0, 2**32 - 1))
def test_arrays_of_any_shape_survive(tmp_path_factory: pytest.TempPathFactory, shape: list[int], seed: int) -> None:
    array = np.random.default_rng(seed).integers(0, 256, shape, np.uint8)
    content = struct.pack(f">HBB{len(shape)}I", 0, 8, len(shape), *shape) + array.tobytes()
    got = read_idx(written(tmp_path_factory.getbasetemp(), content))
    assert got.shape == tuple(shape)
    assert (got == array).all()


@pytest.mark.parametrize("length", range(len(WHOLE)))
def test_every_truncation_of_a_file_is_refused(tmp_path: Path, length: int) -> None:
    with pytest.raises(ValueError, match=r"is truncated|is no IDX file"):
        read_idx(written(tmp_path, WHOLE[:length]))


@pytest.mark.parametrize("length", range(2, len(gzip.compress(WHOLE))))
def test_every_truncation_of_a_gzip_file_is_refused(tmp_path: Path, length: int) -> None:
    with pytest.raises(ValueError, match=r"is truncated: its gzip stream ends after \d+ bytes; get it again"):
        read_idx(written(tmp_path, gzip.compress(WHOLE)[:length]))


@pytest.mark.parametrize("position", range(10, len(gzip.compress(WHOLE))))
def test_no_damaged_byte_of_a_gzip_file_changes_the_data_unnoticed(tmp_path: Path, position: int) -> None:
    damaged = bytearray(gzip.compress(WHOLE))
    damaged[position] ^= 0xFF
    with pytest.raises(ValueError, match=r"is corrupt|is truncated"):
        read_idx(written(tmp_path, bytes(damaged)))


def test_bytes_past_the_end_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="is too long: 2 x 3 needs 6 bytes of data, it has 7"):
        read_idx(written(tmp_path, WHOLE + b"!"))


def test_a_header_of_absurd_size_is_refused_before_memory_is_taken(tmp_path: Path) -> None:
    absurd = b"\0\0\x08\x03" + b"\xff" * 12 + bytes(6)
    with pytest.raises(ValueError, match="is truncated: 4294967295 x 4294967295 x 4294967295 needs"):
        read_idx(written(tmp_path, absurd))


def test_other_formats_and_number_types_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"is no IDX file: it begins with b'\\x89PNG', not two zero bytes"):
        read_idx(written(tmp_path, b"\x89PNG\r\n\x1a\n"))
    with pytest.raises(ValueError, match="holds numbers of IDX type 0x0d; MNIST's are unsigned bytes, type 0x08"):
        read_idx(written(tmp_path, b"\0\0\x0d\x01" + struct.pack(">If", 1, 0.5)))


def test_a_whole_file_that_is_not_mnists_is_refused_by_its_checksum(tmp_path: Path) -> None:
    labels = b"\0\0\x08\x01" + struct.pack(">I", 3) + b"\x01\x02\x03"
    file = MNIST_FILES[1]
    with pytest.raises(ValueError, match=f"is not MNIST's {file.name}: its SHA-256 is"):
        read_checked(written(tmp_path, labels), file, checksum=True)
    assert read_checked(written(tmp_path, labels), file, checksum=False).tolist() == [1, 2, 3]
