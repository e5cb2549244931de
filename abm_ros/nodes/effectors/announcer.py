"""What System M tells everybody: the mode in force, and its report of itself."""

from collections.abc import Callable

from abm_ros.meta.self_report import Told


class Announcer:
    """Publishes the mode, and reports that are news."""

    def __init__(self, publish_mode: Callable[[str], None],
                 publish_report: Callable[[str], None]) -> None:
        self.mode = publish_mode
        self._publish_report = publish_report
        self._told = Told()

    def report(self, text: str, now_s: float) -> None:
        """Tell a report at once, unless it is the one told last."""
        if self._told.news(text, now_s):
            self._publish_report(text)

    def is_due(self, now_s: float) -> bool:
        """Tell whether a report within a mode may be told now."""
        return self._told.may(now_s)
