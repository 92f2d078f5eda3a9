"""Event service (ONVIF Core 9): pull points with long polling."""

import asyncio
from dataclasses import dataclass, field
import re
import secrets
import time
from typing import TYPE_CHECKING, Any

from .envelope import (
    SoapFault,
    invalid_arg,
    leaf,
    parse_duration_s,
    parse_utc_ms,
    tag,
    utc_text,
)
from .service import Call, Service, operation
from .topics import CONCRETE_SET, TopicFilter, topic_filter

if TYPE_CHECKING:
    from ..nvr import SimulatedNvr

_KINDS: dict[str, tuple[str, str, str]] = {
    # kind: (topic, source item, data item)
    "motion": ("RuleEngine/CellMotionDetector/Motion", "VideoSource", "IsMotion"),
    "motion-alarm": ("VideoSource/MotionAlarm", "Source", "State"),
    "person": ("RuleEngine/MyRuleDetector/PeopleDetect", "Source", "State"),
    "vehicle": ("RuleEngine/MyRuleDetector/VehicleDetect", "Source", "State"),
    "animal": ("RuleEngine/MyRuleDetector/DogCatDetect", "Source", "State"),
    "tamper": ("RuleEngine/TamperDetector/Tamper", "VideoSource", "IsTamper"),
    "recording": ("RecordingConfig/JobState", "RecordingJobToken", "State"),
    "track": ("RecordingHistory/Track/State", "RecordingToken", "IsDataPresent"),
}
_LONGEST_S = 600.0


@dataclass(slots=True)
class PullPoint:
    """A subscription: what it is for, what waits for it and when it ends."""

    expires: float
    topics: TopicFilter | None = None
    waiting: list[str] = field(default_factory=list)
    arrived: asyncio.Event = field(default_factory=asyncio.Event)


