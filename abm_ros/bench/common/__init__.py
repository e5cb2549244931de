"""
Parts that several benchmarks share.

`figures` (quantiles, table, JSON), `processes` (a ROS domain and child processes), `station` (a
node in the graph), `bare_node` (a floor), `records` (an invented record), `life` (agent and body).
"""
