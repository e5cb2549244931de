"""A robot that manages its own learning: Systems A, B and M as a ROS 2 graph."""
