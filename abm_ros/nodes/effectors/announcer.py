"""Publishes the mode in force, the self-report and the last decision."""

from collections.abc import Callable, Mapping
from typing import Any

from abm_ros.meta.self_report import Told
from abm_ros.meta.told_decision import DecisionTeller


class Announcer:
    """Publishes the mode, self-reports that changed, and decisions that are due."""

    def __init__(self, publish_mode: Callable[[str], None],
                 publish_report: Callable[[str], None],
                 publish_decision: Callable[[str], None]) -> None:
        self.mode = publish_mode
        self._publish_report = publish_report
        self._publish_decision = publish_decision
        self._told = Told()
        self._decisions = DecisionTeller()

    def report(self, text: str, now_s: float) -> None:
        """Publish a report at once, unless it equals the last one."""
        if self._told.news(text, now_s):
            self._publish_report(text)

    def is_due(self, now_s: float) -> bool:
        """Tell whether a report within a mode may be published now."""
        return self._told.may(now_s)

    def decision(self, told: Mapping[str, Any], now_s: float) -> None:
        """Publish a decision if it is due."""
        if text := self._decisions.due(told, now_s):
            self._publish_decision(text)
