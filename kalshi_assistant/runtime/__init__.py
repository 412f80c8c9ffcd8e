"""The shell around the pure core: clocks, sockets, queues, and the loops that join them."""
