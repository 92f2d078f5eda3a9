"""Named scenarios: the devices a demonstration or a test starts.

Identities are constants: the same scenario is the same devices on every run.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from .faults import Faults
from .soap.auth import AuthMode
from .spec import ALL_SERVICES, CameraSpec, Mapping, NvrSpec
from .timeline import Stretch
from .vendors import (
    axis_like,
    dahua_like,
    hanwha_like,
    hikvision_like,
    milesight_like,
    no_name,
    reolink_like,
    tapo_like,
)
from .vendors_odd import (
    dahua_old_like,
    dlink_like,
    gm8135_like,
    half_built_server,
    hikvision_old_like,
)

_MINUTE = 60_000
_HOUR = 60 * _MINUTE
_DAY = 24 * _HOUR
_YEAR = 365 * _DAY


def at(day: int, hour: int, minute: int, seconds: float, second: float = 0) -> Stretch:
    """Return a stretch `seconds` long on the day counted from the base midnight."""
    start = day * _DAY + hour * _HOUR + minute * _MINUTE + round(second * 1000)
    return Stretch(start, round(seconds * 1000))


def _identity(number: int, name: str, model: str = "SIM-1") -> dict[str, str]:
    return {
        "name": name,
        "model": model,
        "serial": f"VS{number:06d}",
        "mac": f"02:00:5e:00:00:{number:02x}",
        "uuid": f"7f3d4c1e-0000-4000-8000-{number:012d}",
    }


def _short(name: str, day_minute: int = 0, seconds: float = 12) -> CameraSpec:
    """Return a camera with two stretches yesterday."""
    return CameraSpec(
        name,
        (at(0, 8, day_minute, seconds), at(0, 18, day_minute, seconds)),
        base_days=1,
    )


def demo() -> list[NvrSpec]:
    """Three cameras, a four-channel NVR, a camera without Profile G.

    Under twelve minutes of footage; Drive has gaps in what looks like one morning, Porch
    is being recorded now.
    """
    porch = CameraSpec(
        "Porch", (at(0, 7, 30, 40), at(0, 18, 5, 30), at(1, 7, 45, 40)), grows=True
    )
    drive = CameraSpec(
        "Drive",
        (
            at(0, 12, 0, 30),
            at(1, 6, 58, 45),
            at(1, 7, 0, 45),
            at(1, 7, 1, 30, 20),
            at(1, 7, 4, 30),
        ),
        audio="PCMU",
    )
    garden = CameraSpec("Garden", (at(0, 9, 15, 35), at(1, 20, 40, 35)), audio=None)
    channels = tuple(
        CameraSpec(
            name,
            (at(0, 10 + number, 10, 20), at(1, 8, 10 * number, 20)),
            audio=None if number % 2 else "AAC",
        )
        for number, name in enumerate(("Hall", "Stairs", "Cellar", "Attic"))
    )
    return [
        NvrSpec(cameras=(porch,), **_identity(1, "Porch")),
        NvrSpec(cameras=(drive,), **_identity(2, "Drive")),
        NvrSpec(cameras=(garden,), **_identity(3, "Garden")),
        NvrSpec(cameras=channels, **_identity(4, "House", "SIM-NVR-4")),
        NvrSpec(
            cameras=(CameraSpec("Gate", is_recorded=False),),
            services=frozenset({"media", "media2", "events"}),
            **_identity(5, "Gate", "SIM-LIVE"),
        ),
    ]


def walk(first_s: float) -> list[NvrSpec]:
    """Four cameras that saw the same, over a border of clips and a gap; one beside them.

    `first_s`: length of the stretch before the gap, which begins at 9:03 yesterday.
    """
    small: dict[str, Any] = {"base_days": 1, "width": 320, "height": 180}
    stretches = (at(0, 9, 3, first_s), at(0, 9, 10, 40))
    house = tuple(
        CameraSpec(name, stretches, audio="AAC" if name == "Porch" else None, **small)
        for name in ("Porch", "Drive", "Garden", "Hall")
    )
    attic = CameraSpec("Attic", (at(0, 9, 3, 120),), audio=None, **small)
    return [
        NvrSpec(cameras=house, **_identity(93, "House", "SIM-NVR-4")),
        NvrSpec(cameras=(attic,), **_identity(94, "Attic")),
    ]


def big() -> list[NvrSpec]:
    """Two recorders of sixteen cameras; six of them hold five minutes, the others seconds."""
    names = (
        "Front door", "Driveway", "Garage", "Garden", "Terrace", "Gate", "Side path", "Back door",
        "Hall", "Stairs", "Cellar", "Attic", "Workshop", "Pool", "Shed", "Carport",
        "Reception", "Corridor 1", "Corridor 2", "Store room", "Loading bay", "Car park north",
        "Car park south", "Roof", "Server room", "Kitchen", "Canteen", "Office 1", "Office 2",
        "Meeting room", "Archive", "Fire exit",
    )  # fmt: skip
    specs = []
    for number, name in ((95, "House"), (96, "Works")):
        first = (number - 95) * 16
        cameras = tuple(
            CameraSpec(
                each,
                (at(0, 6, 0, 300 if n < 3 else 8), at(0, 19, n, 8)),
                base_days=1,
                audio=None,
                width=320,
                height=180,
                gop_ms=10_000,
            )
            for n, each in enumerate(names[first : first + 16])
        )
        specs.append(NvrSpec(cameras=cameras, **_identity(number, name, "SIM-NVR-16")))
    return specs


def three_on_one_host() -> list[NvrSpec]:
    """The owner's three cameras: one address, three ports."""
    return [
        NvrSpec(cameras=(_short(name, number),), **_identity(number, name))
        for number, name in ((11, "First"), (12, "Second"), (13, "Third"))
    ]


