"""What `abm sim` is given: options for the graph, refused before any process starts."""

import argparse
from pathlib import Path

from abm_ros.bench.common.life import life_in
from abm_ros.bodies.arm_options import arm_settings
from abm_ros.bodies.make import make_body
from abm_ros.bodies.registry import kind_of
from abm_ros.bodies.shift.body import ShiftingBody
from abm_ros.bodies.shift.script import load_script
from abm_ros.bodies.types import Body
from abm_ros.bringup.arguments import LOG_LEVELS, check_params_file
from abm_ros.bringup.graph import GraphOptions, body_settings
from abm_ros.common.errors import ConstraintError, GraphError, StoreError, WiringError
from abm_ros.common.names import check_namespace
from abm_ros.common.share import table_text
from abm_ros.common.tables import Reader
from abm_ros.memory.record.store import Store
from abm_ros.meta.constraints import load_constraints
from abm_ros.meta.meta_control import MetaControl, SystemMConfig
from abm_ros.meta.phi import load_phi
from abm_ros.meta.wiring import Wiring
from abm_ros.ros.ports import read_wiring


def check_ros_arguments(arguments: argparse.Namespace) -> None:
    """Refuse what would make every node fail or wait for ever."""
    if arguments.log_level not in LOG_LEVELS:
        raise GraphError(f"--log-level: '{arguments.log_level}' is unknown, expected one of "
                         f'{", ".join(LOG_LEVELS)}')
    check_namespace(arguments.namespace)
    if not arguments.params_file:
        return
    text = table_text(arguments.params_file, '', GraphError)
    Reader(arguments.params_file, GraphError).load(text)
    check_params_file(arguments.params_file, [kind_of(arguments.body)[0].node])


def options_of(arguments: argparse.Namespace, out: Path) -> GraphOptions:
    """Return the options of the graph for a run in a folder."""
    phi = out / 'phi.yaml'
    # By absolute paths: the nodes may run in another folder.
    arm = arm_settings(arguments) | {
        'urdf': _absolute(arguments.urdf),
        'package_path': tuple(map(_absolute, arguments.package_path))}
    return GraphOptions(
        body=arguments.body, directory=str(out), seed=arguments.seed,
        headless=arguments.headless, lock_step=arguments.lock_step,
        use_sim_time=arguments.lock_step, baseline_episodes=arguments.baseline_episodes,
        pin_mode=arguments.pin, distractor=arguments.distractor,
        life=_absolute(arguments.life), worlds=arguments.worlds,
        **arm,
        wiring=_absolute(arguments.wiring), phi=str(phi),
        constraints=_absolute(arguments.constraints))


def _absolute(path: str) -> str:
    return str(Path(path).resolve()) if path else ''


def check_inputs(options: GraphOptions, phi_text: str, params_file: str) -> Wiring:
    """
    Refuse what a node would refuse, before any process is started; return the wiring.

    :param params_file: may give the body other settings: then memory alone can tell whether the
        folder holds the record of another body.
    """
    _try_body(options, is_whole=not params_file)
    wiring = read_wiring(table_text(options.wiring, 'wiring.yaml', WiringError))
    MetaControl(
        SystemMConfig(pin_mode=options.pin_mode), load_phi(phi_text), wiring, load_constraints(
            table_text(options.constraints, 'constraints.yaml', ConstraintError), wiring.modes))
    return wiring


def _try_body(options: GraphOptions, *, is_whole: bool) -> None:
    """
    Make the body once and let it go: a missing environment must not leave a graph half up.

    :param is_whole: whether nothing else sets the body.
    """
    kind, _ = kind_of(options.body)
    body = make_body(options.body, {
        name: value for name, value in (body_settings(options) | {'gui': False}).items()
        if name in kind.settings})
    try:
        if options.life:
            ShiftingBody(body, load_script(table_text(options.life, '')).events, options.seed)
        if is_whole:
            check_record(Path(options.directory) / 'memory.db', body)
    finally:
        body.close()


def check_record(memory: Path, body: Body) -> None:
    """
    Make sure that a record, if there is one, can take what a body observes.

    :raises StoreError: it is that of another body, or cannot be read.
    """
    if memory.exists():
        with Store.read(memory) as reader:
            error = reader.misfit(life_in(body).spec)
        if error is not None:
            raise error


def prepare(out: Path, kept: Path, text: str) -> None:
    """Make the run's folder with its own copy of phi; a run that goes on keeps the copy."""
    try:
        (out / 'log').mkdir(parents=True, exist_ok=True)
        kept.write_text(text, encoding='utf-8')
    except OSError as error:
        raise StoreError(f'{out}: cannot be written: {error.strerror}') from error
