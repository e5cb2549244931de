"""What the window shows against what was heard, under Qt without a screen."""

import os
import time
from types import SimpleNamespace

import pytest

pytest.importorskip('rclpy', reason='the operator client needs rclpy')
try:
    from PySide6 import QtCore, QtTest, QtWidgets
except ImportError as error:     # also where a library of the system is missing
    pytest.skip(f"no Qt ({error}): pip install 'abm_ros[dashboard]', apt install libegl1",
                allow_module_level=True)
os.environ.setdefault('QT_QPA_PLATFORM', 'offscreen')

from documents import ROOT
from shown_states import DECISION, PHI, SIGNALS, Asked, Clock, audit, tell

from abm_ros.meta.phi import load_phi
from abm_ros.rqt.audit_panel import line_of
from abm_ros.rqt.operator_desk import OperatorDesk
from abm_ros.rqt.pathways import Pathways, Topic, pathways
from abm_ros.rqt.seen import STALE_S, Seen
from abm_ros.rqt.signals_view import pieces
from abm_ros.rqt.theme import DARK, LIGHT, palette
from abm_ros.rqt.window import Sources, SystemMWindow
from abm_ros.rqt.wiring_view import DARK as SHUT_WIRE
from abm_ros.rqt.wiring_view import LIT, OPENED, SHUT, UNFIT, Wiring, status_text

PICTURES = ROOT / 'build' / 'screenshots'


@pytest.fixture(scope='module')
def application():
    made = QtWidgets.QApplication.instance() or QtWidgets.QApplication([])
    made.setStyle('Fusion')
    return made


@pytest.fixture
def shown(application):
    """A window over what we let be heard, with the operator's client noted."""
    clients = []

    def make(namespace):
        clients.append(Asked(namespace))
        return clients[-1]

    clock = Clock()
    seen, desk = Seen(clock, clock.wall), OperatorDesk('', make)
    made = SimpleNamespace(clock=clock, seen=seen, wiring=Wiring(), clients=clients)
    made.window = SystemMWindow(Sources(seen.view, lambda: made.wiring, desk, desk.close))
    made.window.show()
    yield made
    made.window.close_sources()
    made.window.deleteLater()


def answered(shown, count: int) -> str:
    """Wait until so many questions were answered; return what is shown of them."""
    deadline_s = time.monotonic() + 10.0
    while shown.window.operator.replies.text().count('\n') + 1 < count or (
            not shown.window.operator.replies.text()):
        assert time.monotonic() < deadline_s, 'no answer'
        shown.window.refresh()
        time.sleep(0.005)
    return shown.window.operator.replies.text()


def test_before_anything_is_heard_it_says_so(shown) -> None:
    assert shown.window.mode.warning.text() == 'Waiting for System M'
    assert shown.window.mode.warning.isVisible()
    assert not shown.window.signals.rows


def test_it_shows_what_was_published(shown) -> None:
    audit(shown.seen, 7, 'mode', 'task -> play: drive 2.06 beats task 0.27',
          shown.clock.wall(), 'play')
    for _ in range(5):
        tell(shown.seen)
        shown.clock.now_s += 1.0
    shown.window.refresh()
    window, view = shown.window, shown.seen.view()
    assert window.mode.pill.text() == 'play'
    assert window.mode.since.text() == 'for 4 s'
    assert window.mode.reason.text() == DECISION['reason']
    assert window.mode.state.text() == 'motors open'
    assert not window.mode.warning.isVisible()
    assert {row.name: row.value for row in window.signals.rows} == {
        name: f'{value:.2f}' for name, value in SIGNALS.items()}
    assert dict(window.drives.bars.rows) == DECISION['drives']
    assert window.drives.bars.to_beat == pytest.approx(0.74 + 0.1)
    assert 'imagine may not be: not built yet' in window.drives.reasons.text()
    assert window.audit.toPlainText() == line_of(view.records[0])
    assert window.mode.timeline.bands()[-1][0] == 'play'


def test_a_signal_past_its_threshold_is_marked_with_the_override_it_begins(shown) -> None:
    tell(shown.seen, mode='freeze', signals=SIGNALS | {'pain': 0.8, 'energy': 0.14})
    shown.window.refresh()
    trips = {row.name: row.trips.mode for row in shown.window.signals.rows if row.trips}
    assert trips == {'pain': 'freeze', 'energy': 'rest'}
    assert {row.name for row in shown.window.signals.rows[:2]} == {
        rule.signal for rule in load_phi(PHI).overrides}


