import argparse
import json
import subprocess
import sys
from pathlib import Path

import pytest
from body_package import add_point_package

from abm_ros.bench.learn import command, jobs, plot
from abm_ros.bench.learn.curve import Curve, Score, summarise
from abm_ros.bench.learn.figures import gather
from abm_ros.cli.main import main
from abm_ros.common.errors import BodyError, ConfigError


def parse(*words):
    parser = argparse.ArgumentParser()
    parser.add_argument('--json', type=Path)
    command.add_arguments(parser)
    return parser.parse_args(['--env', 'gym:PandaReach-v3', *words])


def curve(seed, native, strict=None, every=50):
    return Curve(seed, tuple(Score(every * (n + 1), *both)
                             for n, both in enumerate(zip(native, strict or native, strict=True))))


def test_figures_hold_the_keys_and_the_better_baseline_gives_the_ratio():
    measured = {
        'abm': [curve(0, [0.5, 1.0, 1.0]), curve(1, [1.0, 1.0]), curve(2, [1.0, 1.0])],
        'sac-her from 100': [curve(s, [0.0, 1.0, 1.0], every=2000) for s in range(3)],
        'sac-her from 1000': [curve(s, [1.0, 1.0, 1.0], every=3000) for s in range(3)],
        'abm-no-a': [curve(s, [0.0, 0.1]) for s in range(3)]}
    figures = gather(measured, 'sac-her', 0.95)
    assert set(figures['agents']) == {'abm', 'sac-her', 'abm-no-a'}
    for agent in figures['agents'].values():
        assert {'steps_to_threshold', 'median', 'strict_median', 'curve'} <= set(agent)
    assert figures['agents']['abm']['steps_to_threshold'] == [100, 50, 50]
    assert figures['agents']['sac-her']['learning_starts'] == 1000
    assert figures['agents']['sac-her']['median'] == 3000
    assert figures['agents']['sac-her']['variants']['100']['median'] == 4000
    assert figures['ratio'] == 60.0
    assert figures['agents']['abm-no-a']['median'] is None


def test_there_is_no_ratio_to_what_was_never_learned():
    measured = {'abm': [curve(0, [1.0, 1.0])], 'sac-her from 100': [curve(0, [0.0, 0.1])],
                'sac-her from 1000': [curve(0, [0.0, 1.0])]}
    assert gather(measured, 'sac-her', 0.95)['ratio'] is None
    assert gather({'abm': measured['abm']}, 'none', 0.95) == {
        'agents': {'abm': summarise(measured['abm'], 0.95)}}


def test_jobs_of_all_agents_are_made_seed_by_seed():
    todo = jobs.jobs(parse('--seeds', '2', '--seed-offset', '7', '--steps', '150'),
                      'gym:PandaReach-v3', ['no-a', 'passive'])
    groups = [(job.group, job.arguments[0].seed) for job in todo]
    assert groups == [(name, seed) for name in (
        'abm', 'sac-her from 100', 'sac-her from 1000', 'abm-no-a', 'abm-passive', 'passive')
        for seed in (7, 8)]
    trials = {job.group: job.arguments[0] for job in todo}
    assert trials['abm'].points == (*range(10, 101, 10), 125, 150)
    assert trials['sac-her from 100'].points[:2] == (500, 1000)
    assert trials['passive'].points == (100, 150)
    assert trials['abm-no-a'].ablation == 'no-a'
    # What config/phi.yaml sets in mode task.
    objective = trials['abm'].objective
    assert (objective.exploration, objective.goal_weight) == (0.05, 1.0)


@pytest.mark.parametrize(('words', 'text'), [
    (['--seeds', '0'], '--seeds 0: expected at least 1'),
    (['--steps', '-1'], '--steps -1'), (['--eval-episodes', '0'], '--eval-episodes 0'),
    (['--every', '0'], '--every 0'), (['--jobs', '0'], '--jobs 0'),
    (['--threshold', '0'], '--threshold 0'), (['--threshold', '1.5'], '--threshold 1.5'),
    (['--threshold', 'nan'], '--threshold nan'), (['--exploration', '2'], '--exploration 2'),
    (['--seed-offset', '-1'], '--seed-offset -1'), (['--baseline', 'ppo'], "--baseline 'ppo'"),
    (['--ablate', 'no-a,no-b'], "unknown ablation 'no-b', expected some of no-a")])
def test_bad_options_are_refused_by_name(words, text):
    with pytest.raises(ConfigError, match=text):
        command.run(parse(*words))


def test_a_file_that_cannot_be_written_is_refused_before_anything_is_measured(tmp_path):
    assert command.picture_beside(tmp_path / 'new' / 'a.json') == tmp_path / 'new' / 'a.png'
    assert list((tmp_path / 'new').iterdir()) == []
    with pytest.raises(ConfigError, match='expected another one'):
        command.picture_beside(tmp_path / 'a.png')
    (tmp_path / 'file').write_text('')
    with pytest.raises(ConfigError, match='cannot be written'):
        command.picture_beside(tmp_path / 'file' / 'a.json')


def test_a_bare_id_is_gymnasiums_and_a_wrong_body_is_refused():
    assert command.body_name('PandaReach-v3') == 'gym:PandaReach-v3'
    assert command.body_name('bullet:reach') == 'bullet:reach'
    with pytest.raises(BodyError, match='expected bullet:reach'):
        command.run(argparse.Namespace(**{**vars(parse()), 'env': 'mujoco:Ant'}))


