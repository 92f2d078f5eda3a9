"""Pull points: requests, subscriptions and the events of many vendors."""

import pytest

from custom_components.vtrack_nvr.core.models import DeviceNotice, EventClass
from custom_components.vtrack_nvr.core.onvif.lenient import parse_time_ms
from custom_components.vtrack_nvr.core.onvif.notifications import (
    MOST_MESSAGES,
    build_create,
    build_pull,
    build_renew,
    build_unsubscribe,
    read_notifications,
    read_subscription,
    termination,
)
from custom_components.vtrack_nvr.core.onvif.xml import parse_xml, text

NOW = 1_800_000_000_000


def message(
    topic: str, data: str, source: str = "", attributes: str = "", tag: str = "Message"
) -> str:
    def items(pairs: str) -> str:
        return "".join(
            f'<SimpleItem Name="{name}" Value="{value}"/>'
            for name, _, value in (pair.partition("=") for pair in pairs.split())
        )

    return (
        f"<NotificationMessage><Topic>{topic}</Topic><Message><{tag} {attributes}>"
        f"<Source>{items(source)}</Source><Data>{items(data)}</Data></{tag}></Message>"
        "</NotificationMessage>"
    )


def read(*messages: str, sources: dict[str, str] | None = None):
    return read_notifications(
        parse_xml(f"<R>{''.join(messages)}</R>".encode()), sources or {}, NOW
    )


UTC = 'UtcTime="2026-03-01T07:12:09Z" PropertyOperation="Changed"'


@pytest.mark.parametrize(
    ("topic", "data", "kind", "active"),
    [
        ("tns1:RuleEngine/CellMotionDetector/Motion", "IsMotion=true", EventClass.MOTION, True),
        ("tns1:VideoSource/MotionAlarm", "State=false", EventClass.MOTION, False),
        ("tns1:RuleEngine/MotionRegionDetector/Motion", "State=1", EventClass.MOTION, True),
        ("tns1:RuleEngine/FieldDetector/ObjectsInside", "IsInside=true", EventClass.MOTION, True),
        ("tns1:RuleEngine/FieldDetector/ObjectsInside", "IsInside=true ObjectType=Human",
         EventClass.PERSON, True),
        ("tns1:RuleEngine/LineDetector/Crossed", "ObjectId=7", EventClass.LINE, True),
        ("tns1:RuleEngine/LineDetector/Crossed", "ObjectId=7 ClassTypes=Vehical",
         EventClass.VEHICLE, True),
        ("tns1:RuleEngine/MyRuleDetector/PeopleDetect", "State=true", EventClass.PERSON, True),
        ("tns1:RuleEngine/MyRuleDetector/VehicleDetect", "State=true", EventClass.VEHICLE, True),
        ("tns1:RuleEngine/MyRuleDetector/DogCatDetect", "State=true", EventClass.ANIMAL, True),
        ("tns1:RuleEngine/PeopleDetector/People", "IsPeople=true", EventClass.PERSON, True),
        ("tns1:RuleEngine/TPSmartEventDetector/TPSmartEvent", "IsVehicle=true",
         EventClass.VEHICLE, True),
        ("tns1:RuleEngine/TPSmartEventDetector/TPSmartEvent", "IsPet=true",
         EventClass.ANIMAL, True),
        ("tns1:RuleEngine/MyRuleDetector/FaceDetect", "State=false", EventClass.PERSON, False),
        ("tns1:UserAlarm/tnsvendor:HumanShapeDetect", "State=true", EventClass.PERSON, True),
        ("tns1:RecordingConfig/JobState", "State=Active", EventClass.RECORDING, True),
        ("tns1:RecordingHistory/Track/State", "IsDataPresent=false", EventClass.RECORDING, False),
        ("tns1:Device/Trigger/DigitalInput", "LogicalState=true", EventClass.OTHER, True),
        ("tns1:Device/Trigger/DigitalInput", "LogicalState=false", EventClass.OTHER, False),
    ],
)  # fmt: skip
def test_topics_of_many_vendors(
    topic: str, data: str, kind: EventClass, active: bool
) -> None:
    (event,) = read(message(topic, data, attributes=UTC))
    assert event.event_class is kind
    assert event.is_active is active
    assert ":" not in event.topic
    assert event.device_ms == parse_time_ms("2026-03-01T07:12:09Z")


