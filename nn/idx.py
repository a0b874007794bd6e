"""The IDX format, and MNIST's four files in it, each with the checksum by which it is known.

The format: two zero bytes, the code of the number type (8: unsigned byte), the number of dimensions, each dimension as
a big-endian 32-bit number, then the data in row-major order. Source: Y. LeCun, C. Cortes, C. Burges, "The MNIST
database of handwritten digits".
"""

import gzip
import hashlib
import math
import struct
import zlib
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Bytes = npt.NDArray[np.uint8]


class MnistFile(NamedTuple):
    """One of MNIST's four files: its name, its shape, and the SHA-256 of its content after decompression."""

    name: str
    shape: tuple[int, ...]
    sha256: str


MNIST_FILES: tuple[MnistFile, ...] = (
    MnistFile(
        "train-images-idx3-ubyte",
        (60_000, 28, 28),
        "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    ),
    MnistFile(
        "train-labels-idx1-ubyte",
        (60_000,),
        "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    ),
    MnistFile(
        "t10k-images-idx3-ubyte",
        (10_000, 28, 28),
        "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    ),
    MnistFile(
        "t10k-labels-idx1-ubyte",
        (10_000,),
        "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
    ),
)


def file_names(file: MnistFile) -> tuple[str, ...]:
    """Return the names under which one of the files is found, gzip or plain."""
    # Some archives write a dot before idx.
    dotted = file.name.replace("-idx", ".idx")
    return (f"{file.name}.gz", file.name, f"{dotted}.gz", dotted)


def read_idx(path: str | Path) -> Bytes:
    """Read one IDX file of unsigned bytes, gzip or plain, as an array of its shape.

    Raises
    ------
    ValueError
        If the file is truncated, too long, corrupt or of another format.
    """
    return _parse_idx(_decompressed(Path(path)), Path(path))


def _decompressed(path: Path) -> bytes:
    raw = path.read_bytes()
    if raw[:2] != b"\x1f\x8b":
        return raw
    try:
        return gzip.decompress(raw)
    except EOFError as error:
        raise ValueError(f"{path} is truncated: its gzip stream ends after {len(raw):,} bytes; get it again") from error
    except (OSError, zlib.error) as error:
        raise ValueError(f"{path} is corrupt: {error}; get it again") from error


def _parse_idx(content: bytes, path: Path) -> Bytes:
    if content[:2] != b"\0\0" or len(content) < 4:
        raise ValueError(f"{path} is no IDX file: it begins with {content[:4]!r}, not two zero bytes; get it again")
    kind, dimensions = content[2:4]
    if kind != 8:
        raise ValueError(f"{path} holds numbers of IDX type {kind:#04x}; MNIST's are unsigned bytes, type 0x08")
    header = 4 + 4 * dimensions
    if len(content) < header:
        raise ValueError(f"{path} is truncated: {len(content)} bytes, its header alone has {header}; get it again")
    shape = struct.unpack(f">{dimensions}I", content[4:header])
    expected, got = math.prod(shape), len(content) - header
    if got != expected:
        fault = "is truncated" if got < expected else "is too long"
        size = " x ".join(map(str, shape))
        raise ValueError(f"{path} {fault}: {size} needs {expected:,} bytes of data, it has {got:,}; get it again")
    return np.frombuffer(content, np.uint8, offset=header).reshape(shape)


def read_checked(path: Path, file: MnistFile, checksum: bool) -> Bytes:
    """Read one of MNIST's files and make sure that it is this one.

    Raises
    ------
    ValueError
        If it is truncated, corrupt, no IDX file, another of the four files or, with ``checksum``, of other content.
    """
    content = _decompressed(path)
    digest = hashlib.sha256(content).hexdigest()
    for other in MNIST_FILES:
        if other != file and digest == other.sha256:
            raise ValueError(f"{path} is swapped: it holds the content of {other.name}; rename the files")
    array = _parse_idx(content, path)
    if array.ndim != len(file.shape):
        belongs = "labels (1 dimension)" if len(file.shape) == 1 else "images (3 dimensions)"
        raise ValueError(f"{path} is swapped: {belongs} belong there, it holds an array of shape {array.shape}")
    if checksum and digest != file.sha256:
        raise ValueError(
            f"{path} is not MNIST's {file.name}: its SHA-256 is {digest}, not {file.sha256}; "
            "get it again, or pass checksum=False (--no-checksum) for other data in MNIST's format"
        )
    return array
