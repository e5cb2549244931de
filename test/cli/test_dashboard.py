"""`abm dashboard` refuses in one line what Qt would abort on."""

import pytest

pytest.importorskip('rclpy')
try:
    from PySide6 import QtWidgets  # noqa: F401  (asked for)
except ImportError as error:     # also where a library of the system is missing
    pytest.skip(f"no Qt ({error}): pip install 'abm_ros[dashboard]', apt install libegl1",
                allow_module_level=True)

from abm_ros.cli.main import main

SCREENS = ('DISPLAY', 'WAYLAND_DISPLAY', 'QT_QPA_PLATFORM')


@pytest.mark.parametrize(('words', 'says'), [
    ([], 'there is no screen'), (['--size', '10'], '--size: expected WIDTHxHEIGHT'),
    (['--size', '0x9'], '--size'), (['--namespace', 'a b'], 'namespace')])
def test_it_refuses_in_one_line(words, says, monkeypatch, capsys) -> None:
    for name in SCREENS:
        monkeypatch.delenv(name, raising=False)
    assert main(['dashboard', *words]) == 2
    said = capsys.readouterr().err
    assert said.startswith('error: ')
    assert says in said
    assert said.count('\n') == 1


@pytest.mark.parametrize('platform', ['', 'nowhere'])
def test_a_screen_that_qt_cannot_use_is_refused_in_one_line(platform, monkeypatch, capsys) -> None:
    """No X server answers at this address, and there is no such platform: Qt aborts for either."""
    for name in SCREENS:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv('DISPLAY', ':987')
    if platform:
        monkeypatch.setenv('QT_QPA_PLATFORM', platform)
    assert main(['dashboard']) == 2
    said = capsys.readouterr().err
    assert said.startswith('error: Qt cannot open a window here (')
    assert said.count('\n') == 1
