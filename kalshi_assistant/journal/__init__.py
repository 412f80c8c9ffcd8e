"""The memory: what the engine handled, the raw evidence, and recordings made by others."""
