"""
Changes of the world as data: what happens to a body, when, and for how long.

In: a body, and a script of shifts (`script`, YAML in config/lives/) or one shift at a time.
Out: a body that differs from its description from then on (`body`).
`kinds` holds what can happen, each an entry; other packages add theirs to `abm_ros.shifts`.
Imports common and bodies.types.
"""
