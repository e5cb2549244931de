"""Qt, of the binding that rqt has loaded; by itself PySide6, or what python_qt_binding finds."""

import importlib
import sys
from typing import Any

from abm_ros.common.errors import ConfigError


def _binding() -> str:
    """Return the name of the package whose QtCore, QtGui and QtWidgets are used."""
    if 'python_qt_binding' in sys.modules:     # two Qt in one process crash
        return 'python_qt_binding'
    problems = []
    for name in ('PySide6', 'python_qt_binding'):
        try:
            importlib.import_module(f'{name}.QtWidgets')
            return name
        except ImportError as error:
            problems.append(f'{name}: {error}')
    raise ConfigError(f'the window needs Qt, and none can be loaded ({"; ".join(problems)}): '
                      "pip install 'abm_ros[dashboard]', or apt install python3-pyside6 or "
                      'ros-<distribution>-python-qt-binding')


BINDING = _binding()
QtCore: Any = importlib.import_module(f'{BINDING}.QtCore')
QtGui: Any = importlib.import_module(f'{BINDING}.QtGui')
QtWidgets: Any = importlib.import_module(f'{BINDING}.QtWidgets')

_CALLS = 200


def _drops_none() -> bool:
    """Tell whether calls that return nothing take references from None."""
    probe, before = QtCore.QObject(), sys.getrefcount(None)
    for _ in range(_CALLS):
        probe.setObjectName('probe')
    return sys.getrefcount(None) < before - _CALLS // 2


if _drops_none():
    raise ConfigError(f'this {BINDING} takes references from None, so Python would abort after a '
                      "minute (PySide6 6.12.0 under Python 3.11 does): pip install 'PySide6-"
                      "Essentials<6.12'")
