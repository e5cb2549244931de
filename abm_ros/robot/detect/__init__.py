"""
Hard-wired detectors of the sensory gate; they learn nothing and work from the first moment on.

In: camera images, efforts. Out: named findings, such as `cue` and `looming`.
`detectors` runs those that a setting names; other packages add theirs to `abm_ros.detectors`.
Imports common. Source: arXiv:2603.15381, table C.1.
"""
