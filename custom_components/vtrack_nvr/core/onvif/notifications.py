"""Event service: requests of a pull point, and reading what it delivers (Core §9)."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice
from xml.etree import ElementTree as ET

from ..models import DeviceEvent, EventClass
from .lenient import format_time, parse_bool, parse_time_ms
from .names import Service
from .soap import element, leaf
from .topics import (
    IDLE_WORDS,
    OBJECT_ITEMS,
    OBJECTS,
    SOURCE_ITEMS,
    STATE_CLASSES,
    STATE_ITEMS,
    class_of_topic,
    is_notice,
    notice_of,
)
from .xml import Element, attribute, children, descendants, find, local, text

_PORT = "http://www.onvif.org/ver10/events/wsdl/"
_BASE = "http://docs.oasis-open.org/wsn/bw-2/"
CREATE_ACTION = f"{_PORT}EventPortType/CreatePullPointSubscriptionRequest"
PULL_ACTION = f"{_PORT}PullPointSubscription/PullMessagesRequest"
RENEW_ACTION = f"{_BASE}SubscriptionManager/RenewRequest"
UNSUBSCRIBE_ACTION = f"{_BASE}SubscriptionManager/UnsubscribeRequest"
_NOTIFY = "http://docs.oasis-open.org/wsn/b-2"
MESSAGES = 100
"""Asked for at a time."""
MOST_MESSAGES = 5 * MESSAGES
"""Read of one answer."""
_MOST_OBJECT_ELEMENTS = 50
_MAX_REFERENCE_ELEMENTS = 100
_MAX_REFERENCE_LENGTH = 16 * 1024


@dataclass(frozen=True, slots=True)
class Subscription:
    """A pull point: its address and what must be repeated in every header to it."""

    address: str
    reference: str = ""
    lifetime_s: float | None = None
    """What the device granted, None where it does not say."""


def termination(lifetime_seconds: int, device_now_ms: int | None = None) -> str:
    """Return until when to subscribe: a duration, or a time on the device's clock."""
    if device_now_ms is None:
        return f"PT{lifetime_seconds}S"
    return format_time(device_now_ms + lifetime_seconds * 1000)


def build_create(until: str) -> str:
    """Build CreatePullPointSubscription for all topics; filters are misunderstood.

    Without `until` the device decides how long it lives.
    """
    return element(
        "t:CreatePullPointSubscription",
        leaf("t:InitialTerminationTime", until) if until else "",
        namespace=Service.EVENTS.value,
    )


def build_pull(wait_seconds: float, limit: int = MESSAGES) -> str:
    """Build PullMessages: answered when something happens or the time is over."""
    return element(
        "t:PullMessages",
        leaf("t:Timeout", f"PT{round(wait_seconds)}S")
        + leaf("t:MessageLimit", str(limit)),
        namespace=Service.EVENTS.value,
    )


def build_renew(until: str) -> str:
    """Build Renew."""
    return element("t:Renew", leaf("t:TerminationTime", until), namespace=_NOTIFY)


def build_unsubscribe() -> str:
    """Build Unsubscribe."""
    return element("t:Unsubscribe", namespace=_NOTIFY)


def read_subscription(answer: Element) -> Subscription | None:
    """Read CreatePullPointSubscriptionResponse.

    None where there is no address, or more to repeat than anybody could mean.
    """
    reference = find(answer, "SubscriptionReference")
    address = text(reference, "Address")
    items = [
        item
        for name in ("ReferenceParameters", "ReferenceProperties")
        for item in children(find(reference, name))
    ]
    count = sum(1 for item in items for _ in item.iter())
    if not address or count > _MAX_REFERENCE_ELEMENTS:
        return None
    repeated = "".join(
        ET.tostring(item, encoding="unicode", short_empty_elements=True)
        for item in items
    )
    if len(repeated) > _MAX_REFERENCE_LENGTH:
        return None
    now_ms = parse_time_ms(text(answer, "CurrentTime"))
    end_ms = parse_time_ms(text(answer, "TerminationTime"))
    lifetime_s = None
    if now_ms is not None and end_ms is not None and end_ms > now_ms:
        lifetime_s = (end_ms - now_ms) / 1000
    return Subscription(address, repeated, lifetime_s)


