"""ONNX graphs as other makers than Brevitas write them. The package onnx is imported when one is built."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np


class Maker:
    """A graph of nodes and constants, one after another."""

    def __init__(self) -> None:
        import onnx

        self.onnx, self.nodes, self.constants, self.current = onnx, [], [], "x"

    def constant(self, values: Any) -> str:
        name = f"c{len(self.constants)}"
        self.constants.append(self.onnx.numpy_helper.from_array(np.asarray(values), name))
        return name

    def add(self, op: str, *inputs: str, **attributes: Any) -> str:
        name = f"v{len(self.nodes)}"
        domain = "qonnx.custom_op.general" if op == "Quant" else ""
        self.nodes.append(
            self.onnx.helper.make_node(op, list(inputs), [name], name=f"{op}_{name}", domain=domain, **attributes)
        )
        return name

    def then(self, op: str, *constants: Any, first: bool = False, **attributes: Any) -> Maker:
        names = [self.constant(values) if isinstance(values, np.ndarray) else values for values in constants]
        self.current = self.add(op, *([*names, self.current] if first else [self.current, *names]), **attributes)
        return self

    def quant(self, scale: Any, bits: Any, signed: int, /, x: str | None = None, **attributes: Any) -> str:
        scale, bits = attributes.pop("scale", scale), attributes.pop("bits", bits)
        numbers = [self.constant(np.asarray(number, np.float32)) for number in (scale, 0, bits)]
        settings = {"signed": signed, "narrow": 0, "rounding_mode": "ROUND", **attributes}
        name = self.add("Quant", x or self.current, *numbers, **settings)
        self.current = self.current if x else name
        return name

    def save(self, path: Path, shape: tuple[Any, ...] = (1, 2, 8, 8)) -> Path:
        helper, proto = self.onnx.helper, self.onnx.TensorProto.FLOAT
        ends = [
            helper.make_tensor_value_info(name, proto, s) for name, s in (("x", shape), (self.current, ("n", "scores")))
        ]
        graph = helper.make_graph(self.nodes, "graph", ends[:1], ends[1:], self.constants)
        opsets = [helper.make_opsetid("", 19), helper.make_opsetid("qonnx.custom_op.general", 1)]
        self.onnx.save(helper.make_model(graph, opset_imports=opsets, ir_version=9), path)
        return path


RNG = np.random.default_rng(4)
WEIGHTS, LAST = (RNG.integers(-7, 8, shape).astype(np.float32) for shape in ((4, 2, 3, 3), (4, 4, 1, 1)))
SCALES, SUMS, BIAS = (RNG.uniform(0.5, 1.5, 4).astype(np.float32) for _ in range(3))
LINEAR = RNG.normal(size=(16, 3)).astype(np.float32)


def other_graph(**changes: Any) -> Maker:
    """Mul and Add for batch-norm, Add for a bias, MatMul and Add for a linear layer, Reshape, unnamed weights."""
    options: dict[str, Any] = {name: {} for name in ("image", "weights", "codes", "conv", "average")}
    options |= {"pads": [1, 1, 1, 1]} | changes
    maker = Maker()
    maker.quant(1.0, 8, 1, **options["image"])
    quantised = maker.quant(
        0.5, 4, 1, maker.constant(options.get("weight_values", WEIGHTS) * np.float32(0.5)), **options["weights"]
    )
    maker.then("Conv", quantised, pads=options["pads"], **options["conv"])
    maker.then("Mul", SCALES.reshape(1, 4, 1, 1)).then("Add", SUMS.reshape(4, 1, 1), first=True)
    maker.then("Relu")
    maker.quant(60.0, 4, 0, **options["codes"])
    maker.then("MaxPool", kernel_shape=[2, 2], strides=[2, 2])
    quantised = maker.quant(0.25, 4, 1, maker.constant(LAST * np.float32(0.25)))
    maker.then("Conv", quantised).then("Add", BIAS.reshape(1, 4, 1, 1)).then("Relu")
    maker.then("AveragePool", kernel_shape=[2, 2], strides=[2, 2]) if options.get("float average") else None
    maker.quant(100.0, 4, 0)
    maker.then("AveragePool", kernel_shape=[2, 2], strides=[2, 2], **options["average"])
    maker.then("Reshape", np.array([1, -1]))
    return maker.then("MatMul", LINEAR).then("Add", np.array([1, 2, 3], np.float32))
