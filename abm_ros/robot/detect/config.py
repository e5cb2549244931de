"""Settings of the detectors."""

from dataclasses import dataclass

from abm_ros.common.config import check, setting


@dataclass(frozen=True)
class DetectorConfig:
    """Settings of the detectors."""

    detectors: tuple[str, ...] = setting(
        ('marker', 'looming'), 'What looks at camera images; other packages add to these by entry '
        'points.')
    detector_period_s: float = setting(
        0.05, 'Least time between two images that the detectors look at.', unit='s',
        low=0.0, high=10.0)
    detector_gap_s: float = setting(
        0.5, 'Two images further apart are not compared; findings older than this, with no image '
        'since, are told no more.',
        unit='s', low=0.01, high=10.0)
    marker_dictionary: str = setting(
        'DICT_4X4_50', "OpenCV's name of the ArUco dictionary of pointing markers.",
        choices=('DICT_4X4_50', 'DICT_5X5_50', 'DICT_6X6_50', 'DICT_ARUCO_ORIGINAL'))
    looming_pixels: int = setting(
        96, 'Larger side to which an image is scaled before its expansion is measured.',
        unit='pixel', low=16, high=512)
    looming_baseline_s: float = setting(
        0.15, 'Time over which an expansion is measured: longer sees slower things, later.',
        unit='s', low=0.0, high=10.0)
    looming_area: float = setting(
        0.02, 'Least share of the image that a looming thing covers.', low=0.001, high=1.0)
    force_hold_s: float = setting(
        0.25, 'How long the largest effort is held, so that telemetry misses no impact.',
        unit='s', low=0.0, high=10.0)
    effort_timeout_s: float = setting(
        1.0, 'Efforts older than this, with none since, are told no more.',
        unit='s', low=0.05, high=60.0)

    def __post_init__(self) -> None:
        check(self)