@pytest.mark.parametrize(
    ("topic", "kind"),
    [
        # Axis
        ("tnsaxis:CameraApplicationPlatform/VMD/Camera1Profile1", EventClass.MOTION),
        ("tns1:RuleEngine/tnsaxis:VMD3/vmd3_video_1", EventClass.MOTION),
        ("tnsaxis:CameraApplicationPlatform/ObjectAnalytics/Device1Scenario1", EventClass.MOTION),
        ("tnsaxis:CameraApplicationPlatform/FenceGuard/Camera1ProfileANY", EventClass.MOTION),
        ("tnsaxis:CameraApplicationPlatform/LoiteringGuard/Camera1Profile1", EventClass.MOTION),
        ("tnsaxis:CameraApplicationPlatform/MotionGuard/Camera1Profile1", EventClass.MOTION),
        ("tns1:Device/tnsaxis:Sensor/PIR", EventClass.MOTION),
        ("tns1:AudioSource/tnsaxis:TriggerLevel", EventClass.OTHER),
        # Hanwha, Bosch, Hikvision, Dahua, Uniview, Reolink
        ("tns1:VideoAnalytics/tnssamsung:MotionDetection", EventClass.MOTION),
        ("tns1:RuleEngine/tnssamsung:LoiteringDetection", EventClass.MOTION),
        ("tns1:RuleEngine/tnsbosch:IVA/Field", EventClass.MOTION),
        ("tns1:RuleEngine/FieldDetector/ObjectsInside", EventClass.MOTION),
        ("tns1:RuleEngine/tnshik:RegionEntrance", EventClass.LINE),
        ("tns1:RuleEngine/tnsdahua:SmartMotionHuman", EventClass.PERSON),
        ("tns1:RuleEngine/tnsdahua:SmartMotionVehicle", EventClass.VEHICLE),
        ("tns1:RuleEngine/tnsdahua:CrossRegionDetection", EventClass.LINE),
        ("tns1:RuleEngine/tnsuniview:HumanShapeDetect", EventClass.PERSON),
        ("tns1:RuleEngine/tnsuniview:NonMotorVehicle", EventClass.VEHICLE),
        # The button of a doorbell.
        ("tns1:RuleEngine/MyRuleDetector/Visitor", EventClass.DOORBELL),
        ("tns1:Device/Trigger/tnsvendor:DoorBell", EventClass.DOORBELL),
        ("tns1:RuleEngine/MyRuleDetector/Package", EventClass.MOTION),
        ("tns1:RuleEngine/LoiteringDetector/ObjectIsLoitering", EventClass.MOTION),
        ("tns1:RuleEngine/Recognition/LicensePlate", EventClass.VEHICLE),
        ("tns1:RuleEngine/DeclarativeMotionDetector/Motion", EventClass.MOTION),
        # Words within words.
        ("tns1:Device/tnsvendor:SDCardDetect", EventClass.OTHER),
        ("tns1:VideoSource/ImageTooDark/AnalyticsService", EventClass.OTHER),
    ],
)  # fmt: skip
def test_topics_of_makers(topic: str, kind: EventClass) -> None:
    (event,) = read(message(topic, "State=true", attributes=UTC))
    assert event.event_class is kind


@pytest.mark.parametrize(
    ("topic", "data"),
    [
        ("tns1:Monitoring/ProcessorUsage", "Value=31.5"),
        ("tns1:Monitoring/OperatingTime/LastReset", "Status=2026-03-01T00:00:00Z"),
        ("tns1:Device/tnsaxis:Status/SystemReady", "ready=1"),
        ("tns1:Device/tnsaxis:Status/Temperature/Inside", "sensor_level=true"),
        ("tns1:VideoSource/tnsaxis:LiveStreamAccessed", "accessed=1"),
        ("tns1:VideoSource/tnsaxis:DayNightVision", "day=1"),
        ("tnsaxis:Storage/Disruption", "disruption=0"),
        ("tns1:Media/ProfileChanged", "Token=P"),
        ("tns1:Device/HardwareFailure/FanFailure", "Failed=true"),
        ("tns1:VideoSource/tnsvendor:Brightness", "Level=7"),
    ],
)
def test_what_a_device_tells_of_itself_is_no_event(topic: str, data: str) -> None:
    assert read(message(topic, data, attributes=UTC)) == ()


