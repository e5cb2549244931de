"""Colours and sizes of the window, light or dark as the desktop is."""

from dataclasses import dataclass
from typing import Any

from abm_ros.rqt.qt import QtGui, QtWidgets


@dataclass(frozen=True)
class Theme:
    """The colours in use, as '#rrggbb'."""

    ground: str
    card: str
    border: str
    text: str
    muted: str
    faint: str
    accent: str
    good: str
    warning: str
    bad: str


LIGHT = Theme('#eef0f4', '#ffffff', '#d9dde4', '#1b2330', '#667180', '#c3c9d2', '#2563eb',
              '#1d9a5b', '#b7791f', '#d13438')
DARK = Theme('#14171c', '#1d2229', '#323a46', '#e7eaef', '#939eac', '#47505d', '#6ea8fe',
             '#4cc38a', '#e0b252', '#ff6b6b')


def current() -> Theme:
    """Return the theme that fits the application's palette; a widget's own is our style's."""
    ground = QtWidgets.QApplication.palette().color(QtGui.QPalette.ColorRole.Window)
    return DARK if ground.lightness() < 128 else LIGHT


def palette(theme: Theme) -> Any:
    """Return a palette with which a whole application looks like the theme."""
    made = QtGui.QPalette()
    role = QtGui.QPalette.ColorRole
    for name, colour in ((role.Window, theme.ground), (role.WindowText, theme.text),
                         (role.Base, theme.card), (role.AlternateBase, theme.ground),
                         (role.Text, theme.text), (role.Button, theme.card),
                         (role.ButtonText, theme.text), (role.ToolTipBase, theme.card),
                         (role.ToolTipText, theme.text), (role.Highlight, theme.accent),
                         (role.PlaceholderText, theme.muted)):
        made.setColor(name, QtGui.QColor(colour))
    made.setColor(QtGui.QPalette.ColorGroup.Disabled, role.ButtonText,
                  QtGui.QColor(theme.faint))
    made.setColor(QtGui.QPalette.ColorGroup.Disabled, role.Text, QtGui.QColor(theme.faint))
    return made


def style(theme: Theme) -> str:
    """Return the style sheet of the window; its names keep it from other widgets of rqt."""
    return f"""
    #abm_window, #abm_page {{ background: {theme.ground}; }}
    #abm_card {{ background: {theme.card}; border: 1px solid {theme.border};
                 border-radius: 8px; }}
    #abm_window QLabel {{ color: {theme.text}; background: transparent; border: none; }}
    #abm_window QLabel#abm_title {{ color: {theme.muted}; font-weight: 600; }}
    #abm_window QLabel#abm_muted {{ color: {theme.muted}; }}
    #abm_window QLabel#abm_warning {{ color: #ffffff; background: {_solid_warning(theme)};
                 border-radius: 6px; font-weight: 600; }}
    #abm_window QPushButton {{ color: {theme.text}; background: {theme.ground};
                 border: 1px solid {theme.border}; border-radius: 6px; padding: 5px 12px; }}
    #abm_window QPushButton:hover {{ border-color: {theme.accent}; }}
    #abm_window QPushButton:focus {{ border: 1px solid {theme.accent}; }}
    #abm_window QPushButton:disabled {{ color: {theme.faint}; }}
    #abm_window QPushButton#abm_hold {{ color: #ffffff; background: #c92f34;
                 border: 1px solid #c92f34; font-weight: 700; padding: 7px 12px; }}
    #abm_window QPushButton#abm_hold:hover {{ background: #a82329; }}
    #abm_window QPushButton#abm_confirm {{ color: #ffffff; background: {_solid_accent(theme)};
                 border: 1px solid {_solid_accent(theme)}; font-weight: 600; }}
    #abm_window QPlainTextEdit {{ color: {theme.text}; background: {theme.card};
                 border: none; selection-background-color: {theme.accent}; }}
    #abm_window QScrollArea {{ background: {theme.ground}; border: none; }}
    """


def _solid_accent(_: Theme) -> str:
    return '#2563eb'    # white text stays readable on it, light or dark


def _solid_warning(_: Theme) -> str:
    return '#b45309'


class Card(QtWidgets.QFrame):
    """A panel with a title."""

    def __init__(self, title: str, content: Any = None) -> None:
        super().__init__()
        self.setObjectName('abm_card')
        self.box = QtWidgets.QVBoxLayout(self)
        self.box.setContentsMargins(12, 9, 12, 10)
        self.box.setSpacing(6)
        label = QtWidgets.QLabel(title)
        label.setObjectName('abm_title')
        self.box.addWidget(label)
        if content is not None:
            self.box.addWidget(content, 1)
