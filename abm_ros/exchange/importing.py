"""Sources of `abm memory import`: our exports in both formats, and bags of other robots."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import chain
from pathlib import Path
from typing import Any

from abm_ros.common.errors import StoreError
from abm_ros.common.spec import ObservationSpec
from abm_ros.common.transition import Step
from abm_ros.exchange import bag_import, lerobot_import, mcap_import, rosbag2
from abm_ros.exchange.bag_options import BagOptions
from abm_ros.memory.record.store import Store


@dataclass
class Source:
    """Where steps come from; `make` takes the spec and the first free episode number."""

    own_spec: ObservationSpec
    is_export: bool
    make: Callable[[ObservationSpec, int], Iterator[Step]]
    asked: Mapping[str, float] = field(default_factory=dict)   # of a bag's spec
    chosen: ObservationSpec | None = None

    def spec_for(self, memory: Path) -> ObservationSpec:
        """
        Return the spec to open the record with: the record's own for a bag of another robot.

        :raises StoreError: the record cannot be read, or differs from what was asked for.
        """
        self.chosen = self.own_spec
        if not self.is_export and memory.exists():
            with Store.read(memory) as reader:
                self.chosen = reader.spec
            for name, wanted in {'goal_field': self.own_spec.goal_field, **self.asked}.items():
                if (stored := getattr(self.chosen, name)) != wanted:
                    raise StoreError(f'{memory}: its {name} is {stored}, the bag or the options '
                                     f'make it {wanted}; leave the option out or choose another '
                                     'file')
        return self.chosen

    def steps(self, first_episode: int) -> Iterator[Step]:
        """Iterate over the steps, with episode numbers from this one on."""
        spec = self.chosen or self.own_spec
        if not self.is_export:
            yield from self.make(spec, first_episode)
            return
        shift: int | None = None
        for step in self.make(spec, first_episode):
            if shift is None:
                # In an empty record they keep their numbers.
                shift = max(0, first_episode - step.episode) if first_episode else 0
            yield step if not shift else replace(step, episode=step.episode + shift)


def read_source(path: Path, options: Any) -> Source:
    """
    Recognise the source of an import.

    :param options: has the attributes joints, urdf, tool_link, joint_topic, command_topic,
        interface, period and tolerance, for bags of other robots.
    :raises StoreError: it cannot be imported.
    """
    if not path.exists():
        raise StoreError(f'{path}: no such file; expected a bag (.mcap) or a folder')
    if path.is_dir() and not rosbag2.is_bag(path):
        return Source(lerobot_import.spec_of(path), True,
                      lambda spec, _: lerobot_import.steps_of(path, spec))
    files = rosbag2.files_of(path)
    own = mcap_import.spec_of(files[0])
    if own is not None:
        return Source(own, True, lambda spec, _: chain.from_iterable(
            mcap_import.steps_of(file, spec) for file in files))
    asked = {key: value for key, value in (('control_period_s', options.period),
                                           ('goal_tolerance', options.tolerance))
             if value is not None}
    settings = BagOptions(
        tuple(options.joints), _text(options.urdf), options.joint_topic, options.command_topic,
        options.interface, asked.get('control_period_s', BagOptions.period_s),
        asked.get('goal_tolerance', BagOptions.tolerance), options.tool_link)
    bag = bag_import.read_bag(files, settings)
    return Source(bag_import.spec_for(bag, settings), False,
                  lambda spec, first: bag_import.demonstrations(bag, spec, settings, first),
                  asked)


def _text(path: Path | None) -> str:
    if path is None:
        return ''
    try:
        return path.read_text(encoding='utf-8')
    except (OSError, UnicodeDecodeError) as error:
        raise StoreError(f'{path}: cannot be read as text: {error}') from error
