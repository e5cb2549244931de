"""
What the benchmarks share.

`figures` (quantiles, table, JSON), `processes` (a ROS domain and children of their own),
`station` (a place in the graph), `bare_node` (a floor), `records` (a life made up), `life`.
"""
