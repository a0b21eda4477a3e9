"""What the RTL and Python agree on: registers, parameters, beats, commands, programs, results."""