@pytest.mark.parametrize(
    ("topic", "data", "notice", "is_on"),
    [
        ("tns1:Device/HardwareFailure/StorageFailure", "Failed=true",
         DeviceNotice.STORAGE_FAILURE, True),
        ("tns1:Device/HardwareFailure/StorageFailure", "Failed=false",
         DeviceNotice.STORAGE_FAILURE, False),
        ("tns1:VideoSource/tnsdahua:VideoLoss", "State=true",
         DeviceNotice.VIDEO_LOSS, True),
        ("tns1:VideoSource/SignalLoss", "State=false", DeviceNotice.VIDEO_LOSS, False),
    ],
)  # fmt: skip
def test_a_device_tells_of_its_disks_and_of_lost_pictures(
    topic: str, data: str, notice: DeviceNotice, is_on: bool
) -> None:
    (event,) = read(message(topic, data, attributes=UTC))
    assert (event.notice, event.is_active) == (notice, is_on)


def test_the_state_at_the_beginning_is_told_apart_from_news() -> None:
    at_first = 'UtcTime="2026-03-01T07:12:09Z" PropertyOperation="Initialized"'
    topic = "tns1:VideoSource/MotionAlarm"
    before, after = read(
        message(topic, "State=true", attributes=at_first),
        message(topic, "State=true", attributes=UTC),
    )
    assert (before.is_initial, after.is_initial) == (True, False)


def test_objects_in_an_element_tell_the_class() -> None:
    objects = (
        "<NotificationMessage><Topic>tns1:RuleEngine/tnsv:ObjectDetector/Detection</Topic>"
        "<Message><Message UtcTime='2026-03-01T07:12:09Z'><Data><ElementItem Name='o'>"
        "{}</ElementItem></Data></Message></Message></NotificationMessage>"
    )
    for found in ("<o:Human/>", "<a><Type Likelihood='0.9'>Human</Type></a>"):
        (event,) = read(objects.format(found))
        assert event.event_class is EventClass.PERSON
        assert event.is_moment
    (event,) = read(objects.format("<a>" + "<b/>" * 500 + "<Human/></a>"))
    assert event.event_class is EventClass.MOTION


def test_so_many_messages_of_an_answer_are_read() -> None:
    many = [message("tns1:VideoSource/MotionAlarm", "State=1", attributes=UTC)] * 700
    assert len(read(*many)) == MOST_MESSAGES


@pytest.mark.parametrize(
    ("end", "lifetime"),
    [
        ("2026-03-01T07:01:30Z", 90.0),
        ("2026-03-01T06:00:00Z", None),
        ("", None),
    ],
)
def test_a_subscription_tells_how_long_it_lives(
    end: str, lifetime: float | None
) -> None:
    found = read_subscription(
        parse_xml(
            "<R><SubscriptionReference><Address>http://x/s</Address>"
            "</SubscriptionReference><CurrentTime>2026-03-01T07:00:00Z</CurrentTime>"
            f"<TerminationTime>{end}</TerminationTime></R>".encode()
        )
    )
    assert found is not None
    assert found.lifetime_s == lifetime


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("VideoSourceConfigurationToken=C1 Rule=r", "V1"),
        ("Source=V1", "V1"),
        ("VideoSource=unknown", "unknown"),
        ("Rule=r", ""),
    ],
)
def test_the_source_is_the_channels_token(source: str, expected: str) -> None:
    (event,) = read(
        message("VideoSource/MotionAlarm", "State=1", source, UTC),
        sources={"C1": "V1", "V1": "V1"},
    )
    assert event.source_token == expected


