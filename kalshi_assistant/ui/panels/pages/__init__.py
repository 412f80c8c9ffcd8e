"""Pages beside the main one: pure functions from a scene, a room and the chosen row to lines.

A page may be longer than its room: whoever shows it scrolls. Row 0 is the newest, or the first.
"""
