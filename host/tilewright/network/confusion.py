"""Which classes a network takes for which."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Counts = npt.NDArray[np.int64]


def confusion(labels: npt.ArrayLike, predictions: npt.ArrayLike, classes: int = 0) -> Counts:
    """How often images of each class are called each class.

    Args:
        labels: integers from 0 (images,).
        predictions: integers from 0 (images,).
        classes: at least so many.

    Returns:
        int64 (classes, classes): row the label, column the prediction.

    Raises:
        ValueError: there are no images, or not as many labels as predictions.
    """
    labels, predictions = np.asarray(labels, np.int64), np.asarray(predictions, np.int64)
    if labels.ndim != 1 or labels.shape != predictions.shape or not len(labels):
        raise ValueError(
            f"labels {labels.shape} and predictions {predictions.shape}: one of each an image, and an image"
        )
    size = max(classes, int(labels.max()) + 1, int(predictions.max()) + 1)
    return np.bincount(labels * size + predictions, minlength=size * size).reshape(size, size)
