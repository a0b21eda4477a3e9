"""The run: hands shards to devices, and hands out again what died, failed or is in doubt."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from distributed import CancelledError, Client, Future, KilledWorker, TimeoutError, wait
from distributed.comm import CommClosedError

from tilewright.errors import FarmError
from tilewright.farm.cluster import devices_of
from tilewright.farm.device import Computed
from tilewright.farm.explain import explained, program_of
from tilewright.farm.judge import Judge
from tilewright.farm.plan import Plan
from tilewright.farm.record import Judged, Record
from tilewright.farm.shards import Shard
from tilewright.farm.worker import RESOURCE, Answer, run_shard
from tilewright.progress import print_line

_GONE = "the scheduler of dask has gone: start it and the workers again, then the same command"
# A device whose shards take less has one that waits for it, beside the one that it computes
_SHORT_SECONDS = 5.0
# A shard that runs once more to be looked into may take so many times as long
_PATIENCE = 10
# How often it is looked whether workers have come or gone
_POLL_SECONDS = 2.0


@dataclass(frozen=True)
class _Sent:
    """A shard on its way: the addresses of the workers that it may go to."""

    shard: Shard
    addresses: frozenset[str]


class Farm:
    """Runs the shards of a plan that its record lacks.

    Args:
        client: of the workers.
        plugin: name of the plugin that they have.
        plan: the run.
        record: takes each judged shard.
        judge: of the answers.
        patience: seconds to wait for a worker where there is none.
        told: called with each shard as it is judged, and with None now and then between.
    """

    def __init__(
        self,
        client: Client,
        plugin: str,
        plan: Plan,
        record: Record,
        judge: Judge,
        patience: float,
        told: Callable[[Judged | None], None] = lambda shard: None,
    ) -> None:
        self._client, self._plugin = client, plugin
        self._plan, self._record, self._judge = plan, record, judge
        self._patience, self._told = patience, told
        self._queue = deque(shard for shard in plan.shards if shard.index not in record.shards)
        self._sent: dict[Future, _Sent] = {}
        self._ahead = 1  # shards a device that are on their way
        self._seen = time.monotonic()  # when there was a worker

    def run(self, until: float = float("inf")) -> None:
        """Runs until all shards are judged, or until the time is over and what has begun has ended.

        Args:
            until: no shard is handed out after this time of ``time.monotonic()``.

        Raises:
            FarmError: no worker is there, all are left out, a shard ended several of them, or the scheduler has gone.
            TilewrightError: the reference failed.
        """
        try:
            while self._sent or (self._queue and time.monotonic() < until):
                self._hand_out(until)
                self._wait()
                for future in [future for future in self._sent if future.done()]:
                    self._take(future)
                self._told(None)
        except CommClosedError as error:
            raise FarmError(_GONE) from error
        finally:
            with suppress(CommClosedError):
                self._client.cancel(list(self._sent))

    def _wait(self) -> None:
        """Waits until a shard is done, but not for long."""
        if not self._sent:
            time.sleep(_POLL_SECONDS)
            return
        with suppress(TimeoutError, CancelledError):  # cancelled: the scheduler has gone
            wait(list(self._sent), timeout=_POLL_SECONDS, return_when="FIRST_COMPLETED")

    def _workers(self) -> dict[str, str]:
        """Addresses of the workers that get shards, by name.

        Raises:
            FarmError: there is none.
        """
        if self._client.status != "running":
            raise FarmError(_GONE)
        present = devices_of(self._client)
        left_out = self._judge.left_out
        workers = {name: address for name, address in present.items() if name not in left_out}
        if workers:
            self._seen = time.monotonic()
        elif present and left_out:
            raise FarmError("all workers are left out: " + "; ".join(f"{who}: {why}" for who, why in left_out.items()))
        elif time.monotonic() - self._seen > self._patience:
            raise FarmError(
                f"no worker with a device has been there for {self._patience:g} s: start each with "
                f"`dask worker ADDRESS --nthreads 1 --resources {RESOURCE}=1`"
            )
        return workers

    def _hand_out(self, until: float) -> None:
        workers = self._workers()
        for future, sent in list(self._sent.items()):
            if not sent.addresses & set(workers.values()):
                del self._sent[future]
                self._client.cancel([future])
                self._queue.appendleft(sent.shard)
        while self._queue and len(self._sent) < self._ahead * len(workers) and time.monotonic() < until:
            shard = self._queue.popleft()
            fresh = {name: address for name, address in workers.items() if name not in self._judge.asked(shard)}
            addresses = frozenset((fresh or workers).values())
            self._sent[self._submit(shard, addresses)] = _Sent(shard, addresses)

    def _submit(self, shard: Shard, addresses: frozenset[str], keep: tuple[int, ...] = ()) -> Future:
        pixels = self._plan.images.pixels[shard.span]
        options: dict[str, Any] = {"workers": sorted(addresses), "resources": {RESOURCE: 1}, "pure": False}
        return self._client.submit(run_shard, self._plugin, shard.index, pixels, keep, **options)

    def _take(self, future: Future) -> None:
        shard, left_out = self._sent.pop(future).shard, dict(self._judge.left_out)
        answer = self._answer(future, shard)
        judged = None if answer is None or answer.worker in left_out else self._judged(shard, answer)
        for name in self._judge.left_out.keys() - left_out.keys():
            print_line(f"worker {name} is left out: {self._judge.left_out[name]}")
        if judged is None:
            self._queue.appendleft(shard)
        else:
            self._record.add(judged)
            self._told(judged)

    def _judged(self, shard: Shard, answer: Answer) -> Judged | None:
        """What an answer makes of a shard; None where it must run again."""
        if answer.computed is None:
            print_line(f"{shard} runs again, worker {answer.worker} failed: {answer.failure}")
            self._judge.failed(shard, answer.worker, answer.failure)
            return None
        self._ahead = 2 if answer.computed.seconds < _SHORT_SECONDS else 1
        decision = self._judge.take(shard, answer.worker, answer.computed, self._workers())
        if decision.judged is None or decision.computed is None:
            print_line(f"{shard} runs again: worker {answer.worker} gave other integers than the reference")
            return None
        return self._looked_into(decision.judged, shard, decision.computed)

    def _answer(self, future: Future, shard: Shard) -> Answer | None:
        """What came of a shard; None where it was lost.

        Raises:
            FarmError: it ended several workers, or what a worker runs is not what this computer has.
        """
        if future.status == "finished":
            answer: Answer = future.result()
            return answer
        if future.status != "error":
            return None
        error = future.exception()
        if isinstance(error, KilledWorker):
            times = error.allowed_failures + 1
            raise FarmError(f"{shard} ended {times} workers one after the other: {error}") from error
        raise FarmError(f"{shard}: a worker's own code failed: {type(error).__name__}: {error}") from error

    def _looked_into(self, judged: Judged, shard: Shard, before: Computed) -> Judged:
        """A judged shard; where it is the first that differs, with what differs in it."""
        known = any(other.differences for other in self._record.shards.values())
        workers = self._workers()
        if known or not judged.differing or judged.worker not in workers:
            return judged
        images = program_of(self._plan, shard, judged.differing[0])
        future = self._submit(shard, frozenset([workers[judged.worker]]), tuple(images))
        try:
            again: Answer = future.result(timeout=_PATIENCE * (before.seconds + 1))
        except (TimeoutError, CancelledError, KilledWorker) as error:
            again = Answer(judged.worker, failure=f"{type(error).__name__}")
        if again.computed is None:
            return replace(judged, differences=[f"the shard failed when it ran once more: {again.failure}"])
        return replace(judged, differences=explained(self._plan, shard, images, again.computed, before))
