"""What cameras see now, from events as devices send them."""

# Reads private members: that memory is bounded is told to nobody.

from custom_components.vtrack_nvr.core.models import CameraKey, DeviceEvent, EventClass
from custom_components.vtrack_nvr.core.sync.detections import (
    HOLD_S,
    MOST_SOURCES,
    SILENCE_S,
    Detection,
    Detections,
)

CAM, OTHER_CAM = CameraKey("nvr/1"), CameraKey("nvr/2")
MOTION = EventClass.MOTION


def event(
    is_active: bool = True,
    topic: str = "Motion",
    event_class: EventClass = MOTION,
    *,
    is_moment: bool = False,
    is_initial: bool = False,
) -> DeviceEvent:
    return DeviceEvent(
        event_class, topic, "source", 0, is_active, is_moment, is_initial
    )


def test_a_class_that_was_never_told_of_is_unknown() -> None:
    detections = Detections()
    assert detections.is_on(CAM, MOTION) is None
    assert detections.next_s() is None


def test_a_state_begins_and_ends() -> None:
    detections = Detections()
    assert detections.note(CAM, event(), 0.0) == Detection(
        CAM, MOTION, is_on=True, is_new=True, topic="Motion"
    )
    assert detections.is_on(CAM, MOTION) is True
    ended = detections.note(CAM, event(False), 1.0)
    assert ended is not None
    assert (ended.is_on, ended.is_new) == (False, False)
    assert detections.is_on(CAM, MOTION) is False
    assert detections.is_on(OTHER_CAM, MOTION) is None


def test_what_is_said_again_is_no_news() -> None:
    detections = Detections()
    detections.note(CAM, event(), 0.0)
    assert detections.note(CAM, event(), 1.0) is None
    detections.note(CAM, event(False), 2.0)
    assert detections.note(CAM, event(False), 3.0) is None


def test_a_state_that_was_on_before_shows_and_is_no_news() -> None:
    detections = Detections()
    change = detections.note(CAM, event(is_initial=True), 0.0)
    assert change is not None
    assert (change.is_on, change.is_new) == (True, False)


def test_a_first_off_makes_a_class_known() -> None:
    detections = Detections()
    change = detections.note(CAM, event(False, is_initial=True), 0.0)
    assert change is not None
    assert change.is_on is False


def test_several_rules_are_one_class() -> None:
    detections = Detections()
    detections.note(CAM, event(topic="Field"), 0.0)
    second = detections.note(CAM, event(topic="Cell"), 1.0)
    assert second is not None
    assert second.is_new
    assert detections.note(CAM, event(False, topic="Field"), 2.0) is None
    assert detections.is_on(CAM, MOTION) is True
    ended = detections.note(CAM, event(False, topic="Cell"), 3.0)
    assert ended is not None
    assert not ended.is_on


def test_a_moment_is_shown_for_a_while() -> None:
    detections = Detections()
    detections.note(CAM, event(is_moment=True), 0.0)
    assert detections.next_s() == HOLD_S
    assert detections.expire(HOLD_S - 1) == ()
    [over] = detections.expire(HOLD_S)
    assert (over.camera, over.event_class, over.is_on) == (CAM, MOTION, False)
    assert detections.next_s() is None


def test_moments_that_follow_each_other_are_one() -> None:
    detections = Detections()
    detections.note(CAM, event(is_moment=True), 0.0)
    assert detections.note(CAM, event(is_moment=True), 5.0) is None
    assert detections.expire(HOLD_S) == ()
    assert detections.next_s() == 5.0 + HOLD_S


def test_a_bell_that_rings_again_is_news() -> None:
    detections = Detections()
    ring = event(event_class=EventClass.DOORBELL, is_moment=True)
    detections.note(CAM, ring, 0.0)
    again = detections.note(CAM, ring, 2.0)
    assert again is not None
    assert again.is_new


def test_an_end_that_never_comes_is_not_waited_for() -> None:
    detections = Detections()
    detections.note(CAM, event(), 0.0)
    [over] = detections.expire(SILENCE_S)
    assert not over.is_on
    assert detections.note(CAM, event(), SILENCE_S + 1) is not None


def test_a_device_that_is_no_longer_heard_leaves_nothing_known() -> None:
    detections = Detections()
    detections.note(CAM, event(), 0.0)
    detections.note(OTHER_CAM, event(), 0.0)
    assert detections.lose([CAM]) == {CAM}
    assert detections.is_on(CAM, MOTION) is None
    assert detections.is_on(OTHER_CAM, MOTION) is True
    assert detections.lose([CAM]) == frozenset()


def test_topics_without_end_cost_a_bounded_memory() -> None:
    detections = Detections()
    for number in range(10 * MOST_SOURCES):
        detections.note(CAM, event(topic=f"Rule{number}"), 0.0)
    detections.expire(SILENCE_S)
    assert detections.is_on(CAM, MOTION) is False
    [known] = detections._classes.values()
    assert len(known.ends) <= MOST_SOURCES
