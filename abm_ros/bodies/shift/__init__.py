"""
Shifts: changes of the body or world as data, with their beginning and duration.

In: a body, and a script of shifts (`script`, YAML in config/lives/) or a single shift.
Out: a body that differs from its description from then on (`body`).
`kinds` holds the kinds of shifts; other packages add theirs to the group `abm_ros.shifts`.
Imports common and bodies.types.
"""
