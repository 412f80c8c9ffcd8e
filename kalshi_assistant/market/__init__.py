"""What we believe of the outside: books, index, markets, fees, settlement."""
