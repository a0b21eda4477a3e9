"""The float network's checkpoint: what warm starts and distillation begin with."""

from pathlib import Path
from typing import Any

from tilewright_model.checkpoint_file import FLOAT_FORMAT, TRAIN_FLOAT
from tilewright_model.checkpoints.state_file import load_tensors, save_tensors
from tilewright_model.errors import CheckpointError
from tilewright_model.networks.vgg16 import FloatVGG16
from tilewright_model.networks.vgg16_plan import CLASSES


def save_float(model: FloatVGG16, path: str | Path, training: dict[str, Any]) -> None:
    """Write a float network: parameters and batch-norms in float32, its plan and number of classes.

    Args:
        model: the network.
        path: the file, which is replaced whole.
        training: JSON-able record of the training.

    Raises:
        OSError: the file cannot be written.
    """
    save_tensors(
        path, FLOAT_FORMAT, model.state_dict(), {"plan": model.plan, "classes": model.classes, "training": training}
    )


def training_of(path: str | Path) -> dict[str, Any]:
    """The record of the training.

    Args:
        path: a float network's checkpoint.

    Raises:
        CheckpointError: as `load_float`.
    """
    training: dict[str, Any] = load_tensors(path, FLOAT_FORMAT, TRAIN_FLOAT)[1].get("training", {})
    return training


def load_float(path: str | Path) -> FloatVGG16:
    """The network of a float checkpoint.

    Args:
        path: the file.

    Returns:
        The network, in evaluation mode.

    Raises:
        CheckpointError: the file is missing, damaged or foreign.
    """
    tensors, values = load_tensors(path, FLOAT_FORMAT, TRAIN_FLOAT)
    try:
        model = FloatVGG16(values["plan"], values.get("classes", CLASSES))
        model.load_state_dict(tensors)
    except (KeyError, RuntimeError, TypeError, ValueError) as error:
        raise CheckpointError(f"{path} does not fit the float network: {error}") from error
    return model.eval()
