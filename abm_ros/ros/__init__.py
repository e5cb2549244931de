"""
Messaging and lifecycle: the guarded node base, ports, QoS, the codec and the clients.

In and out: ROS messages, parameters and services. No arithmetic.
Imports common, memory and meta (types alone).
"""
