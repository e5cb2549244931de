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
