"""Reads ONNX files of any generation, as data: nothing of them is run."""

from pathlib import Path
from typing import Any

from tilewright.errors import NetworkError
from tilewright_model.errors import ModelError, first_line

#: from this version of the format on, constants need not be listed among a graph's inputs
CONSTANTS_APART = 4


def load_model(path: str | Path) -> Any:
    """The file's model, complete and checked by onnx.

    Args:
        path: the file.

    Returns:
        onnx's ModelProto.

    Raises:
        NetworkError: the file is missing, damaged, empty or no ONNX file, keeps its weights elsewhere, or is one that
            onnx refuses; says which of these.
        ModelError: the package onnx is missing.
    """
    try:
        import onnx
        from google.protobuf.message import DecodeError
    except ImportError as error:
        raise ModelError(f"the package onnx is missing ({error}): pip install 'tilewright[qonnx]'") from error
    try:
        model = onnx.load(path, load_external_data=False)
    except FileNotFoundError as error:
        raise NetworkError(f"no QONNX file at {path}; write it with brevitas.export.export_qonnx") from error
    except (OSError, DecodeError, UnicodeDecodeError) as error:
        raise NetworkError(f"{path} is damaged or no ONNX file: {first_line(error)}") from error
    if not model.graph.node:
        raise NetworkError(f"{path} is damaged or no ONNX file: it holds no node")
    if any(onnx.external_data_helper.uses_external_data(tensor) for tensor in model.graph.initializer):
        raise NetworkError(f"{path} keeps its weights in other files: export it with the weights inside")
    _complete(onnx, model)
    try:
        onnx.checker.check_model(model)
    except (onnx.checker.ValidationError, UnicodeDecodeError) as error:
        raise NetworkError(f"{path} {_refusal(onnx, model)}: {first_line(error)}") from error
    return model


def _complete(onnx: Any, model: Any) -> None:
    """Add what exporters before 2022 left out and onnx's checker asks for; no node's meaning depends on it."""
    known = {entry.domain for entry in model.opset_import}
    for domain in sorted({node.domain for node in model.graph.node} - known - {"", "ai.onnx"}):
        model.opset_import.append(onnx.helper.make_opsetid(domain, 1))
    model.ir_version = max(model.ir_version, CONSTANTS_APART)


def _refusal(onnx: Any, model: Any) -> str:
    if model.ir_version > onnx.IR_VERSION:
        return (
            f"is of ONNX's format {model.ir_version}, and the package onnx {onnx.__version__} here reads to "
            f"{onnx.IR_VERSION}: export it with an older one"
        )
    return "is an ONNX file that onnx's checker refuses (the package qonnx's `qonnx-cleanup` may mend it)"
