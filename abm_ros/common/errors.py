"""
The one error tree of the package.

AbmError
├── ConfigError        a setting is unknown, of the wrong type or out of bounds
│   ├── WiringError    config/wiring.yaml names an unknown mode, node, port or topic
│   ├── PhiError       config/phi.yaml cannot drive System M
│   ├── ConstraintError  config/constraints.yaml contradicts itself or the wiring
│   └── GenomeError    a genome is out of its bounds, or of other genes
├── SpecError          an array has the wrong name, shape or dtype
│   └── NonFiniteError an array holds NaN or infinity
├── DescriptionError   a robot description cannot be used (no limits, not XML, unknown joint)
├── BodyError          a body cannot be built or stepped
│   └── BodyFailure    a body that was running failed: what it did, and which it is
├── SnapshotError      a model snapshot is damaged, foreign or does not fit
├── ExportError        a model computes what cannot be written as an ONNX graph
├── StoreError         the durable record cannot be read or written
│   └── StoreBusyError another process holds it
├── AuditError         the audit log is damaged
├── EvolutionError     an evolution cannot go on: its folder, its workers or its lives
└── GraphError         a node of the graph did not start, answer or reach its state
"""


class AbmError(Exception):
    """Base of all errors that abm_ros raises on purpose; their text is one line for the user."""


class ConfigError(AbmError, ValueError):
    """A setting is unknown, of the wrong type or out of bounds."""


class WiringError(ConfigError):
    """The wiring table names something that does not exist or breaks an invariant."""


class PhiError(ConfigError):
    """The routing policy phi cannot be used."""


class ConstraintError(ConfigError):
    """The constraints contradict themselves or the wiring."""


class GenomeError(ConfigError):
    """A genome is out of its bounds, or of other genes than evolution has."""


class SpecError(AbmError, ValueError):
    """An array has the wrong name, shape or dtype."""


class NonFiniteError(SpecError):
    """An array holds NaN or infinity."""


class DescriptionError(AbmError, ValueError):
    """A robot description cannot be used."""


class BodyError(AbmError):
    """A body cannot be built or stepped."""


class BodyFailure(BodyError):  # noqa: N818  (it is no wrong input: the run was under way)
    """A body that was running failed; a run ends with this, and a restart would not help."""


class SnapshotError(AbmError):
    """A model snapshot is damaged, foreign or does not fit."""


class ExportError(AbmError):
    """A model computes what cannot be written as an ONNX graph."""


class StoreError(AbmError):
    """The durable record cannot be read or written."""


class StoreBusyError(StoreError):
    """Another process holds the durable record."""


class AuditError(AbmError):
    """The audit log is damaged."""


class EvolutionError(AbmError):
    """An evolution cannot go on: its folder, its workers or its lives."""


class GraphError(AbmError):
    """A node of the graph did not start, answer or reach its state."""
