"""Where the workers are: processes of this computer, or those of a scheduler that somebody has started."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from distributed import Client, LocalCluster, TimeoutError

from tilewright.errors import FarmError
from tilewright.farm.worker import RESOURCE
from tilewright.progress import phase

CONNECT_SECONDS = 10.0


@contextmanager
def local_workers(count: int) -> Iterator[Client]:
    """Processes of this computer, which own a device each and end with the block.

    Args:
        count: how many.

    Yields:
        The client; the workers are named 0, 1, ....
    """
    with phase(f"Starting {count} workers", "Started the workers"):
        cluster = LocalCluster(
            n_workers=count,
            threads_per_worker=1,
            processes=True,
            dashboard_address="127.0.0.1:0",
            worker_dashboard_address=None,
            host="127.0.0.1",
            silence_logs=logging.ERROR,
            resources={RESOURCE: 1},
        )
    with cluster, Client(cluster) as client:
        yield client


@contextmanager
def workers_of(address: str) -> Iterator[Client]:
    """The workers of a scheduler, which go on when the block ends.

    Args:
        address: of the scheduler, such as ``tcp://10.0.0.1:8786``.

    Yields:
        The client.

    Raises:
        FarmError: no scheduler answers there.
    """
    # What its loss means is said by the farm, in a line
    for name in ("distributed", "distributed.client"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    try:
        client = Client(address, timeout=CONNECT_SECONDS)
    except (OSError, ValueError, TimeoutError) as error:
        raise FarmError(
            f"no scheduler of dask answers at {address} ({error}): start one with `dask scheduler` and give the "
            "address that it prints"
        ) from error
    with client:
        yield client


def devices_of(client: Client) -> dict[str, str]:
    """Addresses of the workers that own a device, by their names.

    Args:
        client: of the scheduler.
    """
    # Not Client.scheduler_info: a periodic update, which names no worker, may take the place of what it has asked for
    workers = client.sync(client.scheduler.identity, n_workers=-1)["workers"]
    return {str(worker["name"]): address for address, worker in workers.items() if worker["resources"].get(RESOURCE)}
