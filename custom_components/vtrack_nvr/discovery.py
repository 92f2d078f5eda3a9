"""Search by multicast in the background: new devices are offered, moved ones followed."""

from datetime import datetime, timedelta

from homeassistant.config_entries import SOURCE_INTEGRATION_DISCOVERY
from homeassistant.const import CONF_HOST, CONF_PORT
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import discovery_flow
from homeassistant.helpers.discovery_flow import DiscoveryKey
from homeassistant.helpers.event import async_track_time_interval

from .const import CONF_ENDPOINT_ID, DOMAIN
from .core.onvif.identity import endpoint_digits
from .core.onvif.probe_match import FoundDevice
from .flows.known_device import Followed, async_follow
from .runtime import VtrackConfigEntry
from .runtime.connect import async_discover

INTERVAL = timedelta(minutes=15)
MOST_OFFERS = 20
"""Shown at a time: anybody on the network can make up devices."""


@callback
def async_setup_discovery(hass: HomeAssistant) -> None:
    """Search now and then while at least one NVR is set up."""

    async def search(_now: datetime) -> None:
        if hass.config_entries.async_entries(DOMAIN, include_ignore=False):
            await async_search(hass)

    async_track_time_interval(
        hass, search, INTERVAL, name=f"{DOMAIN} discovery", cancel_on_shutdown=True
    )


async def async_search(hass: HomeAssistant) -> None:
    """Search once; what is set up and has not moved is left alone."""
    entries: list[VtrackConfigEntry] = hass.config_entries.async_entries(
        DOMAIN, include_ignore=False
    )
    addresses = {(entry.data[CONF_HOST], entry.data[CONF_PORT]) for entry in entries}
    known = {
        endpoint_digits(entry.data[CONF_ENDPOINT_ID]): entry
        for entry in entries
        if entry.data.get(CONF_ENDPOINT_ID)
    }
    shown = {
        flow["context"]["discovery_key"].key
        for flow in hass.config_entries.flow.async_progress_by_handler(
            DOMAIN, match_context={"source": SOURCE_INTEGRATION_DISCOVERY}
        )
        if "discovery_key" in flow["context"]
    }
    for found in await async_discover(hass):
        if (found.host, found.port) in addresses:
            continue
        entry = known.get(endpoint_digits(found.endpoint_id))
        if entry is not None:
            followed = await async_follow(hass, entry, found.host, found.port)
            if followed in {Followed.STAYED, Followed.MOVED}:
                continue
        if key_of(found) in shown or len(shown) >= MOST_OFFERS:
            continue
        shown.add(key_of(found))
        offer(hass, found)


def key_of(found: FoundDevice) -> str:
    """Return what tells the offer of one device from another's."""
    return found.endpoint_id or f"{found.host}:{found.port}"


@callback
def offer(hass: HomeAssistant, found: FoundDevice) -> None:
    """Show a device among the discovered ones; once, and not if it is ignored."""
    discovery_flow.async_create_flow(
        hass,
        DOMAIN,
        context={"source": SOURCE_INTEGRATION_DISCOVERY},
        data={"device": found},
        discovery_key=DiscoveryKey(
            domain=DOMAIN,
            key=key_of(found),
            version=1,
        ),
    )
