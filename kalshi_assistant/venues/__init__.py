"""Real counterparts without I/O: bytes in, events out; requests as values. No sockets, no clock."""
