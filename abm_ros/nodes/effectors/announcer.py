"""Publishes the mode in force and the self-report."""

from collections.abc import Callable

from abm_ros.meta.self_report import Told


class Announcer:
    """Publishes the mode, and self-reports that changed."""

    def __init__(self, publish_mode: Callable[[str], None],
                 publish_report: Callable[[str], None]) -> None:
        self.mode = publish_mode
        self._publish_report = publish_report
        self._told = Told()

    def report(self, text: str, now_s: float) -> None:
        """Publish a report at once, unless it equals the last one."""
        if self._told.news(text, now_s):
            self._publish_report(text)

    def is_due(self, now_s: float) -> bool:
        """Tell whether a report within a mode may be published now."""
        return self._told.may(now_s)
