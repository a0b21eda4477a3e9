"""Interrupts of simulated devices at the place where pynq has Linux's UIO files: below its interrupt controllers.

pynq's ``Interrupt`` and ``DMA.wait_async`` run unmodified. While a coroutine awaits an interrupt, its device's clock
runs, a piece at a time, between other tasks of the event loop. Where nothing will move any more, those that wait get a
DeviceTimeoutError.
"""

from __future__ import annotations

import asyncio
from typing import Any

from pynq.interrupt import _InterruptController
from pynq.pl_server.device import Device
from pynqmetadata.views.runtime import RuntimeMetadataParser

from tilewright.errors import DeviceTimeoutError

CYCLES_A_TURN = 2000
# Seconds between looks at a device that stands still: another task may write to it
PAUSE = 0.01


class SimulatedUio:
    """Stands where ``pynq.uio.UioController`` stands, of all devices: pynq keeps one an interrupt number.

    Args:
        number: of the processing system's interrupt.
    """

    def __init__(self, number: int) -> None:
        self._number = number
        self._events: dict[Any, list[Any]] = {}
        self._tasks: dict[Any, asyncio.Task[None]] = {}

    def add_event(self, event: Any, number: int) -> None:
        """Have ``event.set()`` called when the interrupt comes: that of the device that the event belongs to.

        Args:
            event: pynq's interrupt controller, or an asyncio.Event for a pin without controller: the active device's.
            number: pynq's; there is one line.
        """
        del number
        mmio = getattr(event, "mmio", None)
        device = Device.active_device if mmio is None else mmio.device
        self._events.setdefault(device, []).append(event)
        task = self._tasks.get(device)
        if task is None or task.done() or task.get_loop() is not asyncio.get_running_loop():
            self._tasks[device] = asyncio.get_running_loop().create_task(self._watch(device))

    async def _watch(self, device: Any) -> None:
        while self._events[device]:
            raised = [event for event in self._events[device] if self._is_raised(event, device)]
            if raised:
                self._events[device] = [event for event in self._events[device] if event not in raised]
                for event in raised:
                    event.set()
            elif device.quiet:
                _fail(self._events[device], device)
                await asyncio.sleep(PAUSE)
            else:
                device.run(CYCLES_A_TURN)
                await asyncio.sleep(0)

    def _is_raised(self, event: Any, device: Any) -> bool:
        if hasattr(event, "mmio"):
            return bool(device.interrupted(event.name))
        return bool(device.interrupts[device.irq_pins[self._number]])


def connect_interrupts(parser: RuntimeMetadataParser) -> dict[int, str]:
    """Let pynq find simulated interrupts for the interrupt numbers of a block design.

    Returns:
        The pins without interrupt controller, by number.
    """
    entries = [*parser.interrupt_controllers.values(), *parser.interrupt_pins.values()]
    for number in {entry["raw_irq"] for entry in entries if "raw_irq" in entry}:
        if not isinstance(_InterruptController._uio_devices.get(number), SimulatedUio):
            _InterruptController._uio_devices[number] = SimulatedUio(number)
    return {entry["raw_irq"]: name for name, entry in parser.interrupt_pins.items() if "raw_irq" in entry}


def _fail(events: list[Any], device: Any) -> None:
    """Raise in every coroutine that waits: on the events of a controller's lines, or on an event itself."""
    for event in events:
        lines = getattr(event, "wait_handles", [[event]])
        for waiting in (each for line in lines for each in line):
            for future in getattr(waiting, "_waiters", ()):
                if not future.done():
                    message = f"an interrupt is awaited while nothing moves: {device.describe_hang()}"
                    future.set_exception(DeviceTimeoutError(message))