def _items(message: Element | None, part: str) -> Mapping[str, str]:
    return {
        attribute(item, "Name").lower(): attribute(item, "Value")
        for item in descendants(find(message, part), "SimpleItem")
    }


def _object_class(data: Mapping[str, str]) -> EventClass | None:
    for name, value in data.items():
        if name in OBJECT_ITEMS:
            for word in value.replace(",", " ").lower().split():
                if word in OBJECTS:
                    return OBJECTS[word]
        if name in STATE_CLASSES and parse_bool(value) is True:
            return STATE_CLASSES[name]
    return None


def _shown_class(message: Element) -> EventClass | None:
    """Return what an event's objects are (an element item, with an element for each)."""
    for item in descendants(find(message, "Data"), "ElementItem"):
        for found in islice(item.iter(), _MOST_OBJECT_ELEMENTS):
            for word in (local(found.tag), found.text or ""):
                if kind := OBJECTS.get(word.strip().lower()):
                    return kind
    return None


def _state(data: Mapping[str, str]) -> bool | None:
    """Return the state; None where the message tells none (a line was crossed)."""
    for name in STATE_ITEMS:
        value = _read_state(data.get(name, ""))
        if value is not None:
            return value
    return next(
        (
            state
            for name, value in data.items()
            # Ids and counts are numbers, too.
            if name.startswith("is") or not value.strip().isdigit()
            if (state := _read_state(value)) is not None
        ),
        None,
    )


def _read_state(value: str) -> bool | None:
    return False if value.strip().lower() in IDLE_WORDS else parse_bool(value)


def read_notifications(
    answer: Element, sources: Mapping[str, str], device_now_ms: int
) -> tuple[DeviceEvent, ...]:
    """Read PullMessagesResponse; `sources` translates tokens into channel tokens.

    A message without a readable time happened now. Left out are deleted properties, those
    that only tell at the beginning of a subscription that they exist, and what a device
    tells of itself, but for the notices that are shown.
    """
    events = []
    for item in islice(children(answer, "NotificationMessage"), MOST_MESSAGES):
        written = text(item, "Topic")
        topic = "/".join(part.rpartition(":")[2] for part in written.split("/"))
        message = next((m for m in descendants(item, "Message") if _is_inner(m)), None)
        notice = notice_of(topic)
        if not topic or message is None or (notice is None and is_notice(topic)):
            continue
        operation = attribute(message, "PropertyOperation").lower()
        data, source = _items(message, "Data"), _items(message, "Source")
        state = _state(data)
        if operation == "deleted" or (operation == "initialized" and state is None):
            continue
        token = next((source[name] for name in SOURCE_ITEMS if source.get(name)), "")
        device_ms = parse_time_ms(attribute(message, "UtcTime"))
        kind = class_of_topic(topic)
        if kind in {EventClass.MOTION, EventClass.LINE, EventClass.OTHER}:
            kind = _object_class(data) or _shown_class(message) or kind
        is_reading = state is None and operation and kind is EventClass.OTHER
        if is_reading and notice is None:
            # A property that is neither on nor off is a reading (a temperature).
            continue
        events.append(
            DeviceEvent(
                event_class=kind,
                topic=topic,
                source_token=sources.get(token, token),
                device_ms=device_now_ms if device_ms is None else device_ms,
                is_active=state is not False,
                is_moment=state is None,
                is_initial=operation == "initialized",
                notice=notice,
            )
        )
    return tuple(events)


def _is_inner(message: Element) -> bool:
    return bool(attribute(message, "UtcTime")) or any(
        local(child.tag) in {"Source", "Data"} for child in message
    )
