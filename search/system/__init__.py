"""The machine: processes, devices, memory, runtime."""
