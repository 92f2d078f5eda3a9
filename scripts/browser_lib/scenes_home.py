"""Pictures of what is there afterwards: devices, footage, actions, troubles."""

from .person import PATIENCE_MS, SETTLE_MS, Person

MEDIA = "media-browser/browser/app%2Cmedia-source%3A%2F%2Fvtrack_nvr"
NOTICED_MS = 60_000
REPAIR = ", ".join(
    f"ha-config-repairs {item}"
    for item in ("ha-list-item-button", "ha-md-list-item", "ha-list-item")
)
TILE = "ha-media-player-browse .child"
TOOLS_STATE = "panel-dev-action-state-service-data"


def devices(who: Person) -> None:
    """Show the pages of the recorder and of a camera, and all entities."""
    everything = who.call({"type": "config/device_registry/list"})
    ours = [
        device
        for device in everything
        if any(kind == "vtrack_nvr" for kind, *_ in device["identifiers"])
    ]
    recorder = next(d for d in ours if d["via_device_id"] is None)
    camera = next(d for d in ours if d["via_device_id"] == recorder["id"])
    who.open(f"config/devices/device/{recorder['id']}", "ha-config-device-page")
    who.look("device page of the recorder")
    who.open(f"config/devices/device/{camera['id']}", "ha-config-device-page")
    who.look("device page of a camera")
    who.page.mouse.move(640, 500)
    who.page.mouse.wheel(0, 900)
    who.page.wait_for_timeout(SETTLE_MS)
    who.look("device page of a camera below")
    who.open("config/entities?domain=vtrack_nvr", "ha-config-entities")
    who.look("entities")


def the_demos_link(who: Person) -> None:
    """Open the link that the demo prints as somebody who has not signed in yet."""
    browser = who.page.context.browser
    assert browser is not None
    size = who.page.viewport_size
    stranger = Person(browser.new_page(viewport=size), who.told)
    try:
        stranger.enter(MEDIA, "ha-panel-media-browser")
        tile = stranger.page.locator(TILE, has_text="House")
        tile.first.wait_for(timeout=PATIENCE_MS)
    finally:
        who.look("the demos link", of=stranger.page)
        stranger.page.close()


def footage(who: Person) -> None:
    """Show the levels of the media browser, and a clip that plays."""
    who.open(MEDIA, "ha-media-player-browse")
    who.look("media browser")
    for level in ("House", "Stairs", "20", ":"):
        tile = who.page.locator(TILE, has_text=level)
        who.press(tile.first)
        who.page.wait_for_timeout(2 * SETTLE_MS)
        who.look(f"media browser below {level}")
    who.page.wait_for_timeout(4 * SETTLE_MS)
    who.look("a clip plays")
    who.close_dialog()


def actions(who: Person) -> None:
    """Show each of our actions as the tools do."""
    services = who.call({"type": "get_services"})
    for name in sorted(services["vtrack_nvr"]):
        who.page.evaluate(
            "([key, value]) => localStorage.setItem(key, value)",
            [TOOLS_STATE, f'{{"action":"vtrack_nvr.{name}"}}'],
        )
        who.open("config/tools/action", "ha-service-control")
        who.look(f"action {name}")


def _repairs(who: Person, name: str) -> None:
    who.open("config/repairs", "ha-config-repairs-dashboard")
    who.look(f"repairs {name}")
    items = who.page.locator(REPAIR)
    for number in range(items.count()):
        who.press(items.nth(number))
        who.page.wait_for_timeout(SETTLE_MS)
        who.look(f"repair {name} {number + 1}")
        who.close_dialog()


def storage_and_login(who: Person) -> None:
    """Show what is said when storage and login are gone, and sign in again."""
    kept = who.world.media / "vtrack_nvr"
    aside = who.world.media / "aside"
    kept.rename(aside)
    who.world.control("House", "password", password="changed-7")
    try:
        who.page.wait_for_timeout(NOTICED_MS)
        _repairs(who, "storage and login")
        who.open("config/integrations/dashboard", "ha-config-flow-card")
        who.look("dashboard with a login refused")
        again = who.page.locator(
            "ha-config-flow-card ha-button", has_text="Reconfigure"
        )
        who.press(again.first)
        who.see("Sign in again")
        who.fill("viewer", "wrong")
        who.click("Submit")
        who.see("was rejected")
        who.look("mistake wrong password again")
        who.fill("viewer", "changed-7")
        who.click("Submit")
        who.see("successful")
        who.look("signed in again")
        who.close_dialog()
    finally:
        aside.rename(kept)


def cameras_come_and_go(who: Person) -> None:
    """Show what is said of a camera that vanished, and of one that is new."""
    entry_id = who.entry_of("House")
    with who.world.faults("House", vanished_channels=["Hall"]):
        who.reload(entry_id)
        _repairs(who, "a camera vanished")
        registry = who.call({"type": "config/device_registry/list"})
        hall = next(device for device in registry if device["name"] == "Hall")
        who.open(f"config/devices/device/{hall['id']}", "ha-config-device-page")
        who.look("device page of a vanished camera")
        ids = {"device_id": hall["id"], "config_entry_id": entry_id}
        who.call({"type": "config/device_registry/remove_config_entry", **ids})
    who.reload(entry_id)
    _repairs(who, "a new camera")


def removed(who: Person) -> None:
    """Show what is asked and said when a device is removed."""
    who.open("config/integrations/integration/vtrack_nvr", "ha-config-entry-row")
    row = who.page.locator("ha-config-entry-row", has_text="Stairs").first
    who.press(row.locator("ha-dropdown ha-icon-button[slot=trigger]").first)
    who.press(row.locator("ha-dropdown-item[value=delete]").first)
    who.look("remove the device")
    who.click("Delete")
    who.page.wait_for_timeout(5 * SETTLE_MS)
    who.press(who.page.get_by_text("Notifications", exact=True).first)
    who.see("its recordings were not")
    who.look("told of the recordings that stay")
    who.open(MEDIA, "ha-media-player-browse")
    who.look("media browser after removal")


SCENES = (
    devices,
    the_demos_link,
    footage,
    actions,
    storage_and_login,
    cameras_come_and_go,
    removed,
)