def _many(count: int, number: int) -> list[NvrSpec]:
    cameras = tuple(
        CameraSpec(
            f"Channel {n:02d}",
            (at(0, 6 + n % 12, n % 60, 4), at(0, 19, n % 60, 4)),
            base_days=1,
            audio=None,
            width=320,
            height=180,
        )
        for n in range(1, count + 1)
    )
    return [NvrSpec(cameras=cameras, **_identity(number, f"Recorder {count}"))]


def channels_from(first: int) -> list[NvrSpec]:
    """Four channels whose only trace to recordings is their numbers."""
    cameras = tuple(_short(f"Room {n}", n) for n in range(4))
    return [
        NvrSpec(
            cameras=cameras,
            first_channel=first,
            mapping=Mapping.NUMBERS,
            source_token="{n:03d}",
            profile_token="MediaProfile{n:03d}0{index}",
            recording_token="RecordMediaProfile{n:03d}00",
            **_identity(30 + first, f"From {first}"),
        )
    ]


def _four(number: int, mapping: Mapping) -> list[NvrSpec]:
    """Return a four-channel NVR whose recordings are traced in one way only."""
    cameras = tuple(
        replace(_short(f"Room {n}", n), recording_token=f"DISK_{letter}")
        for n, letter in enumerate("ABCD")
    )
    name = f"By {mapping}"
    return [
        NvrSpec(
            cameras=cameras,
            mapping=mapping,
            lists_backwards=mapping is not Mapping.ORDER,
            **_identity(number, name),
        )
    ]


def _vendor(
    number: int, make: Callable[..., NvrSpec], channels: int = 1
) -> list[NvrSpec]:
    name = make.__name__.replace("_", " ").capitalize()
    cameras = tuple(_short(f"{name} {n + 1}", n) for n in range(channels))
    return [make(cameras, **_identity(number, name))]


def _one(number: int, name: str, **fields: object) -> list[NvrSpec]:
    spec = NvrSpec(cameras=(_short(name, number),), **_identity(number, name))
    return [replace(spec, **fields)]


