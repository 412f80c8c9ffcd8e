"""What REST answers say, as domain events where the house has words for it, else as small structs.

Nothing raises on what a server can send: an answer that makes no sense is ``Malformed`` with feed
``kalshi.rest``, and a list with one bad item gives the others. A field that should be there and is
not makes its item ``Malformed``; no default stands in for it.
"""
