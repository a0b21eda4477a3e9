"""A module's forward as a graph of calls, by torch.fx: this library's and torch's own modules are its leaves."""

from __future__ import annotations

from typing import Any

from torch import fx, nn

from tilewright.errors import NetworkError
from tilewright_model.networks.resnet20 import MeanPool

SEQUENCES = (nn.Sequential, nn.ModuleList, nn.ModuleDict)


class _Tracer(fx.Tracer):
    def __init__(self, leaves: tuple[str, ...]) -> None:
        super().__init__()
        self.leaves = leaves

    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        """Whether a module is called and not looked into."""
        del module_qualified_name
        ours = type(m).__module__.startswith(("tilewright_model.layers.", *self.leaves))
        return not isinstance(m, SEQUENCES) and (ours or _of_torch(m) or isinstance(m, MeanPool))

    def path_of_module(self, mod: nn.Module) -> str:
        """Its name; of a sequence that the forward has made, as of a slice of another, none."""
        try:
            return super().path_of_module(mod)
        except NameError:
            if isinstance(mod, SEQUENCES):
                return ""
            raise


def _of_torch(module: nn.Module) -> bool:
    return type(module).__module__.startswith("torch.nn.modules.")


def trace(model: nn.Module, leaves: tuple[str, ...] = ()) -> fx.Graph:
    """The calls of a module's forward, in order, without those whose results are not used.

    Args:
        model: the module.
        leaves: packages whose modules are leaves besides.

    Raises:
        NetworkError: what the forward does depends on values, or it takes more than images.
    """
    try:
        graph = _Tracer(leaves).trace(model)
    except Exception as error:  # whatever the module's own code raises on stand-ins for tensors
        raise NetworkError(
            f"the forward of {type(model).__name__} cannot be traced by torch.fx ({type(error).__name__}: {error}): "
            "it may not look at values, and calls modules and functions of docs/network_format.md"
        ) from error
    for node in reversed(graph.nodes):
        if node.op not in ("placeholder", "output") and not node.users:
            graph.erase_node(node)
    inputs = [node.name for node in graph.nodes if node.op == "placeholder"]
    if len(inputs) != 1:
        raise NetworkError(f"the forward of {type(model).__name__} takes {', '.join(inputs)}, not images alone")
    return graph


def name_of(node: fx.Node, taken: set[str]) -> str:
    """A name for what a function made: the module in which it is called, then its own; one that is not taken yet."""
    stack: dict[str, Any] = node.meta.get("nn_module_stack") or {}
    scope = next(reversed(stack.values()))[0] if stack else ""
    kind = node.target if isinstance(node.target, str) else getattr(node.target, "__name__", "call")
    base = ".".join(part for part in (scope, kind.strip("_")) if part)
    name, number = base, 2
    while name in taken:
        name, number = f"{base}_{number}", number + 1
    return name