def shared_mac() -> list[NvrSpec]:
    """Two devices with one MAC address, everything else their own."""
    first, second = three_on_one_host()[:2]
    return [first, replace(second, mac=first.mac)]


def duplicate_uuid() -> list[NvrSpec]:
    """Cheap clones: one UUID, two serial numbers."""
    first, second = three_on_one_host()[:2]
    return [first, replace(second, uuid=first.uuid)]


def look_alikes() -> list[NvrSpec]:
    """Two units of one series: all marks are the same, and worth nothing (EYEPLUS)."""
    marks = {"serial": "12345679890", "mac": "00:00:00:00:00:00", "hardware_id": "1.0"}
    first, second = three_on_one_host()[:2]
    return [
        replace(first, **marks, uuid=first.uuid),
        replace(second, **marks, uuid=first.uuid),
    ]


def odd_serials() -> list[NvrSpec]:
    """Serial numbers with a slash, beyond ASCII, and none at all."""
    specs = three_on_one_host()
    serials = ("SN/2024/0007 #1", "серия-№7-é", "")
    return [replace(s, serial=serial) for s, serial in zip(specs, serials, strict=True)]


def hostile() -> list[NvrSpec]:
    """A recorder of one camera and a camera to be recorded live, both honest at first.

    The clips are too long for what a connection buffers.
    """
    yard = CameraSpec(
        "Yard",
        (at(0, 8, 0, 10), at(0, 18, 0, 10)),
        base_days=1,
        audio=None,
        width=320,
        height=180,
        pad_kbps=8000,
    )
    lane = CameraSpec("Lane", is_recorded=False, audio=None, width=320, height=180)
    return [
        NvrSpec(cameras=(yard,), **_identity(91, "Yard")),
        NvrSpec(
            cameras=(lane,),
            services=frozenset({"media", "media2", "events"}),
            **_identity(92, "Lane"),
        ),
    ]


