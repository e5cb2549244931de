"""Every field of the telemetry is told by its node and read by somebody; reads the code by ast."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip('rclpy')

from abm_ros.common import telemetry
from abm_ros.common.telemetry import KINDS, LearnerTelemetry
from abm_ros.common.telemetry_fields import Telemetry, schema
from abm_ros.nodes.effectors.diagnostics import SHOWN, SHOWN_OF_ALL

PACKAGE = Path(__file__).resolve().parents[2] / 'abm_ros'
CLASSES = {kind.__name__: kind for kind in (Telemetry, LearnerTelemetry, *KINDS.values())}
# Who tells: each node, and the bases that fill in what their nodes have in common.
TELLERS = [*(PACKAGE / 'nodes').rglob('*.py'), PACKAGE / 'ros' / 'node.py',
           PACKAGE / 'world_model' / 'worlds' / 'count.py']
# Who reads: System M with its effectors, the command line, the benchmarks. No node reads itself.
READERS = [*(PACKAGE / 'meta').rglob('*.py'), *(PACKAGE / 'cli').rglob('*.py'),
           *(PACKAGE / 'bench').rglob('*.py'), *(PACKAGE / 'nodes' / 'effectors').rglob('*.py'),
           PACKAGE / 'nodes' / 'system_m.py', PACKAGE / 'ros' / 'clients' / 'operator.py']
Field = tuple[str, str]      # class and name


def declared_by(kind: type[Telemetry]) -> set[str]:
    """Return the fields that a class declares itself."""
    parent = kind.__mro__[1]
    inherited = schema(parent).items if issubclass(parent, Telemetry) else ()
    return ({item.name for item in schema(kind).items} - {item.name for item in inherited})


def owner(kind: type[Telemetry], name: str) -> Field:
    """Return a field by the class that declares it."""
    for parent in kind.__mro__:
        if issubclass(parent, Telemetry) and name in declared_by(parent):
            return parent.__name__, name
    return kind.__name__, name


ALL: list[Field] = [(name, field) for name, kind in CLASSES.items()
                    for field in sorted(declared_by(kind))]


def told_in(source: str) -> set[Field]:
    """Return the fields that code sets: in calls of their class, or by `replace` beside it."""
    tree = ast.parse(source)
    named = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)} & set(CLASSES)
    found: set[Field] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            kinds = named if node.func.id == 'replace' else {node.func.id} & named
            found |= {owner(CLASSES[kind], key.arg) for kind in kinds for key in node.keywords
                      if key.arg is not None}
    return found


class Reading(ast.NodeVisitor):
    """Follows telemetry through the names of a function, and notes which fields are read."""

    def __init__(self) -> None:
        self.found: set[Field] = set()
        self._known: dict[str, type[Telemetry]] = {}
        self._classes: dict[str, type[Telemetry]] = {}

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        outer = dict(self._known)
        for argument in (*node.args.args, *node.args.kwonlyargs):
            self._note(argument.arg, self._annotated(argument.annotation))
        self.generic_visit(node)
        self._known = outer

    def visit_Assign(self, node: ast.Assign) -> None:
        self.generic_visit(node)
        for target in node.targets:
            several = isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple)
            for name, value in (zip(target.elts, node.value.elts, strict=True) if several
                                else [(target, node.value)]):
                if isinstance(name, ast.Name):
                    self._note(name.id, self._kind(value))

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        self.generic_visit(node)
        if isinstance(node.target, ast.Name):
            self._note(node.target.id, self._annotated(node.annotation))

    def visit_GeneratorExp(self, node: ast.GeneratorExp | ast.ListComp) -> None:
        for part in node.generators:
            if ast.unparse(part.iter) == 'LEARNERS' and isinstance(part.target, ast.Name):
                self._classes[part.target.id] = LearnerTelemetry
        self.generic_visit(node)
        self._classes.clear()

    visit_ListComp = visit_GeneratorExp    # noqa: N815

    def visit_Attribute(self, node: ast.Attribute) -> None:
        kind = self._kind(node.value)
        if kind is not None and isinstance(node.ctx, ast.Load):
            self.found.add(owner(kind, node.attr))
        self.generic_visit(node)

    def _note(self, name: str, kind: type[Telemetry] | None) -> None:
        if kind is None:
            self._known.pop(name, None)
        else:
            self._known[name] = kind

    def _annotated(self, annotation: ast.expr | None) -> type[Telemetry] | None:
        return CLASSES.get(annotation.id) if isinstance(annotation, ast.Name) else None

    def _kind(self, node: ast.expr) -> type[Telemetry] | None:
        """Return the class of an expression that is telemetry."""
        if isinstance(node, ast.Name):
            return self._known.get(node.id)
        if isinstance(node, ast.Attribute):
            return KINDS.get(node.attr)     # <...>.system_b
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            first = node.args[0] if node.args else None
            if node.func.attr == 'told' and isinstance(first, ast.Name):
                return CLASSES.get(first.id) or self._classes.get(first.id)
            return {'telemetry': KINDS['system_m'], 'of': Telemetry}.get(node.func.attr)
        return None


def read_in(source: str) -> set[Field]:
    """Return the fields that code reads by attribute."""
    reading = Reading()
    reading.visit(ast.parse(source))
    return reading.found


def shown() -> Iterator[Field]:
    """Yield what diagnostics declares to show."""
    for node, fields in SHOWN.items():
        yield from (owner(KINDS[node], field) for field in fields)
    yield from (owner(Telemetry, field) for field in SHOWN_OF_ALL)


TOLD = set().union(*(told_in(file.read_text(encoding='utf-8')) for file in TELLERS))
READ = set().union(*(read_in(file.read_text(encoding='utf-8')) for file in READERS)) | {*shown()}


@pytest.mark.parametrize('field', ALL, ids='.'.join)
def test_every_field_is_told_by_its_node(field) -> None:
    assert field in TOLD, f'{".".join(field)} is declared, and its node never sets it'


@pytest.mark.parametrize('field', ALL, ids='.'.join)
def test_every_field_is_read(field) -> None:
    assert field in READ, f'{".".join(field)} is told, and nobody reads it'


def test_the_reader_of_code_sees_telemetry_and_nothing_else() -> None:
    source = (
        'def one(a: SystemATelemetry, model):\n'
        '    b, n = graph.system_b, 1\n'
        '    own = conductor.telemetry()\n'
        '    model.latents, model.version\n'
        '    return a.uncertainty, b.episodes, b.state, own.switches, n.successes\n'
        'def two(a):\n'
        '    return a.latents, [station.told(k).rounds for k in LEARNERS]\n'
        'def three():\n'
        '    return station.told(MotorGateTelemetry).commands\n')
    assert read_in(source) == {
        ('SystemATelemetry', 'uncertainty'), ('SystemBTelemetry', 'episodes'),
        ('Telemetry', 'state'), ('SystemMTelemetry', 'switches'), ('LearnerTelemetry', 'rounds'),
        ('MotorGateTelemetry', 'commands')}
    assert told_in('told = MotorGateTelemetry(open=1)\nreplace(told, shut="x")\nf(held=1)') == {
        ('MotorGateTelemetry', 'open'), ('MotorGateTelemetry', 'shut')}


def test_every_class_of_the_schema_is_looked_at() -> None:
    found = {name for name, value in vars(telemetry).items()
             if isinstance(value, type) and issubclass(value, Telemetry)}
    assert found == set(CLASSES)