def test_what_is_old_is_said_to_be_old_and_system_m_may_come_back(shown) -> None:
    tell(shown.seen)
    shown.clock.now_s += STALE_S + 65.0
    shown.window.refresh()
    assert shown.window.mode.warning.text().startswith('System M has not been heard for 1 min')
    assert shown.window.mode.state.text() == 'motors unknown'
    assert shown.window.operator.release.isEnabled()      # the motor gate may hold by itself
    tell(shown.seen, mode='task')
    shown.window.refresh()
    assert not shown.window.mode.warning.isVisible()
    assert shown.window.mode.pill.text() == 'task'
    assert len(pieces(shown.seen.view().series['energy'])) == 2     # the line has a gap


@pytest.mark.parametrize(('told', 'text'), [
    ({'fault': 'no joint states'}, 'Fault: no joint states'),
    ({'guards': {'actions': 'actions have collapsed'}}, 'Guard: actions have collapsed')])
def test_faults_and_guards_come_first(shown, told, text) -> None:
    tell(shown.seen, **told)
    shown.window.refresh()
    assert shown.window.mode.warning.text() == text


def test_beside_the_mode_stands_what_binds_it_and_what_system_m_warns_of(shown) -> None:
    tell(shown.seen, pinned='rest', vetoed=['rest'], forbidden={'rest': 'the operator vetoes it'})
    shown.seen.status('system_m', 1, 'play: the computer is slow')
    shown.window.refresh()
    assert shown.window.mode.state.text().split('  ·  ') == [
        'motors open', 'pinned to rest, but the operator vetoes it', 'vetoed: rest',
        'the computer is slow']


def test_the_audit_log_follows_what_comes_until_the_reader_scrolls(application, shown) -> None:
    log = shown.window.audit
    shown.window.resize(1280, 1400)
    tell(shown.seen)
    for seq in range(60):
        audit(shown.seen, seq, 'mode', 'play -> task', seq)
    shown.window.refresh()
    application.processEvents()
    shown.window.resize(1280, 820)            # less of it fits
    application.processEvents()
    bar = log.verticalScrollBar()
    assert 0 < bar.value() == bar.maximum()
    bar.setValue(2)
    audit(shown.seen, 60, 'mode', 'task -> play', 60)
    shown.window.refresh()
    assert bar.value() == 2


def test_pathways_are_drawn_as_the_graph_is() -> None:
    lit = pathways([Topic('latent', frozenset(['system_a']), frozenset(['system_b'])),
                    Topic('action', frozenset(['system_b']), frozenset(['motor_gate']))])
    wiring = Wiring(lit, opened={('system_b', 'motor_gate'): 1.0},
                    shut={('motor_gate', 'episodic_memory'): 1.0})
    assert wiring.state(('system_a', 'system_b')) == LIT
    assert wiring.state(('system_b', 'motor_gate')) == OPENED
    assert wiring.state(('motor_gate', 'episodic_memory')) == SHUT
    assert wiring.state(('episodic_memory', 'system_a_learner')) == SHUT_WIRE
    pair = ('system_a', 'system_b')
    assert Wiring(Pathways({}, {pair: ['latent']})).state(pair) == UNFIT
    assert wiring.pairs()[-1] in (*lit.lit, ('motor_gate', 'episodic_memory'))   # on top


def test_a_part_says_what_is_wrong_with_it(shown) -> None:
    tell(shown.seen)
    shown.seen.status('system_a', 2, 'inactive: model refused')
    shown.seen.status('system_b', 0, 'active')
    view, wiring = shown.seen.view(), Wiring(Pathways(wired=['system_b']))
    assert status_text('system_a', view, wiring) == 'inactive: model refused'
    assert status_text('system_b', view, wiring) == 'wired'
    assert status_text('episodic_memory', view, wiring) == 'unwired'
    assert status_text('motor_gate', view, wiring) == 'open'
    assert status_text('system_m', view, wiring) == 'play'


def test_hold_is_asked_at_once_and_its_answer_shown(shown) -> None:
    shown.window.operator.hold.click()
    assert 'hold: done' in (text := answered(shown, 1))
    assert 'motor_gate: hold it is' in text
    assert shown.clients[0].calls == ['hold']


