"""NumPy, which the modules of data need and the others do without."""

from __future__ import annotations

try:
    import numpy
except ImportError as error:
    raise ImportError("This part of ptakernels needs NumPy; install the package numpy.") from error

__all__ = ["numpy"]