def test_another_arm_is_for_bullet_alone_and_reaches_every_life():
    with pytest.raises(ConfigError, match='expected --env bullet:'):
        command.run(parse('--urdf', 'arm.urdf', '--baseline', 'none'))
    todo = jobs.jobs(parse('--urdf', 'arm.urdf'), 'bullet:reach', ['no-a', 'passive'])
    made = [job.arguments[0].body(lambda *made: made, 3, ends_at_success=False) for job in todo]
    assert made == [('bullet:reach', {
        'seed': 3, 'ends_at_success': False, 'urdf': 'arm.urdf'})] * len(todo)


def test_a_missing_arm_is_one_line(capfd):
    pytest.importorskip('pybullet')
    assert main(['bench', 'learn', '--env', 'bullet:reach', '--baseline', 'none', '--urdf',
                 'no_such.urdf']) == 2
    lines = capfd.readouterr().err.strip().splitlines()
    assert [line for line in lines if not line.startswith('pybullet')] == lines[-1:]
    assert "cannot read the URDF 'no_such.urdf'" in lines[-1]


def test_a_baseline_needs_a_gymnasium_environment():
    pytest.importorskip('stable_baselines3')
    with pytest.raises(ConfigError, match='--baseline none'):
        command.run(argparse.Namespace(**{**vars(parse()), 'env': 'bullet:reach'}))


@pytest.mark.parametrize(('missing', 'words'), [
    ('stable_baselines3', ['--baseline', 'sac-her']),
    ('sb3_contrib', ['--baseline', 'tqc-her']),
    ('matplotlib', ['--baseline', 'none', '--json', 'x.json'])])
def test_a_missing_package_is_named_before_anything_is_measured(missing, words, monkeypatch,
                                                                capsys):
    monkeypatch.setitem(sys.modules, missing, None)     # makes its import fail
    monkeypatch.setattr(command, 'work', lambda *_: pytest.fail('it went on'))
    assert main(['bench', 'learn', '--env', 'PandaReach-v3', *words]) == 2
    line = capsys.readouterr().err
    assert missing in line
    assert "pip install 'abm_ros[bench]'" in line
    assert line.count('\n') == 1


def test_the_band_is_least_median_and_greatest_and_goes_on_at_the_last_value():
    curves = [{'steps': [10, 20], 'native': [0.0, 1.0]},
              {'steps': [10, 20, 30], 'native': [0.2, 0.4, 0.6]},
              {'steps': [10, 20, 30], 'native': [0.1, 0.9, 0.8]}]
    steps, rows = plot.band(curves, 'native')
    assert steps.tolist() == [10, 20, 30]
    assert rows.tolist() == [[0.0, 0.4, 0.6], [0.1, 0.9, 0.8], [0.2, 1.0, 1.0]]


def test_the_picture_is_drawn(tmp_path):
    image = pytest.importorskip('matplotlib.image')
    measured = {'abm': [curve(0, [0.5, 1.0, 1.0]), curve(1, [0.2, 0.9, 0.9])]}
    figures = {'env': 'x', 'threshold': 0.95, 'settings': {'eval_episodes': 5, 'seeds': [0, 1]},
               **gather(measured, 'none', 0.95)}
    plot.draw(figures, tmp_path / 'new' / 'x.png')
    pixels = image.imread(tmp_path / 'new' / 'x.png')
    assert pixels.shape[0] > 400
    assert pixels[..., :3].std() > 0.05


def test_reading_the_options_loads_no_torch_and_no_simulator():
    text = ('import sys, abm_ros.bench.learn.command; '
            "sys.exit(bool({'torch', 'gymnasium', 'matplotlib', 'rclpy'} & set(sys.modules)))")
    assert subprocess.run([sys.executable, '-c', text], timeout=60).returncode == 0


def test_an_unknown_environment_is_one_line(capfd):
    pytest.importorskip('gymnasium')
    assert main(['bench', 'learn', '--env', 'NoSuch-v3', '--baseline', 'none']) == 2
    lines = capfd.readouterr().err.strip().splitlines()
    assert lines == [line for line in lines if line.startswith("error: unknown environment "
                                                               "'NoSuch-v3'")]


@pytest.mark.slow
def test_a_whole_run_on_panda_reach(tmp_path, capsys):
    for module in ('panda_gym', 'stable_baselines3', 'matplotlib'):
        pytest.importorskip(module)
    file = tmp_path / 'learn.json'
    assert main(['bench', 'learn', '--env', 'PandaReach-v3', '--seeds', '1', '--steps', '28',
                 '--every', '14', '--baseline-steps', '40', '--baseline-every', '20',
                 '--eval-episodes', '2', '--jobs', '1', '--json', str(file)]) == 0
    figures = json.loads(file.read_text())
    assert {'env', 'threshold', 'agents', 'ratio', 'wall_s'} <= set(figures)
    assert figures['env'] == 'PandaReach-v3'
    assert set(figures['agents']) == {'abm', 'sac-her'}
    assert figures['agents']['abm']['curve'][0]['steps'] == [14, 28]
    assert figures['agents']['sac-her']['curve'][0]['steps'] == [20, 40]
    for agent in figures['agents'].values():
        assert len(agent['steps_to_threshold']) == 1
        assert all(0.0 <= share <= 1.0 for share in agent['curve'][0]['strict'])
    assert file.with_suffix('.png').stat().st_size > 10_000
    printed = capsys.readouterr().out
    assert 'native' in printed
    assert 'sac-her' in printed


def test_a_body_of_another_package_is_learned(tmp_path, monkeypatch):
    add_point_package(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    file = tmp_path / 'learn.json'
    assert main(['bench', 'learn', '--env', 'point:0.25', '--baseline', 'none', '--seeds', '1',
                 '--steps', '40', '--every', '40', '--eval-episodes', '2', '--jobs', '1',
                 '--json', str(file)]) == 0
    figures = json.loads(file.read_text())
    assert figures['agents']['abm']['curve'][0]['steps'] == [40]
