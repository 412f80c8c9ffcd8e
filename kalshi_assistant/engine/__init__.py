"""The one state machine: events in, intents out. Nobody else opens its state."""
