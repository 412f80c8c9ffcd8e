"""Panels: pure functions from a scene and a room to lines. A panel knows no widget."""
