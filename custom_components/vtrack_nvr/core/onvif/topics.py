"""Which topics mean what: the words of many vendors, as data."""

from ..models import EventClass

CLASSES: tuple[tuple[tuple[str, ...], EventClass], ...] = (
    (
        ("peopledetect", "humandetect", "persondetect", "humanshapedetect", "pedestrian",
         "facedetect", "facerecognition", "humanoid"),
        EventClass.PERSON,
    ),
    (
        ("vehicledetect", "licenseplate", "cardetect", "motorvehicle", "anpr"),
        EventClass.VEHICLE,
    ),
    (("dogcatdetect", "petdetect", "animaldetect", "animal"), EventClass.ANIMAL),
    (("recordinghistory", "recordingconfig/jobstate"), EventClass.RECORDING),
    (
        ("cellmotiondetector", "motionalarm", "motiondetector", "motionregiondetector",
         "videomotion", "videosource/motion", "ruleengine/motion", "motion"),
        EventClass.MOTION,
    ),
    (
        ("fielddetector", "linedetector", "linecross", "intrusion", "myruledetector",
         "tptsmartevent", "smartevent", "objectdetect", "objectsinside"),
        EventClass.MOTION,
    ),
)  # fmt: skip
"""Parts of a topic's path in lower case, most telling first; the first hit wins."""

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


def classify(topic: str) -> EventClass:
    """Return what a topic's path is about."""
    lowered = topic.lower()
    return next(
        (kind for words, kind in CLASSES if any(word in lowered for word in words)),
        EventClass.OTHER,
    )
