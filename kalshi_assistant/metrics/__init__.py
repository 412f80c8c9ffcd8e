"""An engine seen over HTTP: metrics, its newest state, a stream of states; a process of its own."""
