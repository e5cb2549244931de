"""The layouts for other tools name what there is: topics, plugins and nodes."""

import ast
import json
import re
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
import yaml

from abm_ros.common import names
from abm_ros.meta.signals.entry import signal_names

ROOT = Path(__file__).resolve().parents[2]
CONFIG = ROOT / 'config'
TOPICS = {value for name, value in vars(names).items()
          if name.isupper() and isinstance(value, str)}
SIGNALS = {f'{names.SIGNAL_PREFIX}{name}' for name in signal_names()}


def test_plotjuggler_draws_signals_that_there_are() -> None:
    layout = ET.parse(CONFIG / 'plotjuggler.xml')
    curves = [str(curve.get('name')) for curve in layout.iter('curve')]
    assert len(curves) > 5
    assert {curve.strip('/').removesuffix('/data') for curve in curves} <= SIGNALS


def test_foxglove_shows_topics_that_there_are() -> None:
    text = (CONFIG / 'foxglove.json').read_text(encoding='utf-8')
    shown = json.loads(text)['configById']
    paths = {path['value'].strip('/').removesuffix('.data')
             for panel in shown.values() for path in panel.get('paths', ())}
    assert paths
    assert paths <= SIGNALS
    topics = {str(panel[key]).strip('/') for panel in shown.values()
              for key in ('topicPath', 'topicToRender') if key in panel}
    assert topics <= TOPICS


def test_the_perspective_runs_our_plugin_and_plots_signals() -> None:
    perspective = json.loads((CONFIG / 'system_m.perspective').read_text(encoding='utf-8'))
    manager = perspective['groups']['pluginmanager']
    plugins = ast.literal_eval(manager['keys']['running-plugins']['repr'])
    package, _, name = next(iter(plugins)).partition('/')
    assert package == 'abm_ros'
    assert ET.parse(ROOT / 'plugin.xml').find(f"class[@name='{name}']") is not None
    text = json.dumps(perspective)
    assert set(re.findall(r'system_m/signal/\w+', text)) <= SIGNALS


@pytest.mark.parametrize('name', ['robot.rviz'])
def test_rviz_shows_topics_that_there_are(name) -> None:
    layout = yaml.safe_load((CONFIG / name).read_text(encoding='utf-8'))['Visualization Manager']
    found = {str(part[key]['Value']) for part in layout['Displays'] + layout['Tools']
             for key in ('Topic', 'Description Topic') if key in part}
    assert names.GOAL in found
    assert found <= TOPICS
    assert layout['Global Options']['Fixed Frame'] == names.BODY_FRAME


def test_each_node_has_a_place_in_the_aggregator() -> None:
    table = yaml.safe_load((CONFIG / 'diagnostics.yaml').read_text(encoding='utf-8'))
    analyzers = [value for value in table['/**']['ros__parameters'].values()
                 if isinstance(value, dict)]
    prefixes = [prefix for analyzer in analyzers for prefix in analyzer['startswith']]
    for node in (*names.WIRED_NODES, names.SYSTEM_M):
        assert sum(f'abm_ros: {node}'.startswith(prefix) for prefix in prefixes) == 1, node
