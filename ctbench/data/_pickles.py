"""Pickles from outside, read without running what they ask for.

A pickle is a program that may call any function it names. This reader looks every name up in a fixed list of numpy
arrays, CSR matrices and plain containers, and stops at any other.
"""

from __future__ import annotations

import collections
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse

from ctbench.data._files import one_line
from ctbench.spec.errors import UserError


class _Csr:
    """Stands in for `csr_matrix`, whose attributes differ between scipy's versions; holds what the pickle gave it."""

    __slots__ = ("state",)
    state: dict[str, Any]

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.state = state


def _admitted() -> dict[tuple[str, str], Any]:
    reconstruct = np.zeros(0).__reduce__()[0]
    table: dict[tuple[str, str], Any] = {
        ("numpy", "ndarray"): np.ndarray,
        ("numpy", "dtype"): np.dtype,
        ("numpy.core.multiarray", "_reconstruct"): reconstruct,
        ("numpy._core.multiarray", "_reconstruct"): reconstruct,
        ("scipy.sparse.csr", "csr_matrix"): _Csr,
        ("scipy.sparse._csr", "csr_matrix"): _Csr,
        ("collections", "defaultdict"): collections.defaultdict,
    }
    for module in ("builtins", "__builtin__"):
        for kind in (list, dict, tuple, set, frozenset, int, float, bool, str, bytes):
            table[module, kind.__name__] = kind
    return table


_ADMITTED = _admitted()


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        try:
            return _ADMITTED[module, name]
        except KeyError:
            raise _RefusedError(f"{module}.{name}") from None


class _RefusedError(Exception):
    pass


def read_pickle(file: Any, where: Path | str) -> Any:
    """The object pickled in `file` (binary, by Python 2 or 3); a matrix comes as `scipy.sparse.csr_matrix`.

    Python 2's strings are read as latin-1, which keeps bytes. Raises UserError naming `where` if the pickle asks for
    anything but numpy arrays, CSR matrices and plain containers, or cannot be read to its end.
    """
    try:
        value = _Unpickler(file, encoding="latin1").load()
        return _matrix(value.state) if isinstance(value, _Csr) else value
    except _RefusedError as error:
        raise UserError(
            f"{where}: refused. This pickle asks for {error}; only numpy arrays, scipy CSR matrices and plain "
            "containers are read from files that come from outside. The file is not the data set's."
        ) from None
    except Exception as error:  # a damaged pickle can raise anything that its opcodes can
        raise UserError(f"{where}: not a readable pickle ({one_line(error)}).") from None


def _matrix(state: dict[str, Any]) -> scipy.sparse.csr_matrix:
    shape = state["_shape"] if "_shape" in state else state["shape"]
    matrix = scipy.sparse.csr_matrix((state["data"], state["indices"], state["indptr"]), shape=shape)
    matrix.check_format(full_check=True)
    return matrix
