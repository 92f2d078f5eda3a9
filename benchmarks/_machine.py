"""Which machine measured, and whether others used it at the same time."""

from dataclasses import dataclass
import datetime as dt
from importlib.metadata import version
import os
from pathlib import Path
import platform
import shutil
import subprocess
from typing import Any

from benchmarks._measures import cpu_seconds

MOST_LOAD = 0.5
"""Load for each core before the run."""
MOST_STOLEN = 0.02
MOST_OTHERS = 0.15
"""Share of the machine used by work that is not ours; the kernel's own is in it."""
CACHE = Path(os.environ.get("CACHE", Path.home() / ".cache/vtrack-nvr"))


def _first_line(*command: str) -> str:
    if not shutil.which(command[0]):
        return "not installed"
    done = subprocess.run(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return done.stdout.partition("\n")[0].strip()


def _field(path: str, name: str) -> str:
    for line in Path(path).read_text(encoding="utf-8").splitlines():
        if line.startswith(name):
            return line.partition(":")[2].strip()
    return "unknown"


def describe() -> dict[str, str]:
    """Return what the machine is and runs, in words."""
    memory_kb = int(_field("/proc/meminfo", "MemTotal").split()[0])
    homes = sorted(each.name.removeprefix("demo-") for each in CACHE.glob("demo-*"))
    core = version("homeassistant")
    return {
        "date": f"{dt.datetime.now(dt.UTC):%Y-%m-%d %H:%M} UTC",
        "processor": f"{_field('/proc/cpuinfo', 'model name')}, {os.cpu_count()} cores",
        "memory": f"{memory_kb / 1024**2:.0f} GiB",
        "system": f"{platform.system()} {platform.release()}",
        "Python": platform.python_version(),
        "Home Assistant": f"{core}; house and hostile: {', '.join(homes) or 'none'}",
        "ffmpeg": _first_line("ffmpeg", "-version").partition(" Copyright")[0],
        "GStreamer": _first_line("gst-launch-1.0", "--version"),
        "nginx": _first_line("nginx", "-v").removeprefix("nginx version: "),
        "load before": f"{os.getloadavg()[0]:.1f}",
    }


@dataclass(frozen=True, slots=True)
class Times:
    """Seconds of all cores since the machine started, and ours."""

    whole: float
    busy: float
    stolen: float
    ours: float

    @classmethod
    def now(cls) -> Times:
        """Return the present moment."""
        line = Path("/proc/stat").read_text(encoding="ascii").partition("\n")[0]
        tick = os.sysconf("SC_CLK_TCK")
        fields = [int(field) / tick for field in line.split()[1:9]]
        whole, idle = sum(fields), fields[3] + fields[4]
        return cls(whole, whole - idle - fields[7], fields[7], cpu_seconds())

    def until_now(self) -> Noise:
        """Return what others did since then; our own children must have ended."""
        now = Times.now()
        whole = max(now.whole - self.whole, 1e-9)
        ours = now.ours - self.ours
        return Noise(
            max(0.0, now.stolen - self.stolen) / whole,
            max(0.0, now.busy - self.busy - ours) / whole,
        )


@dataclass(frozen=True, slots=True)
class Noise:
    """What else the machine did: shares of all its cores."""

    stolen: float
    others: float

    @property
    def is_noisy(self) -> bool:
        """Return whether the figures of that time are worth little."""
        return self.stolen > MOST_STOLEN or self.others > MOST_OTHERS

    def as_dict(self) -> dict[str, Any]:
        """Return what is kept as JSON."""
        return {
            "stolen": round(self.stolen, 4),
            "others": round(self.others, 4),
            "is_noisy": self.is_noisy,
        }


def is_loaded() -> bool:
    """Return whether the machine is at work before we begin."""
    return os.getloadavg()[0] > MOST_LOAD * (os.cpu_count() or 1)