def test_a_message_without_a_time_happened_now() -> None:
    (event,) = read(message("VideoSource/MotionAlarm", "State=1"))
    assert event.device_ms == NOW


@pytest.mark.parametrize(
    ("topic", "data"),
    [
        ("tns1:RuleEngine/LineDetector/Crossed", "ObjectId=7"),
        ("tns1:RuleEngine/LineDetector/Crossed", "ObjectId=0"),
        ("tns1:RuleEngine/LineDetector/Crossed", "ObjectId=1"),
        ("tns1:RuleEngine/FaceDetector/Face", "Count=1"),
        ("tns1:RuleEngine/MyRuleDetector/Visitor", ""),
    ],
)
@pytest.mark.parametrize("operation", ["", ' PropertyOperation="Changed"'])
def test_a_message_without_a_state_is_a_moment(
    topic: str, data: str, operation: str
) -> None:
    at = f'UtcTime="2026-03-01T07:12:09Z"{operation}'
    (event,) = read(message(topic, data, attributes=at))
    assert event.is_moment
    assert event.is_active


@pytest.mark.parametrize(
    ("data", "active"),
    [
        ("State=true", True),
        ("State=0", False),
        ("ObjectId=1 State=false", False),
        ("State=Idle", False),
        ("State=Active", True),
        ("IsSomethingNew=1", True),
        ("Unheard=false", False),
    ],
)
def test_a_message_with_a_state_is_none(data: str, active: bool) -> None:
    (event,) = read(message("tns1:Vendor/Thing", data, attributes=UTC))
    assert not event.is_moment
    assert event.is_active is active


def test_a_subscription_begins_with_states_and_not_with_moments() -> None:
    at = 'UtcTime="2026-03-01T07:12:09Z" PropertyOperation="Initialized"'
    (event,) = read(
        message("tns1:RuleEngine/LineDetector/Crossed", "ObjectId=7", attributes=at),
        message("tns1:VideoSource/MotionAlarm", "State=true", attributes=at),
    )
    assert event.topic == "VideoSource/MotionAlarm"


def test_what_cannot_be_read_is_left_out() -> None:
    assert (
        read(
            message("", "State=1"),
            "<NotificationMessage><Topic>t</Topic></NotificationMessage>",
            message("t", "", attributes='PropertyOperation="Deleted" UtcTime="x"'),
        )
        == ()
    )


def test_requests() -> None:
    assert (
        text(
            parse_xml(build_create(termination(60)).encode()), "InitialTerminationTime"
        )
        == "PT60S"
    )
    pull = parse_xml(build_pull(20).encode())
    assert (text(pull, "Timeout"), text(pull, "MessageLimit")) == ("PT20S", "100")
    assert (
        text(parse_xml(build_renew(termination(60, 0)).encode()), "TerminationTime")
        == "1970-01-01T00:01:00Z"
    )
    assert parse_xml(build_unsubscribe().encode()).tag.endswith("Unsubscribe")


def test_a_subscription_repeats_its_reference_parameters() -> None:
    found = read_subscription(
        parse_xml(
            b"<R><SubscriptionReference><Address> http://x/sub?1 </Address>"
            b'<ReferenceParameters><v:Id xmlns:v="urn:v" a="1">7</v:Id>'
            b"</ReferenceParameters></SubscriptionReference></R>"
        )
    )
    assert found is not None
    assert found.address == "http://x/sub?1"
    assert text(parse_xml(found.reference.encode())) == "7"
    assert read_subscription(parse_xml(b"<R/>")) is None


@pytest.mark.parametrize(
    "parameters",
    ["<v>" * 90 + "</v>" * 90 + "<v/>" * 90, "<v/>" * 5000, f"<v>{'x' * 50_000}</v>"],
    ids=["deep", "many", "long"],
)
def test_references_nobody_could_repeat_are_no_subscription(parameters: str) -> None:
    answer = (
        "<R><SubscriptionReference><Address>http://x/sub</Address>"
        f"<ReferenceParameters>{parameters}</ReferenceParameters>"
        "</SubscriptionReference></R>"
    )
    assert read_subscription(parse_xml(answer.encode())) is None
