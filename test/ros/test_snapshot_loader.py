"""Snapshots are opened off the control path; the newest one counts."""

import threading
from dataclasses import replace

import pytest

pytest.importorskip('rclpy')

from abm_ros.common.errors import SnapshotError
from abm_ros.common.snapshot import Snapshot
from abm_ros.common.spec import FieldSpec, ObservationSpec
from abm_ros.ros.codec import encode_bytes
from abm_ros.ros.snapshot_loader import SnapshotLoader

SPEC = ObservationSpec((FieldSpec('q', 2),), 'q', 0.1, 1, 0.05, 10)
FIRST = Snapshot('system_a', 1, 'a' * 16, SPEC, {}, {}, {})


def message(version: int):
    return encode_bytes(replace(FIRST, version=version).to_bytes(), {})


def finish(opener) -> None:
    opener._thread.join(5.0)
    assert not opener._thread.is_alive()


def test_opened_once_and_handed_out_once(node) -> None:
    opener = SnapshotLoader(node, lambda snapshot: snapshot.version)
    assert opener.opened() is None
    opener.take(message(1), wait=True)
    assert opener.opened() == 1
    assert opener.opened() is None


def test_what_was_overtaken_while_another_was_opened_is_never_opened(node) -> None:
    seen, busy, go_on = [], threading.Event(), threading.Event()

    def slow(snapshot):
        seen.append(snapshot.version)
        busy.set()
        go_on.wait(5.0)
        return snapshot.version

    opener = SnapshotLoader(node, slow)
    opener.take(message(1), wait=False)
    assert busy.wait(5.0)
    opener.take(message(2), wait=False)
    opener.take(message(3), wait=False)
    assert opener.opened() is None      # the caller did not wait
    go_on.set()
    finish(opener)
    assert seen == [1, 3]
    assert opener.opened() == 3


def test_what_cannot_be_used_yet_is_opened_again_when_it_can(node) -> None:
    ready = []
    opener = SnapshotLoader(node, lambda snapshot: snapshot.version if ready else None)
    opener.take(message(4), wait=True)
    assert opener.opened() is None
    ready.append(True)
    opener.reopen()
    assert opener.opened() == 4


def test_a_damaged_snapshot_is_refused_and_the_last_good_one_stays(node) -> None:
    opener = SnapshotLoader(node, lambda snapshot: snapshot.version)
    damaged = encode_bytes(FIRST.to_bytes()[:-1] + b'x' * 40, {})
    opener.take(message(1), wait=True)
    with pytest.raises(SnapshotError):
        opener.take(damaged, wait=True)
    opener.take(damaged, wait=False)
    finish(opener)
    assert node.refused == 1
    assert opener.newest is not None
    assert opener.newest.version == 1
    assert opener.opened() == 1


def test_what_was_opened_for_another_spec_is_not_handed_out(node) -> None:
    """Another graph in the namespace: its spec comes, and what was opened before fits no more."""
    fits = [True]

    def open_for_spec(snapshot):
        if not fits[0]:
            raise SnapshotError('another spec')
        return snapshot.version

    opener = SnapshotLoader(node, open_for_spec)
    opener.take(message(1), wait=True)
    fits[0] = False
    with pytest.raises(SnapshotError):
        opener.reopen()
    assert opener.opened() is None
