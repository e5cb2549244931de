"""`abm evolve`: let whole lives write phi and the settings that a life begins with."""

import argparse
import os
import time
from pathlib import Path
from typing import Any

from abm_ros.common.errors import EvolutionError, PhiError

_RAY = 'auto|ADDRESS'


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `abm evolve`."""
    add = parser.add_argument
    add('--lives', nargs='+', required=True, metavar='FILE',
        help="scripts of lives, from easy to hard: files, or the package's own in config/lives")
    add('--generations', type=int, default=10, metavar='N', help='(%(default)s)')
    add('--population', type=int, default=8, metavar='P', help='(%(default)s)')
    add('--out', type=Path, default=Path('runs/evolution'), metavar='DIR',
        help='generations/, phi.yaml, parameters.yaml, innate.abm, pictures (%(default)s)')
    add('--seed', type=int, default=0, metavar='N', help='seed of everything (%(default)s)')
    add('--resume', action='store_true', help='go on after the last finished generation in DIR')
    add('--lives-each', type=int, default=3, metavar='N',
        help='lives of the best individuals of a generation; others live fewer (%(default)s)')
    add('--final-lives', type=int, default=4, metavar='N',
        help='lives of the last race, which decides the result (%(default)s)')
    add('--strategy', default='sep-cma', metavar='NAME', help='cma, sep-cma, or one of another '
        'package (%(default)s)')
    add('--spread', type=float, default=0.1, metavar='S',
        help='first standard deviation of a gene, of the way between its bounds (%(default)s)')
    add('--genes', nargs='+', default=[], metavar='PATTERN',
        help="genes that vary, such as 'phi.*' 'world.*' (all)")
    add('--phi', default='', metavar='FILE', help='routing policy to begin with')
    add('--params-file', default='', metavar='FILE',
        help='parameters of the graph that all lives have besides')
    add('--innate', default='', metavar='FILE', help='innate models that all lives begin with')
    add('--reptile', type=int, default=0, metavar='N',
        help="outer steps of Reptile afterwards, for innate models in the first script's body")
    add('--workers', type=int, default=0, metavar='N', help='processes on this machine (one per '
        'core)')
    add('--ray', default='', metavar=_RAY, help='live on Ray: a cluster, or this machine')
    add('--device', default='cpu', choices=('cpu', 'cuda'),
        help='what lives compute on (%(default)s)')


def run(arguments: argparse.Namespace) -> int:
    """Evolve, with progress; write and draw the results; return the exit code."""
    from abm_ros.evolution.checkpoint import Folder
    from abm_ros.evolution.evolve import Evolution, EvolutionConfig
    from abm_ros.evolution.fitness import FitnessConfig
    if arguments.device != 'cpu':
        raise EvolutionError('--device cuda: Systems A and B of a life compute on the CPU, and '
                             'lives are not stacked on a GPU yet: leave it out')
    genome, scripts, base = _beginning(arguments)
    config = EvolutionConfig(
        arguments.generations, arguments.population, arguments.lives_each, arguments.final_lives,
        arguments.seed, arguments.strategy, arguments.spread)
    evolution = Evolution(config, genome, scripts, base, FitnessConfig(), Folder(arguments.out),
                          arguments.innate and str(Path(arguments.innate).resolve()))
    _evolve(arguments, evolution, genome)
    if arguments.reptile:
        _search_innate(arguments, scripts[0], base)
    return 0


def _beginning(arguments: argparse.Namespace) -> tuple[Any, list, dict]:
    """Return the genome, the scripts, and what all lives have besides."""
    from abm_ros.bodies.shift.script import load_script
    from abm_ros.common.share import life_text, table_text
    from abm_ros.evolution.genome import Genome
    from abm_ros.lives.rows import read_rows
    from abm_ros.lives.settings import LifeSettings, from_parameters
    from abm_ros.meta.constraints import load_constraints
    from abm_ros.meta.phi import load_phi
    scripts = [load_script(life_text(name)) for name in arguments.lives]
    base = {} if not arguments.params_file else from_parameters(
        table_text(arguments.params_file, ''), LifeSettings())
    modes = read_rows(table_text('', 'wiring.yaml')).modes
    genome = Genome.of(
        load_phi(table_text(arguments.phi, 'phi.yaml', PhiError)), LifeSettings().changed(base),
        load_constraints(table_text('', 'constraints.yaml'), modes), tuple(arguments.genes))
    return genome, scripts, base


def _evolve(arguments: argparse.Namespace, evolution: Any, genome: Any) -> None:
    from rich.console import Console

    from abm_ros.evolution.results import write_results
    console = Console(stderr=True, highlight=False)
    shown = _Shown(console, arguments)
    workers = _workers(arguments)
    try:
        with shown.progress:
            evolved = evolution.run(workers, shown.lived, shown.told, resume=arguments.resume)
    finally:
        workers.close()
    report = write_results(arguments.out, genome, evolved)
    final = report['final']
    for who, fitness in final['fitness'].items():
        mark = ' (the result)' if who == final['winner'] else ''
        print(f'{who}: {sum(fitness) / len(fitness):+.3f} over {len(fitness)} new lives{mark}')
    try:
        from abm_ros.evolution.pictures import draw
        draw(report, arguments.out)
    except ImportError:
        console.print("no pictures: they need matplotlib: pip install 'abm_ros[bench]'")
    print(f'written: {arguments.out}/phi.yaml, {arguments.out}/parameters.yaml')


def _workers(arguments: argparse.Namespace) -> Any:
    if arguments.ray:
        from abm_ros.evolution.ray_workers import RayWorkers
        return RayWorkers(arguments.ray, arguments.workers)
    from abm_ros.evolution.workers import LocalWorkers
    return LocalWorkers(arguments.workers or os.cpu_count() or 1)


class _Shown:
    """The progress bar: generations and lives, and a line for each generation."""

    def __init__(self, console: Any, arguments: argparse.Namespace) -> None:
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
        self.progress = Progress(TextColumn('generation'), BarColumn(), MofNCompleteColumn(),
                                 TextColumn('{task.fields[figures]}'), console=console)
        self._task = self.progress.add_task('', total=arguments.generations, figures='')
        self._began_s, self._lives, self._line = time.monotonic(), 0, ''

    def lived(self, _: Any) -> None:
        """Show that a life ended."""
        self._lives += 1
        rate = 3600.0 * self._lives / max(time.monotonic() - self._began_s, 1e-9)
        self.progress.update(self._task, figures=f'{self._line}{self._lives} lives, '
                             f'{rate:.0f} lives/h')

    def told(self, told: Any) -> None:
        """Show a generation."""
        self._line = (f'best {told.best:+.3f} mean {told.mean:+.3f} spread {told.spread:.3f} '
                      f'reference {told.reference:+.3f} ')
        self.progress.update(self._task, completed=told.number)
        self.progress.console.print(
            f'generation {told.number}: {self._line}'
            f'{3600.0 * told.lives / max(told.elapsed_s, 1e-9):.0f} lives/h', soft_wrap=True)


def _search_innate(arguments: argparse.Namespace, script: Any, base: dict) -> None:
    from torch import set_num_threads

    from abm_ros.evolution.reptile import search
    from abm_ros.evolution.results import INNATE
    from abm_ros.lives.settings import LifeSettings
    set_num_threads(1)
    search(script, LifeSettings().changed(base).agent, arguments.reptile, arguments.seed,
           arguments.out / INNATE, lambda step: print(f'innate models: outer step {step} of '
                                                      f'{arguments.reptile}'))