def test_release_pin_and_veto_wait_for_a_confirmation(shown) -> None:
    operator = shown.window.operator
    tell(shown.seen, held=True, vetoed=['rest'])
    shown.window.refresh()
    operator.modes.setCurrentText('sleep')
    for button, question in ((operator.release, 'Really release?'),
                             (operator.pin, 'Really pin sleep?'),
                             (operator.veto, 'Really veto sleep?')):
        button.click()
        assert operator.question.text() == question
        operator.cancel.click()
        assert not operator.confirm.isVisible()
        button.click()
        operator.confirm.click()
        assert not operator.confirm.isVisible()
    operator.confirm.click()      # nothing is asked any more
    answered(shown, 3)
    assert shown.clients[0].calls == ['release', ('pin', 'sleep'), ('veto', ['rest', 'sleep'])]


@pytest.mark.parametrize('answer', ['cancel', 'confirm'])
def test_hold_stays_in_sight_after_an_answer(application, shown, answer) -> None:
    """A button that hides passes the keyboard on, and Qt scrolls to where that goes."""
    operator = shown.window.operator
    tell(shown.seen, held=True)
    shown.window.resize(600, 450)
    shown.window.activateWindow()
    shown.window.refresh()
    application.processEvents()
    for button in (operator.release, getattr(operator, answer)):
        application.processEvents()
        QtTest.QTest.mouseClick(button, QtCore.Qt.MouseButton.LeftButton)
    tell(shown.seen)                # now there is nothing to release
    shown.window.refresh()
    application.processEvents()
    assert not operator.release.isEnabled()
    top = operator.hold.mapTo(shown.window, QtCore.QPoint(0, 0)).y()
    assert 0 <= top < 450 - operator.hold.height()


def test_a_veto_is_taken_back_and_the_safe_mode_has_none(shown) -> None:
    operator = shown.window.operator
    tell(shown.seen, vetoed=['rest'], pinned='play')
    shown.window.refresh()
    operator.modes.setCurrentText('rest')
    shown.window.refresh()
    assert operator.veto.text() == 'Allow'
    operator.veto.click()
    operator.confirm.click()
    operator.unpin.click()
    operator.confirm.click()
    answered(shown, 2)
    assert shown.clients[0].calls == [('veto', []), ('pin', '')]
    operator.modes.setCurrentText('freeze')
    assert not operator.veto.isEnabled()       # at once, not at the next look


def test_a_refusal_is_shown_with_its_reason(shown) -> None:
    operator = shown.window.operator
    tell(shown.seen)
    shown.window.refresh()
    operator.modes.setCurrentText('imagine')
    shown.window.refresh()
    assert operator.why_not.text() == 'imagine may not be now: not built yet'
    operator.pin.click()
    operator.confirm.click()
    assert 'pin imagine: NOT done' in (text := answered(shown, 1))
    assert 'not built yet' in text


@pytest.mark.parametrize('theme', [LIGHT, DARK], ids=['light', 'dark'])
@pytest.mark.parametrize(('size', 'columns'), [((1280, 820), 3), ((800, 900), 2), ((390, 900), 1)],
                         ids=['wide', 'medium', 'narrow'])
def test_it_is_drawn_in_any_size_and_theme(application, shown, theme, size, columns) -> None:
    application.setPalette(palette(theme))
    tell(shown.seen)
    shown.wiring = Wiring(pathways([Topic('latent', frozenset(['system_a']),
                                          frozenset(['system_b']))]))
    shown.window.resize(*size)
    shown.window.refresh()
    application.processEvents()
    image = shown.window.grab().toImage()
    # Kept to be looked at: no assertion sees what is ugly.
    PICTURES.mkdir(parents=True, exist_ok=True)
    name = f'{"dark" if theme is DARK else "light"}_{size[0]}x{size[1]}.png'
    assert image.save(str(PICTURES / name))
    assert (image.width(), image.height()) == size
    page, cards = shown.window.rect(), shown.window.cards.values()
    assert all(card.x() >= 0 and card.x() + card.width() <= page.width() for card in cards)
    assert len({card.x() for card in cards}) == columns
    # The page's ground is that of the theme, and something is drawn on it.
    assert image.pixelColor(3, 3).name() == theme.ground
    colours = {image.pixel(x, y) for x in range(0, size[0], 7) for y in range(0, size[1], 7)}
    assert len(colours) > 10