class EventService(Service):
    """Creates pull points and answers at their addresses."""

    name = "events"
    prefix = "tev"
    path = "/onvif/event_service"

    def __init__(self, nvr: SimulatedNvr) -> None:
        super().__init__(nvr)
        self.points: dict[str, PullPoint] = {}
        self.states: dict[tuple[str, str], str] = {}
        self.first_messages: tuple[str, ...] = ()
        """What every new subscription is told besides, word for word."""

    def also_prefixes(self) -> tuple[str, ...]:
        """Renew and Unsubscribe belong to WS-BaseNotification."""
        return ("wsnt",)

    def reset(self) -> None:
        """Forget all subscriptions."""
        for point in self.points.values():
            point.arrived.set()
        self.points.clear()

    def capabilities(self, call: Call) -> str:
        """Return tev:Capabilities."""
        return tag(
            "tev:Capabilities",
            WSSubscriptionPolicySupport=False,
            WSPausableSubscriptionManagerInterfaceSupport=False,
            MaxPullPoints=self.nvr.faults.max_pull_points,
        )

    @operation("GetEventProperties")
    def get_event_properties(self, call: Call) -> str:
        """Core 9.6.2."""
        tree: dict[str, Any] = {}
        for topic, _, _ in _KINDS.values():
            node = tree
            for part in topic.split("/"):
                node = node.setdefault(part, {})
        topics = _topic_xml(tree, is_root=True)
        return tag(
            "tev:GetEventPropertiesResponse",
            leaf(
                "tev:TopicNamespaceLocation",
                "http://www.onvif.org/onvif/ver10/topics/topicns.xml",
            ),
            leaf("wsnt:FixedTopicSet", value=True),
            tag("wstop:TopicSet", topics),
            leaf("wsnt:TopicExpressionDialect", CONCRETE_SET),
            leaf(
                "tev:MessageContentFilterDialect",
                "http://www.onvif.org/ver10/tev/messageContentFilter/ItemFilter",
            ),
            leaf(
                "tev:MessageContentSchemaLocation",
                "http://www.onvif.org/onvif/ver10/schema/onvif.xsd",
            ),
        )

    @operation(
        "CreatePullPointSubscription",
        "tev:Filter? tev:InitialTerminationTime? tev:SubscriptionPolicy?",
    )
    def create_pull_point_subscription(self, call: Call) -> str:
        """Core 9.2.1."""
        self._expire()
        if len(self.points) >= self.nvr.faults.max_pull_points:
            raise SoapFault(
                "Receiver",
                "ter:Action",
                "ter:MaxSubscriptionsReached",
                reason="no more pull points",
            )
        text = call.request.body.value("tev:InitialTerminationTime")
        if text and self.nvr.faults.no_end_of_subscription:
            raise invalid_arg("ter:InvalidArgs", "no time")
        text = text or "PT60S"
        lifetime = self._lifetime(text)
        name = secrets.token_hex(6)
        topics = topic_filter(
            call.request.body.first("tev:Filter"),
            is_refused=self.nvr.faults.refuse_filters,
        )
        point = PullPoint(time.monotonic() + lifetime, topics)
        self.points[name] = point
        self._initial_states(point)
        return tag(
            "tev:CreatePullPointSubscriptionResponse",
            tag(
                "tev:SubscriptionReference",
                leaf("wsa:Address", f"{self.nvr.xaddr(call, self)}/pull/{name}"),
            ),
            self._times(lifetime),
        )

    def _times(self, lifetime_s: float, prefix: str = "wsnt") -> str:
        now = self.nvr.clock.now_ms()
        return leaf(f"{prefix}:CurrentTime", utc_text(now)) + leaf(
            f"{prefix}:TerminationTime", utc_text(now + round(lifetime_s * 1000))
        )

    def _lifetime(self, text: str) -> float:
        if text.startswith("P"):
            if self.nvr.faults.absolute_times_only:
                raise SoapFault(
                    "Sender", "wsnt:UnacceptableTerminationTimeFault", reason="no time"
                )
            lifetime = parse_duration_s(text)
        else:
            lifetime = (parse_utc_ms(text) - self.nvr.clock.now_ms()) / 1000
        if lifetime <= 0:
            raise invalid_arg("ter:InvalidArgs", "termination time in the past")
        return min(lifetime, _LONGEST_S)

    @operation("PullMessages", "tev:Timeout tev:MessageLimit")
    async def pull_messages(self, call: Call) -> str:
        """Core 9.2.2: waits until there is a message or the timeout is over."""
        body = call.request.body
        timeout = parse_duration_s(body.need("tev:Timeout"))
        limit = int(body.need("tev:MessageLimit"))
        point = self._point(call)
        if self.nvr.faults.small_pulls and (timeout > 5 or limit > 10):
            raise invalid_arg("ter:InvalidArgs", "too much at a time")
        if flood := self.nvr.faults.pull_flood:
            source = self._source("motion", None)
            message = self._message("motion", source, "true", "Changed")
            return tag(
                "tev:PullMessagesResponse", self._times(60, "tev"), [message] * flood
            )
        if not point.waiting:
            point.arrived.clear()
            try:
                async with asyncio.timeout(timeout):
                    await point.arrived.wait()
            except TimeoutError:
                pass
        messages, point.waiting = point.waiting[:limit], point.waiting[limit:]
        left = max(1.0, point.expires - time.monotonic())
        return tag(
            "tev:PullMessagesResponse",
            self._times(left, "tev"),
            messages,
        )

    @operation("SetSynchronizationPoint")
    def set_synchronization_point(self, call: Call) -> str:
        """Core 9.2.4: tell all states again."""
        self._initial_states(self._point(call))
        return tag("tev:SetSynchronizationPointResponse")

    @operation("Renew", "wsnt:TerminationTime")
    def renew(self, call: Call) -> str:
        """Core 9.2.3."""
        point = self._point(call)
        lifetime = self._lifetime(call.request.body.need("wsnt:TerminationTime"))
        point.expires = time.monotonic() + lifetime
        now = self.nvr.clock.now_ms()
        return tag(
            "wsnt:RenewResponse",
            leaf("wsnt:TerminationTime", utc_text(now + round(lifetime * 1000))),
            leaf("wsnt:CurrentTime", utc_text(now)),
        )

    @operation("Unsubscribe")
    def unsubscribe(self, call: Call) -> str:
        """Core 9.2.5."""
        point = self._point(call)
        self.points = {
            name: item for name, item in self.points.items() if item is not point
        }
        point.arrived.set()
        return tag("wsnt:UnsubscribeResponse")

    def _point(self, call: Call) -> PullPoint:
        self._expire()
        match = re.search(r"/pull/(\w+)$", call.path)
        point = self.points.get(match[1]) if match else None
        if point is None or self.nvr.faults.pull_points_die:
            raise SoapFault(
                "Sender",
                "ter:InvalidArgVal",
                "ter:InvalidSubscription",
                reason="no such subscription",
            )
        return point

    def _expire(self) -> None:
        now = time.monotonic()
        for name, point in list(self.points.items()):
            if point.expires <= now:
                point.arrived.set()
                del self.points[name]

    def _initial_states(self, point: PullPoint) -> None:
        now = utc_text(self.nvr.clock.now_ms())
        for told in self.first_messages:
            point.waiting.append(re.sub(r'UtcTime="[^"]*"', f'UtcTime="{now}"', told))
            point.arrived.set()
        for (kind, source), value in self.states.items():
            self._tell(point, kind, self._message(kind, source, value, "Initialized"))

    def _tell(self, point: PullPoint, kind: str, message: str) -> None:
        topic = _KINDS.get(kind, _KINDS["motion"])[0]
        if point.topics is None or topic in point.topics:
            point.waiting.append(message)
            point.arrived.set()

    def notify(self, event: dict[str, Any]) -> int:
        """Tell every pull point.

        `kind` is a word of the table above, `camera` a channel's name or number,
        `active` the state; `topic`, `source_item`, `item`, `value` replace the table's.
        `operation` is the PropertyOperation, "" for a message that is no property;
        `stateless` leaves out every item of data.
        """
        kind = str(event.get("kind", "motion"))
        source = self._source(kind, event.get("camera"))
        value = event.get("value", event.get("active", True))
        if kind == "recording" and isinstance(value, bool):
            value = "Active" if value else "Idle"
        text = ("true" if value else "false") if isinstance(value, bool) else str(value)
        if not event.get("stateless"):
            self.states[kind, source] = text
        message = self._message(kind, source, text, "Changed", event)
        self._expire()
        for point in self.points.values():
            self._tell(point, kind, message)
        return len(self.points)

    def _source(self, kind: str, camera: object) -> str:
        for channel in self.nvr.channels:
            if camera in (None, channel.spec.name, channel.number, str(channel.number)):
                if kind == "recording":
                    return channel.job_token
                if kind == "track" and channel.timeline:
                    return channel.timeline.recording_token
                return channel.profiles[0].source_token
        raise ValueError(f"no camera {camera}")

    def _message(
        self,
        kind: str,
        source: str,
        value: str,
        operation_: str,
        event: dict[str, Any] | None = None,
    ) -> str:
        event = event or {}
        operation_ = event.get("operation", operation_)
        topic, source_item, item = _KINDS.get(kind, _KINDS["motion"])
        topic = event.get("topic", topic)
        return tag(
            "wsnt:NotificationMessage",
            leaf(
                "wsnt:Topic",
                topic if ":" in topic else f"{self.nvr.faults.topic_prefix}:{topic}",
                Dialect=CONCRETE_SET,
                **_declared(self.nvr.faults.topic_prefix),
            ),
            tag(
                "wsnt:Message",
                tag(
                    "tt:Message",
                    tag(
                        "tt:Source",
                        tag(
                            "tt:SimpleItem",
                            Name=event.get("source_item", source_item),
                            Value=source,
                        ),
                    ),
                    tag(
                        "tt:Data",
                        ""
                        if event.get("stateless")
                        else tag(
                            "tt:SimpleItem", Name=event.get("item", item), Value=value
                        ),
                    ),
                    UtcTime=utc_text(self.nvr.clock.now_ms()),
                    **({"PropertyOperation": operation_} if operation_ else {}),
                ),
            ),
        )


def _declared(prefix: str) -> dict[str, str]:
    if prefix == "tns1":
        return {}
    return {f"xmlns:{prefix}": f"http://vendor.example/topics/{prefix}"}


def _topic_xml(tree: dict[str, Any], *, is_root: bool = False) -> str:
    parts = []
    for name, below in tree.items():
        full = f"tns1:{name}" if is_root else name
        parts.append(
            tag(full, _topic_xml(below)) if below else tag(full, wstop__topic="true")
        )
    return "".join(parts)
