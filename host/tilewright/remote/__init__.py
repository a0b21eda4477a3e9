"""PYNQ.remote: a server with the RTL behind it, and what this library adds to pynq's client.

The server speaks the gRPC protocol of ``pynq.remote``, so that pynq's own ``RemoteDevice`` drives the simulated
hardware over a network as it drives a board. ``docs/remote.md`` has the traps of that client.
"""
