"""The local socket of an engine: snapshots out, commands in; no reader can hold it up."""
