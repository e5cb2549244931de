"""`abm dashboard` refuses in one line what Qt would abort on."""

import pytest

pytest.importorskip('rclpy')
pytest.importorskip('PySide6.QtWidgets',
                    reason="no Qt: pip install 'abm_ros[dashboard]', apt install libegl1")

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
