"""`abm dashboard`: the window of System M by itself, where there is no rqt."""

import argparse
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

from abm_ros.common.errors import ConfigError
from abm_ros.common.names import check_namespace

_SHOT_MS = 6000


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument('--namespace', default='', help='prefix of all names')
    parser.add_argument('--theme', default='system', choices=('system', 'light', 'dark'),
                        help='colours (%(default)s)')
    parser.add_argument('--size', default='', metavar='WxH', help='of the window, e.g. 1280x800')
    parser.add_argument('--screenshot', type=Path, metavar='FILE',
                        help='after a few seconds, write a picture of the window and end')


def run(arguments: argparse.Namespace) -> int:
    """Show the window until it is closed."""
    os.environ.setdefault('ROS_AUTOMATIC_DISCOVERY_RANGE', 'LOCALHOST')
    namespace, size = check_namespace(arguments.namespace), _size(arguments.size)
    _choose_platform(arguments.screenshot is not None)
    # Not at the top: the ROS wheels restart Python once to set their library path.
    from abm_ros.rqt.qt import BINDING, QtCore, QtWidgets
    from abm_ros.rqt.window import SystemMWindow, sources
    if arguments.screenshot is None:
        _try_platform(BINDING)
    application = QtWidgets.QApplication(sys.argv[:1])
    _choose_theme(application, arguments.theme)
    settings = QtCore.QSettings('abm_ros', 'dashboard')
    window = SystemMWindow(sources(namespace))
    window.resize(*(size or (1280, 820)))
    if not size and (kept := settings.value('geometry')) is not None:
        window.restoreGeometry(kept)
    signal.signal(signal.SIGINT, lambda *_: application.quit())
    window.show()
    if arguments.screenshot is not None:
        QtCore.QTimer.singleShot(
            _SHOT_MS, lambda: _shoot(window, arguments.screenshot, application))
    application.exec()
    if arguments.screenshot is None:
        settings.setValue('geometry', window.saveGeometry())
    window.close_sources()
    return 0


def _shoot(window: Any, file: Path, application: Any) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    window.grab().save(str(file))
    application.quit()


def _choose_platform(unseen: bool) -> None:
    """
    Draw into memory if nobody is to see the window.

    :raises ConfigError: somebody is to see it, and there is no screen.
    """
    if unseen:
        os.environ.setdefault('QT_QPA_PLATFORM', 'offscreen')
        # It warns for each window that it cannot tell anybody its size.
        os.environ.setdefault('QT_LOGGING_RULES', 'default.warning=false')
    elif sys.platform == 'linux' and not any(
            map(os.environ.get, ('DISPLAY', 'WAYLAND_DISPLAY', 'QT_QPA_PLATFORM'))):
        raise ConfigError('there is no screen: DISPLAY and WAYLAND_DISPLAY are unset; log in with '
                          '`ssh -X`, or write a picture by --screenshot FILE')


def _try_platform(binding: str) -> None:
    """
    Let another process try whether Qt can draw here.

    :raises ConfigError: it cannot; Qt would abort this process, with a core dump.
    """
    tried = subprocess.run(
        [sys.executable, '-c', f'from {binding}.QtWidgets import QApplication; QApplication([])'],
        capture_output=True, text=True, check=False)
    if tried.returncode:
        lines = [line for line in tried.stderr.splitlines() if line.strip()]
        raise ConfigError(
            f'Qt cannot open a window here ({lines[0] if lines else tried.returncode}): see that '
            'DISPLAY is right; what Qt needs beside it is brought on Debian and Ubuntu by '
            '`apt install libxcb-cursor0 libxcb-icccm4 libxcb-image0 libxcb-keysyms1 '
            'libxcb-render-util0 libxcb-xkb1 libxkbcommon-x11-0`; --screenshot FILE needs no '
            'screen')


def _choose_theme(application: Any, name: str) -> None:
    from abm_ros.rqt.theme import DARK, LIGHT, palette
    if name != 'system':
        application.setStyle('Fusion')
        application.setPalette(palette(DARK if name == 'dark' else LIGHT))


def _size(text: str) -> tuple[int, int] | None:
    if not text:
        return None
    width, _, height = text.partition('x')
    if not (width.isdecimal() and height.isdecimal() and int(width) and int(height)):
        raise ConfigError(f'--size: expected WIDTHxHEIGHT in pixels, e.g. 1280x800, got {text!r}')
    return int(width), int(height)