SCENARIOS: dict[str, Callable[[], list[NvrSpec]]] = {
    "demo": demo,
    "big": big,
    "walk": lambda: walk(160),
    "walk-long": lambda: walk(340),
    "hostile": hostile,
    "three-on-one-host": three_on_one_host,
    "nvr16": lambda: _many(16, 21),
    "nvr32": lambda: _many(32, 22),
    "channels-from-zero": lambda: channels_from(0),
    "channels-from-one": lambda: channels_from(1),
    "no-profile-g": lambda: _one(
        41, "Live only", services=frozenset({"media", "media2", "events"})
    ),
    "search-only": lambda: _one(42, "Search only", services=ALL_SERVICES - {"replay"}),
    "h265-media2-only": lambda: [
        NvrSpec(
            cameras=(replace(_short("Hevc"), codec="H265", has_sub_stream=False),),
            services=ALL_SERVICES - {"media"},
            **_identity(43, "Hevc"),
        )
    ],
    "digest-only": lambda: _one(
        44,
        "Digest",
        auth=AuthMode.DIGEST,
        digest_algorithms=("SHA-256", "MD5"),
        rtsp_challenges=("sha256", "md5"),
    ),
    "clock-3-years-off": lambda: _one(
        45, "Late", auth=AuthMode.WSS, clock_offset_ms=-3 * _YEAR
    ),
    "inner-xaddr": lambda: _one(
        46,
        "Inner",
        faults=Faults(
            xaddr_host="192.168.77.20", xaddr_port=80, rtsp_uri_host="192.168.77.20"
        ),
    ),
    "local-as-utc": lambda: _one(
        47,
        "Local",
        auth=AuthMode.WSS,
        clock_offset_ms=_HOUR,
        timezone="CET-1CEST,M3.5.0,M10.5.0/3",
        faults=Faults(wss_true_time=True),
    ),
    "shared-mac": shared_mac,
    "duplicate-uuid": duplicate_uuid,
    "look-alikes": look_alikes,
    "odd-serials": odd_serials,
    "wss-only": lambda: _one(49, "Token", auth=AuthMode.WSS),
    "basic-over-tls": lambda: _one(50, "Basic", auth=AuthMode.BASIC, has_tls=True),
    "basic-only": lambda: _one(
        58, "Readable", auth=AuthMode.BASIC, rtsp_challenges=("basic",)
    ),
    "rtsp-basic-only": lambda: _one(59, "Stream", rtsp_challenges=("basic",)),
    "token-text-only": lambda: _one(60, "Text", auth=AuthMode.WSS_TEXT),
    "old-tls": lambda: _one(66, "Aged", has_tls=True, has_old_tls=True),
    "no-login": lambda: _one(51, "Open", auth=AuthMode.NONE),
    "rtsp-login": lambda: _one(
        52, "Two logins", rtsp_accounts={"stream": "other-harbour-7"}
    ),
    "no-get-services": lambda: _one(53, "Old", faults=Faults(no_get_services=True)),
    "empty-g-xaddrs": lambda: _one(
        54,
        "Empty addresses",
        auth=AuthMode.WSS,
        faults=Faults(empty_g_xaddrs=True, no_get_services=True),
    ),
    "empty-disk": lambda: _one(55, "No footage", faults=Faults(no_recordings=True)),
    "locks-out": lambda: _one(
        56, "Strict", auth=AuthMode.WSS, faults=Faults(lockout_after=5)
    ),
    "hour-off": lambda: _one(57, "Summer", auth=AuthMode.WSS, clock_offset_ms=_HOUR),
    "mapping-video-source": lambda: _four(61, Mapping.VIDEO_SOURCE),
    "mapping-source-id": lambda: _four(62, Mapping.SOURCE_ID),
    "mapping-options": lambda: _four(63, Mapping.OPTIONS),
    "mapping-order": lambda: _four(64, Mapping.ORDER),
    "sources-per-stream": lambda: [
        replace(_four(65, Mapping.JOB_PROFILE)[0], source_per_stream=True)
    ],
    "hikvision-like": lambda: _vendor(71, hikvision_like, 4),
    "axis-like": lambda: _vendor(72, axis_like),
    "dahua-like": lambda: _vendor(73, dahua_like, 4),
    "hanwha-like": lambda: _vendor(74, hanwha_like, 2),
    "milesight-like": lambda: _vendor(75, milesight_like),
    "tapo-like": lambda: _vendor(76, tapo_like),
    "reolink-like": lambda: _vendor(77, reolink_like),
    "no-name": lambda: _vendor(78, no_name),
    "dahua-old-like": lambda: _vendor(79, dahua_old_like),
    "hikvision-old-like": lambda: _vendor(80, hikvision_old_like),
    "gm8135-like": lambda: _vendor(81, gm8135_like),
    "dlink-like": lambda: _vendor(82, dlink_like),
    "half-built-server": lambda: _vendor(83, half_built_server),
    "tls-self-signed": lambda: _one(48, "Secure", has_tls=True),
}

ODD_HOUSE = tuple(
    name
    for name in SCENARIOS
    if name.endswith("-like") or name in {"no-name", "half-built-server"}
)
"""One of each maker's shape."""
SCENARIOS["odd-house"] = lambda: [
    spec for name in ODD_HOUSE for spec in SCENARIOS[name]()
]


def make_specs(name: str, host: str = "127.0.0.1", base_port: int = 0) -> list[NvrSpec]:
    """Return the devices of a scenario at a host, ports counted from `base_port`.

    RTSP listens 500 above the web port. With `base_port` 0 every port is a free one.
    """
    specs = SCENARIOS[name]()
    for index, spec in enumerate(specs):
        spec.host = host
        if base_port:
            spec.port = base_port + index
            spec.rtsp_port = base_port + 500 + index
    return specs
