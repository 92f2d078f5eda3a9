"""Pictures of what can be changed later: options, cameras, address and login."""

from playwright.sync_api import Locator

from .person import SETTLE_MS, Person

INTEGRATION = "config/integrations/integration/vtrack_nvr"
GEAR = "ha-icon-button[slot=end]"
REPORT_MS = 150_000
"""A report takes two minutes at most."""


def _row(who: Person) -> Locator:
    """Return the entry of the recorder."""
    who.open(INTEGRATION, "ha-config-entry-row")
    return who.page.locator("ha-config-entry-row", has_text="Stairs").first


def _options(who: Person) -> None:
    who.press(_row(who).locator(GEAR).first)
    who.see("Test the connection")


def _menu(who: Person, item: str = "") -> None:
    row = _row(who)
    who.press(row.locator("ha-dropdown ha-icon-button[slot=trigger]").first)
    if item:
        who.press(row.locator("ha-dropdown-item", has_text=item).first)


def press_camera_settings(who: Person) -> None:
    """Open the settings of a camera."""
    who.press(_row(who).locator("ha-config-sub-entry-row").first.locator(GEAR).first)


def integration(who: Person) -> None:
    """Show the integration's page, and what an entry offers."""
    who.open(INTEGRATION, "ha-config-entry-row")
    who.look("the integration")
    _menu(who)
    who.look("menu of the entry with diagnostics")


def options(who: Person) -> None:
    """Show the options: settings and the test of the connection."""
    _options(who)
    who.look("options")
    who.press(who.page.get_by_text("How often to look").first)
    who.see("Look for new recordings")
    who.look("options settings")
    who.open_sections()
    who.look("options settings open")
    who.scroll_dialog(3000)
    who.look("options settings open the end")
    who.close_dialog()
    _options(who)
    who.press(who.page.get_by_text("Connect now").first)
    who.see("Connection test")
    who.see("firmware")
    who.look("options test passed")
    who.close_dialog()
    with who.world.faults("House", html_ops=["*"]):
        _options(who)
        who.press(who.page.get_by_text("Connect now").first)
        who.see("Submit to try again")
        who.look("options test failed")
    who.click("Submit")
    who.page.wait_for_timeout(3 * SETTLE_MS)
    who.see("Test again")
    who.look("options test repeated")
    who.close_dialog()


def device_report(who: Person) -> None:
    """Make the report on a device, to be saved."""
    _options(who)
    who.look("options with the report")
    who.press(who.page.get_by_text("Ask the device everything").first)
    who.see("This takes up to two minutes")
    who.look("report being made")
    who.see("The report is ready", REPORT_MS)
    who.look("report made")
    who.close_dialog()


def camera_settings(who: Person) -> None:
    """Show and send the settings of one camera."""
    press_camera_settings(who)
    who.see("Settings of")
    who.look("camera settings")
    who.open_sections()
    who.look("camera settings open")
    for number in range(3):
        who.scroll_dialog(650)
        who.look(f"camera settings open {number + 2}")
    who.click("Submit")
    who.see("successful")
    who.look("camera settings saved")
    who.close_dialog()


def camera_added(who: Person) -> None:
    """Find no camera to add; then add one that was removed."""
    _menu(who, "Add camera")
    who.see("kept already")
    who.look("no camera to add")
    who.close_dialog()
    message = {"entry_id": who.entry_of("House")}
    subentries = who.call({"type": "config_entries/subentries/list", **message})
    removed = {"subentry_id": subentries[0]["subentry_id"]}
    who.call({"type": "config_entries/subentries/delete", **message, **removed})
    _menu(who, "Add camera")
    who.see("Add a camera")
    who.look("camera to add")
    who.click("Submit")
    who.page.wait_for_timeout(3 * SETTLE_MS)
    who.look("camera added")
    who.close_dialog()


def reconfigure(who: Person) -> None:
    """Send another address or login, refused and accepted."""
    _menu(who, "Reconfigure")
    who.see("Address and login")
    who.look("reconfigure")
    who.open_sections()
    who.scroll_dialog(3000)
    who.look("reconfigure open")
    with who.world.faults("House", html_ops=["*"]):
        who.click("Submit")
        who.page.wait_for_timeout(3 * SETTLE_MS)
        who.scroll_dialog(-3000)
        who.look("reconfigure refused")
    who.click("Submit")
    who.page.wait_for_timeout(4 * SETTLE_MS)
    who.look("reconfigured")
    who.close_dialog()


SCENES = (
    integration,
    options,
    device_report,
    camera_settings,
    camera_added,
    reconfigure,
)
