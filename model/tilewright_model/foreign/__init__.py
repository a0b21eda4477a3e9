"""Networks out of PyTorch modules, of this library or of Brevitas, and out of QONNX files."""

from typing import TYPE_CHECKING

from tilewright.late import late_names

if TYPE_CHECKING:
    from tilewright_model.foreign.assemble import normalisation
    from tilewright_model.foreign.brevitas import from_brevitas
    from tilewright_model.foreign.brevitas_compare import compare_brevitas
    from tilewright_model.foreign.module import from_torch
    from tilewright_model.foreign.qonnx import import_qonnx

__all__ = ["compare_brevitas", "from_brevitas", "from_torch", "import_qonnx", "normalisation"]
__getattr__ = late_names(
    __name__,
    {
        "compare_brevitas": "brevitas_compare",
        "from_brevitas": "brevitas",
        "from_torch": "module",
        "import_qonnx": "qonnx",
        "normalisation": "assemble",
    },
)
