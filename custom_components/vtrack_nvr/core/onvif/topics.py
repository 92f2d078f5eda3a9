"""Which topics mean what: the words of many vendors, as data."""

from ..models import DeviceNotice, EventClass

CLASSES: tuple[tuple[tuple[str, ...], EventClass], ...] = (
    (
        ("doorbell", "/visitor", "visitorcall", "callbutton", "/ring", "pressbutton"),
        EventClass.DOORBELL,
    ),
    (
        ("peopledetect", "peopledetector", "humandetect", "persondetect", "pedestrian",
         "humanshapedetect", "humanoid", "facedetect", "facerecognition", "/face",
         "motionhuman", "humanmotion", "crowddetect", "/human", "/person",
         "bodydetect"),
        EventClass.PERSON,
    ),
    (
        ("vehicledetect", "licenseplate", "/cardetect", "motorvehicle", "/anpr", "/lpr",
         "motionvehicle", "vehiclemotion", "/vehicle", "parkingdetect"),
        EventClass.VEHICLE,
    ),
    (
        ("dogcatdetect", "petdetect", "animaldetect", "/animal", "/pet"),
        EventClass.ANIMAL,
    ),
    (("recordinghistory", "recordingconfig/jobstate"), EventClass.RECORDING),
    (
        # Axis: Video Motion Detection 3 and 4, the guards, Object Analytics, the sensor.
        ("/vmd", "objectanalytics", "fenceguard", "loiteringguard", "motionguard",
         "/pir"),
        EventClass.MOTION,
    ),
    (
        ("motion", "cellmotiondetector", "motionalarm", "videosource/motion"),
        EventClass.MOTION,
    ),
    (
        ("linedetector", "linecross", "crossline", "crossregion", "regionentrance",
         "regionexiting", "/crossed", "enterarea", "leavearea", "tripwire"),
        EventClass.LINE,
    ),
    (
        ("fielddetector", "intrusion", "intruder", "loiter",
         "myruledetector", "smartevent", "objectdetect", "objectsinside",
         "perimeter", "/iva", "rapidmove",
         "unattended", "objectremoval", "objectleft", "missingobject"),
        EventClass.MOTION,
    ),
)  # fmt: skip
"""Parts of a topic's path in lower case, most telling first; the first hit wins.

A slash stands before what a part of the path must begin with: the makers put their own
words around these, and "SDCardDetect" is no car.
"""

NOTICES = (
    "/monitoring/",
    "/device/status",
    "/device/hardwarefailure",
    "/configuration/",
    "/media/profilechanged",
    "/media/configurationchanged",
    "/livestreamaccessed",
    "/systemready",
    "/systemmessage",
    "/storage",
    "/network",
    "/daynight",
    "/firmware",
    "/log",
    "/advancedsecurity",
    "processorusage",
    "clocksync",
)
"""What a device tells of itself and not of what it sees, in lower case."""

OBJECTS = {
    "human": EventClass.PERSON,
    "person": EventClass.PERSON,
    "people": EventClass.PERSON,
    "face": EventClass.PERSON,
    "vehicle": EventClass.VEHICLE,
    "vehical": EventClass.VEHICLE,
    "car": EventClass.VEHICLE,
    "truck": EventClass.VEHICLE,
    "bus": EventClass.VEHICLE,
    "bike": EventClass.VEHICLE,
    "licenseplate": EventClass.VEHICLE,
    "animal": EventClass.ANIMAL,
    "dog": EventClass.ANIMAL,
    "cat": EventClass.ANIMAL,
}
"""Values of `ObjectType`, `ClassTypes` and names of data items (tt:ObjectType)."""

OBJECT_ITEMS = frozenset(
    {"objecttype", "classtypes", "class", "type", "object", "objectclass", "likelihood"}
)
STATE_ITEMS = (
    "state",
    "failed",
    "ismotion",
    "isinside",
    "ispeople",
    "isperson",
    "isvehicle",
    "isanimal",
    "ispet",
    "istamper",
    "isrecording",
    "isdatapresent",
    "islinecross",
    "isintrusion",
    "istpsmartevent",
    "isface",
    "active",
    "motion",
    "logicalstate",
    "triggered",
    "detected",
    "value",
)
"""Names of the data item that holds the state, in lower case."""

IDLE_WORDS = frozenset({"idle", "stopped", "error"})
"""States of a recording job besides Active (tt:RecordingJobState)."""

STATE_CLASSES = {
    "ispeople": EventClass.PERSON,
    "isperson": EventClass.PERSON,
    "isface": EventClass.PERSON,
    "isvehicle": EventClass.VEHICLE,
    "isanimal": EventClass.ANIMAL,
    "ispet": EventClass.ANIMAL,
}

SOURCE_ITEMS = (
    "videosourceconfigurationtoken",
    "videosourcetoken",
    "videosource",
    "source",
    "channel",
    "recordingtoken",
    "recordingjobtoken",
    "videoanalyticsconfigurationtoken",
)
"""Names of the source item that tells which camera, most telling first."""


TELLING_NOTICES: tuple[tuple[tuple[str, ...], DeviceNotice], ...] = (
    (("signalloss", "videoloss", "videolost", "signallost", "videosignal"),
     DeviceNotice.VIDEO_LOSS),
    (("storagefailure", "diskfailure", "diskerror", "harddiskfailure", "hddfailure",
      "storagenotexist", "storagelowspace", "storageabnormal", "/recordingfailure"),
     DeviceNotice.STORAGE_FAILURE),
)  # fmt: skip
"""Parts of a topic's path in lower case that somebody wants to know of.

`Device/HardwareFailure/StorageFailure` is the specification's (Core, Device topics);
the others are makers' own.
"""


def notice_of(topic: str) -> DeviceNotice | None:
    """Return what a device tells of itself, None if it is nothing we show."""
    lowered = f"/{topic.lower()}"
    return next(
        (
            kind
            for words, kind in TELLING_NOTICES
            if any(word in lowered for word in words)
        ),
        None,
    )


def is_notice(topic: str) -> bool:
    """Return whether a topic's path is about the device and not about its pictures."""
    path = f"/{topic.lower()}/"
    return any(word in path for word in NOTICES)


def class_of_topic(topic: str) -> EventClass:
    """Return what a topic's path is about."""
    lowered = f"/{topic.lower()}"
    return next(
        (kind for words, kind in CLASSES if any(word in lowered for word in words)),
        EventClass.OTHER,
    )
