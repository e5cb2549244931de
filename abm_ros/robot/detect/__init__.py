"""
Hard-wired detectors of the sensory gate, which work from the start (decision 0046).

In: camera images, efforts. Out: named findings, such as `cue` and `looming`.
`detectors` runs the ones that a setting names; other packages add to group `abm_ros.detectors`.
Imports common. Source: arXiv:2603.15381, table C.1.
"""
