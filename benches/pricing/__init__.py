"""Prices, greeks and implied volatilities timed and checked beside other libraries: `make bench`.

`inputs` draws the options, `reference` computes what is true of them, `peers` calls each library, `worker`
is the process that one library runs in, `schedule` visits all of them in turn, `checks`, `accuracy` and
`targets` judge, `results` keeps and `table` writes. docs/benchmarks.md tells how.
"""
