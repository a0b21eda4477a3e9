"""Which module of a user's each IP of a block design is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from tilewright.progress import print_line
from tilewright.sim.guest.errors import ThirdPartyError
from tilewright.sim.guest.hwh_graph import Instance
from tilewright.sim.guest.sources import UserSources

# The module of an IP by its INSTANCE or path, or of the only one
Tops = str | Mapping[str, str] | None


def assign_modules(users: Iterable[Instance], sources: UserSources, tops: Tops) -> tuple[dict[str, str], list[str]]:
    """Return the module of each IP that needs one of the user's.

    Args:
        users: the IPs.
        sources: the user's Verilog.
        tops: what the user says.

    Returns:
        The modules by INSTANCE, and what is said of the IPs that have none.

    Raises:
        ThirdPartyError: what the user says does not fit the block design.
    """
    instances = list(users)
    given = _given(instances, tops)
    names = sources.modules()
    found, refusals = {}, []
    for instance in instances:
        module = given.get(instance.name) or _of_its_name(instance, names)
        if module is None and len(instances) == 1 and names and not instance.is_xilinx:
            module = _the_top(sources)
            print_line(f"{instance.path} is taken to be module '{module}', the only one that no other instantiates")
        if module is None:
            refusals.append(_without_module(instance, len(instances)))
        else:
            found[instance.name] = module
    if sources.files and not instances:
        raise ThirdPartyError(
            f"{', '.join(sources.files)}: the block design has no IP that this could be; all of its IPs are Vivado's"
        )
    return found, refusals


def _given(instances: list[Instance], tops: Tops) -> dict[str, str]:
    if tops is None:
        return {}
    if isinstance(tops, str):
        if len(instances) != 1:
            raise ThirdPartyError(
                f"--top {tops}: the block design has {len(instances)} IPs of yours "
                f"({', '.join(each.path for each in instances)}): say of which, with --top INSTANCE=MODULE"
            )
        return {instances[0].name: tops}
    names = {key: each.name for each in instances for key in (each.name, each.path)}
    for name in tops:
        if name not in names:
            raise ThirdPartyError(
                f"--top {name}={tops[name]}: no IP {name} of yours in the block design; it has "
                f"{', '.join(names) or 'none'}"
            )
    return {names[name]: module for name, module in tops.items()}


def _of_its_name(instance: Instance, names: list[str]) -> str | None:
    """The module that is called as the IP is."""
    for wanted in (instance.module, instance.kind):
        if wanted in names:
            return wanted
        alike = [name for name in names if name.lower() == wanted.lower()]
        if len(alike) == 1:
            return alike[0]
    return None


def _the_top(sources: UserSources) -> str:
    tops = sources.tops()
    if len(tops) != 1:
        raise ThirdPartyError(
            f"{', '.join(sources.files)}: several top modules ({', '.join(tops)}); name one with --top"
        )
    return tops[0]


def _without_module(instance: Instance, count: int) -> str:
    option = "--top MODULE" if count == 1 else f"--top {instance.name}=MODULE"
    what = f"{instance.path} ({instance.vlnv}) is not simulated"
    if instance.is_xilinx:
        return f"{what}: of Vivado's IPs it is none of those that are; give Verilog of a module {instance.module}"
    return f"{what}: the Verilog has no module {instance.module}; give its file with --rtl, or name it with {option}"
