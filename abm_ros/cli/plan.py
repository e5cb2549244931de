"""`abm plan`: a goal that a person asks for, imagined beside executed."""

import argparse
import sys
from pathlib import Path
from typing import Any

import numpy as np

from abm_ros.bodies.registry import forms
from abm_ros.cli.folder import RUN_FOLDER
from abm_ros.common.errors import ConfigError, SnapshotError
from abm_ros.report.plan_words import spoken

_BODY = 'bullet:reach'


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.epilog = 'exit code: 0 reached by the body, 1 not reached, 2 refused'
    parser.add_argument('goal', type=float, nargs='+', metavar='GOAL',
                        help='a number for each coordinate, in the units of the body (m)')
    parser.add_argument('--run', type=Path, default=RUN_FOLDER, metavar='RUN',
                        help='folder of the run, or its models/ (%(default)s)')
    parser.add_argument('--body', default=_BODY,
                        help=forms().replace('%', '%%') + ' (%(default)s)')
    parser.add_argument('--seed', type=int, default=0, metavar='N',
                        help='of the body: where it begins (%(default)s)')
    parser.add_argument('--steps', type=int, metavar='N',
                        help='most control steps (those of an episode)')
    parser.add_argument('--out', type=Path, required=True, metavar='DIR',
                        help='write plan.png and plan.json here')


def run(arguments: argparse.Namespace) -> int:
    """Imagine, execute, draw and write; return the exit code: 1 for a goal that is not reached."""
    from abm_ros.report import path_picture, pictures
    pictures.require()
    if arguments.steps is not None and arguments.steps < 1:
        raise ConfigError(f'--steps: expected at least 1, got {arguments.steps}')
    figures = _paths(arguments)
    from abm_ros.bench.common.figures import write_json
    arguments.out.mkdir(parents=True, exist_ok=True)
    path_picture.draw(figures, arguments.out / 'plan.png')
    write_json(figures, arguments.out / 'plan.json')
    sys.stdout.write(f'{spoken(figures)}\n{arguments.out / "plan.png"}\n'
                     f'{arguments.out / "plan.json"}\n')
    return int(figures['executed']['reached_at'] is None)


def _models(folder: Path) -> Any:
    """
    Return both snapshots of a run.

    :raises SnapshotError: there are none yet, or they cannot be read.
    """
    from abm_ros.common.snapshot import Snapshot
    models = folder / 'models' if (folder / 'models').is_dir() else folder
    paths = [models / f'{kind}.abm' for kind in ('system_a', 'system_b')]
    if missing := [path.name for path in paths if not path.is_file()]:
        raise SnapshotError(f'{models}: there is no {" and no ".join(missing)} yet; let a body '
                            f'learn first: abm sim --headless --out {folder}')
    return tuple(map(Snapshot.load, paths))


def _paths(arguments: argparse.Namespace) -> dict[str, Any]:
    """Return what the JSON holds."""
    models = _models(arguments.run)
    # Here and not above: `abm --help` must not import a simulator.
    from abm_ros.agent import foresight
    from abm_ros.bench.common.life import life_in
    from abm_ros.bodies.make import make_body
    from abm_ros.policy.controller import ControllerConfig
    body = make_body(arguments.body, {'seed': arguments.seed})
    try:
        life, planner = life_in(body), ControllerConfig()
        spec = life.spec
        goal = foresight.asked_goal(spec, arguments.goal)
        foresight.check_models(models, spec)
        steps = min(arguments.steps or spec.horizon, spec.horizon)
        start, executed = foresight.executed(models, planner, life, goal, steps)
    finally:
        body.close()
    imagined = foresight.Foresight(models, planner).path(start, goal, steps)
    common = min(len(imagined.achieved), len(executed.achieved))
    gap = np.linalg.norm(np.array(imagined.achieved[:common])
                         - np.array(executed.achieved[:common]), axis=-1)
    return {'body': arguments.body, 'seed': arguments.seed, 'goal': goal.tolist(),
            'goal_field': spec.goal_field, 'tolerance': spec.goal_tolerance,
            'versions': {model.kind: model.version for model in models},
            'imagined': _told(imagined, spec, goal) | {'doubt': imagined.doubt},
            'executed': _told(executed, spec, goal), 'gap': gap.tolist()}


def _told(path: Any, spec: Any, goal: np.ndarray) -> dict[str, Any]:
    return {'achieved': [point.tolist() for point in path.achieved],
            'distance': path.distances(goal).tolist(), 'reached_at': path.reached_at(spec, goal)}
