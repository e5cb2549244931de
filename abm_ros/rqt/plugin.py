"""The rqt plugin; rqt loads it by `plugin.xml`."""

from typing import Any

from rqt_gui_py.plugin import Plugin

from abm_ros.common.errors import ConfigError
from abm_ros.rqt.qt import QtWidgets
from abm_ros.rqt.window import SystemMWindow, sources


class SystemMPlugin(Plugin):
    """Shows System M in a dock of rqt; its namespace is a setting that rqt remembers."""

    def __init__(self, context: Any) -> None:
        super().__init__(context)
        self.setObjectName('SystemM')
        self._namespace = context.node.get_namespace().strip('/')
        self._holder = QtWidgets.QWidget()
        self._holder.setObjectName('SystemMPlugin')
        self._holder.setWindowTitle('System M' + (
            f' ({context.serial_number()})' if context.serial_number() > 1 else ''))
        box = QtWidgets.QVBoxLayout(self._holder)
        box.setContentsMargins(0, 0, 0, 0)
        self._window = self._show(self._namespace)
        context.add_widget(self._holder)

    def _show(self, namespace: str) -> SystemMWindow:
        made = SystemMWindow(sources(namespace))
        self._holder.layout().addWidget(made)
        return made

    def save_settings(self, _: Any, instance_settings: Any) -> None:
        """Let rqt remember the namespace."""
        instance_settings.set_value('namespace', self._namespace)

    def restore_settings(self, _: Any, instance_settings: Any) -> None:
        """Go to the namespace of the last time."""
        self._go_to(str(instance_settings.value('namespace', self._namespace) or ''))

    def trigger_configuration(self) -> None:
        """Ask for the namespace."""
        text, given = QtWidgets.QInputDialog.getText(
            self._holder, 'System M', 'Namespace of the graph:', text=self._namespace)
        if given:
            self._go_to(text)

    def _go_to(self, namespace: str) -> None:
        if namespace == self._namespace:
            return
        try:
            given = sources(namespace)
        except ConfigError as error:
            QtWidgets.QMessageBox.warning(self._holder, 'System M', str(error))
            return
        self._window.close_sources()
        self._window.deleteLater()
        self._namespace = namespace.strip('/')
        self._window = SystemMWindow(given)
        self._holder.layout().addWidget(self._window)

    def shutdown_plugin(self) -> None:
        """Let go of topics and clients."""
        self._window.close_sources()
