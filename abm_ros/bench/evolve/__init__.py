"""
`abm bench evolve`: what evolution found, on lives that it never saw, and what a life costs.

Held out: each life, of scripts and seeds kept out of evolution, is lived with the phi and settings
that were written by hand, with the evolved ones, and with innate models besides. Differences are
of pairs of one life, with bootstrap intervals. Innate models alone: steps until ten goals in a row
are reached in arms that Reptile never saw, without System M, from them and from scratch. Cost:
lives an hour of one process per core, and Ray's with two workers against one.
"""

from abm_ros.bench.registry import Bench

BENCH = Bench('the evolved manager against the one written by hand, and lives an hour',
              'abm_ros.bench.evolve.command')
