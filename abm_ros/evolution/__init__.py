"""
Evolution of System M's policy and of the settings that a life begins with, over whole lives.

In: scripts of lives, a population, a seed. Out: phi.yaml, a parameter file, innate models.
`evolve` is the story; `genome` turns phi and settings into a vector and back; `strategy` proposes
vectors; `race` spends lives on them; `workers` live them, on this machine or on Ray.
Imports lives and the rooms below it; knows no ROS.
"""
