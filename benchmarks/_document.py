"""The page of performance, docs/performance.md: written from a run, never by hand."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from benchmarks._machine import MOST_OTHERS, MOST_STOLEN, Noise
from benchmarks._rows import Row, as_markdown

COMMAND = (
    "scripts/bench all --markdown docs/performance.md --json docs/performance.json"
)

INTRODUCTION = f"""\
# Performance

This page is written by a command. It measures everything again and takes about half an hour on two cores:

```sh
{COMMAND}
```

`--long` measures at full size, `--only NAME …` some of it, and `scripts/bench NAME` one benchmark with its
own figures. Chromium, GStreamer, and nginx are measured beside ours if they are installed.

- **bar**: what has to hold on a quiet machine of two cores. An *aim* is where we want to be.
- **ratio**: ours divided by the peer's, both measured in the same run on the same bytes. A slow or busy
  machine changes figures, and changes ratios much less. Compare ratios.
- **holds**: whether the bar was kept in this run. What could not be measured says why.

Everything runs on one machine over loopback against simulated devices. No figure is of a real camera.
"""


@dataclass(frozen=True, slots=True)
class Done:
    """What came of one benchmark."""

    rows: list[Row]
    noise: Noise | None = None
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Run:
    """A whole run: the machine, and what came of each benchmark."""

    machine: Mapping[str, str]
    done: Mapping[str, Done]
    is_long: bool
    is_noisy: bool

    @property
    def rows(self) -> list[Row]:
        """Return the table."""
        return [row for each in self.done.values() for row in each.rows]

    def remarks(self) -> list[str]:
        """Return what has to be known of the figures."""
        measured = [row for row in self.rows if row.value is not None]
        missed = [row.line.name for row in self.rows if row.holds is False]
        noisy = [
            f"{name} ({each.noise.others:.0%} others, {each.noise.stolen:.0%} stolen)"
            for name, each in self.done.items()
            if each.noise and each.noise.is_noisy
        ]
        minutes = sum(each.seconds for each in self.done.values()) / 60
        found = [
            f"{'Full' if self.is_long else 'Quick'} pass, {minutes:.0f} minutes: "
            f"{len(measured)} of {len(self.rows)} lines measured, "
            f"{len(missed)} without what they have to hold"
            + (f" ({', '.join(missed)})." if missed else ".")
        ]
        if self.is_noisy:
            found.append(
                "**Noisy**: other work used the machine. Absolute figures are worth "
                f"little, and bars of time can be missed for it. Load before: "
                f"{self.machine['load before']}. More than {MOST_OTHERS:.0%} used by "
                f"others or {MOST_STOLEN:.0%} stolen during: {', '.join(noisy) or 'none'}."
            )
        return found

    def as_dict(self) -> dict[str, Any]:
        """Return what is kept as JSON."""
        return {
            "machine": dict(self.machine),
            "is_long": self.is_long,
            "is_noisy": self.is_noisy,
            "noise": {
                name: each.noise.as_dict()
                for name, each in self.done.items()
                if each.noise
            },
            "rows": [row.as_dict() for row in self.rows],
        }


def page(run: Run) -> str:
    """Return the page."""
    machine = "\n".join(f"| {name} | {told} |" for name, told in run.machine.items())
    remarks = "\n\n".join(run.remarks())
    return (
        f"{INTRODUCTION}\n## The machine\n\n| | |\n|---|---|\n{machine}\n\n"
        f"{remarks}\n\n## The table\n\n{as_markdown(run.rows)}\n"
    )
