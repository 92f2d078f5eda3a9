"""What a person can get wrong when adding a device: each has its own words."""

from collections.abc import Sequence
from typing import Any

import aiohttp

from . import flow
from .api import Api
from .ports import free_port
from .simulator import Nvr, Simulator
from .stage import DOMAIN, Home, answers_for

MOST_SUBMITS = 3
_RTSP = 500
"""A simulated device's RTSP port is so far above its web port."""


async def wrong_about_mistakes(
    home: Home, simulator: Simulator, session: aiohttp.ClientSession
) -> list[str]:
    """Make every mistake once; return where the answer was not its own clear one."""
    nvr = simulator.nvrs[0]
    good = answers_for(nvr)
    found = [
        *await _expect(home.api, {"auth_refused"}, {**good, "password": "wrong"}),
        *await _expect(home.api, _NOBODY, {**good, "port": str(free_port())}),
        *await _expect(
            home.api, {"not_onvif"}, {**good, "port": str(nvr.port + _RTSP)}
        ),
        *await _expect(home.api, _NOT_ONVIF, {**good, "port": str(home.config.port)}),
    ]
    await simulator.set_faults(session, nvr.name, {"html_ops": ["*"]})
    found += await _expect(home.api, {"html_page"}, good)
    await simulator.set_faults(session, nvr.name, None)
    entries = await home.api.get("/api/config/config_entries/entry")
    ours = [entry for entry in entries if entry["domain"] == DOMAIN]
    return found + [f"{entry['title']} was created by a mistake" for entry in ours]


_NOBODY = {"unreachable", "nothing_found"}
_NOT_ONVIF = {"not_onvif", "html_page"}


async def _expect(api: Api, keys: set[str], answers: dict[str, str]) -> list[str]:
    try:
        result = await flow.add(api, DOMAIN, answers)
    except flow.RefusedError as refused:
        await flow.drop(api, refused.flow_id)
        if refused.keys <= keys:
            return []
        return [f"{refused}, expected {' or '.join(sorted(keys))}"]
    return [f"{result['title']} was added in spite of {' or '.join(sorted(keys))}"]


def wrong_in_forms(nvrs: Sequence[Nvr], results: Sequence[dict[str, Any]]) -> list[str]:
    """Return where adding took too long, or did not say whether recordings can be had."""
    found = []
    for nvr, result in zip(nvrs, results, strict=True):
        if len(result["forms"]) > MOST_SUBMITS:
            found.append(f"{nvr.name} took {len(result['forms'])} submits")
        report = str(result["forms"][-1].get("description_placeholders"))
        if ("no Profile G" in report) is nvr.profile_g:
            found.append(f"{nvr.name} is reported as: {report}")
    return found
