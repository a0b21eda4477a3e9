"""A Jupyter kernel whose default pynq device is the simulated one: ``python -m tilewright.kernel -f CONNECTION_FILE``.

``tilewright install-kernel`` installs it with $TILEWRIGHT_DEVICE set: then the simulated device is the first that pynq
finds.
"""

from ipykernel.kernelapp import IPKernelApp

import tilewright.sim  # noqa: F401 - registers the device before a notebook asks pynq for one

if __name__ == "__main__":
    IPKernelApp.launch_instance()
