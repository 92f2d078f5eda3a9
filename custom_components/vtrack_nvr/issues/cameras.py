"""Notices cameras that appear on a device or go away, and says so."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.event import async_track_time_interval

from ..const import CONF_SEEN, DOMAIN
from ..core.errors import NvrError
from ..core.models import Channel
from ..placeholders import placeholders
from ..runtime import VtrackConfigEntry

INTERVAL = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class ChannelNews:
    """Channels nobody decided about yet, and tokens of kept ones that are gone."""

    new: tuple[Channel, ...] = ()
    vanished: frozenset[str] = frozenset()


def channel_news(
    present: Iterable[Channel], seen: Collection[str], kept: Collection[str]
) -> ChannelNews:
    """Tell the news of a device; one that lists nothing proves nothing.

    `seen` are channels that a person had the choice of before: they were left out.
    """
    listed = tuple(present)
    if not listed:
        return ChannelNews()
    tokens = {channel.token for channel in listed}
    return ChannelNews(
        tuple(item for item in listed if item.token not in {*seen, *kept}),
        frozenset(kept) - tokens,
    )


VANISHED = "camera_vanished_"


def new_cameras_issue(entry: VtrackConfigEntry) -> str:
    """Return the id of the issue that offers new cameras of an NVR."""
    return f"new_cameras_{entry.entry_id}"


def new_cameras(entry: VtrackConfigEntry) -> tuple[Channel, ...]:
    """Return the cameras that were never offered, as last seen."""
    return _news(entry).new


def _news(entry: VtrackConfigEntry) -> ChannelNews:
    runtime = entry.runtime_data
    kept = {camera.channel for camera in runtime.cameras.values()}
    return channel_news(runtime.present, entry.data.get(CONF_SEEN) or (), kept)


@callback
def mark_seen(
    hass: HomeAssistant, entry: VtrackConfigEntry, tokens: Iterable[str]
) -> None:
    """Remember that a person had the choice."""
    seen = dict.fromkeys([*(entry.data.get(CONF_SEEN) or ()), *tokens])
    hass.config_entries.async_update_entry(
        entry, data={**entry.data, CONF_SEEN: list(seen)}
    )


@callback
def offer_again(hass: HomeAssistant, entry: VtrackConfigEntry, token: str) -> None:
    """Offer a camera again should it come back."""
    seen = [item for item in entry.data.get(CONF_SEEN) or () if item != token]
    hass.config_entries.async_update_entry(entry, data={**entry.data, CONF_SEEN: seen})


async def async_look(hass: HomeAssistant, entry: VtrackConfigEntry) -> None:
    """Ask the device; silence changes nothing."""
    runtime = entry.runtime_data
    try:
        present = await runtime.device.channels()
    except NvrError:
        return
    if not runtime.is_attached:
        return  # unloaded meanwhile
    runtime.present = present
    if entry.data.get(CONF_SEEN) is None:
        # The entry is older than this memory: whatever is missing was left out.
        mark_seen(hass, entry, [channel.token for channel in present])
    async_tell(hass, entry)


@callback
def async_tell(hass: HomeAssistant, entry: VtrackConfigEntry) -> None:
    """Bring issues and availability up to what was last seen."""
    runtime = entry.runtime_data
    news = _news(entry)
    issue_id = new_cameras_issue(entry)
    if news.new:
        ir.async_create_issue(
            hass,
            DOMAIN,
            issue_id,
            data={"entry_id": entry.entry_id},
            is_fixable=True,
            severity=ir.IssueSeverity.WARNING,
            translation_key="new_cameras",
            translation_placeholders=placeholders(
                name=entry.title,
                cameras=", ".join(channel.name for channel in news.new),
            ),
        )
    else:
        ir.async_delete_issue(hass, DOMAIN, issue_id)
    gone = []
    _withdraw_of_removed(hass)
    for camera in runtime.cameras.values():
        issue_id = f"{VANISHED}{camera.subentry_id}"
        if camera.channel not in news.vanished:
            ir.async_delete_issue(hass, DOMAIN, issue_id)
            continue
        gone.append(camera.key)
        ir.async_create_issue(
            hass,
            DOMAIN,
            issue_id,
            is_fixable=False,
            severity=ir.IssueSeverity.WARNING,
            translation_key="camera_vanished",
            translation_placeholders=placeholders(name=entry.title, camera=camera.name),
        )
    if frozenset(gone) != runtime.vanished:
        runtime.vanished = frozenset(gone)
        runtime.coordinator.async_update_listeners()


@callback
def _withdraw_of_removed(hass: HomeAssistant) -> None:
    """Tell no longer of vanished cameras that a person has removed."""
    kept = {
        f"{VANISHED}{subentry_id}"
        for entry in hass.config_entries.async_entries(DOMAIN)
        for subentry_id in entry.subentries
    }
    for domain, issue_id in list(ir.async_get(hass).issues):
        if domain == DOMAIN and issue_id.startswith(VANISHED) and issue_id not in kept:
            ir.async_delete_issue(hass, DOMAIN, issue_id)


@callback
def async_setup_camera_watch(hass: HomeAssistant, entry: VtrackConfigEntry) -> None:
    """Look now, then every hour, while the entry is loaded."""

    async def look(_now: datetime) -> None:
        await async_look(hass, entry)

    @callback
    def withdraw() -> None:
        ir.async_delete_issue(hass, DOMAIN, new_cameras_issue(entry))
        for subentry_id in entry.subentries:
            ir.async_delete_issue(hass, DOMAIN, f"{VANISHED}{subentry_id}")

    entry.async_create_background_task(
        hass, async_look(hass, entry), f"{DOMAIN} cameras of {entry.title}"
    )
    entry.async_on_unload(
        async_track_time_interval(hass, look, INTERVAL, name=f"{DOMAIN} cameras")
    )
    entry.async_on_unload(withdraw)
