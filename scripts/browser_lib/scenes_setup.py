"""Pictures of adding devices: what is found, what goes wrong, what is asked."""

from .person import SETTLE_MS, Person

BOXES = "dialog-data-entry-flow ha-checkbox"


def _begin(who: Person) -> None:
    who.open("config/integrations/dashboard/add?domain=vtrack_nvr", "ha-button")
    who.click("OK")
    who.see("Choose a device")


def searching_and_finding(who: Person) -> None:
    """Show the search, and the list of what it found."""
    who.open("config/integrations/dashboard/add?domain=vtrack_nvr", "ha-button")
    who.look("add integration")
    who.click("OK")
    who.see("Searching your network")
    who.look("searching")
    who.see("Choose a device")
    who.look("devices found")


def mistakes_of_address(who: Person) -> None:
    """Make each mistake with an address, in the same open form."""
    porch = who.world.nvrs[0]
    for name, host, port in (
        ("not an address", "not a host!", ""),
        ("not a port", porch["host"], "many"),
        ("too many addresses", "10.0.0.0/8", ""),
        ("closed port", "127.0.0.1", "9"),
        ("nothing found", "127.0.0.1", "9,10"),
        ("not ONVIF", porch["host"], str(porch["port"] + 500)),
    ):
        who.fill(host, port)
        who.click("Next")
        who.page.wait_for_timeout(3 * SETTLE_MS)
        who.see("Choose a device")
        who.look(f"mistake {name}")
    with who.world.faults("Porch", html_ops=["*"]):
        who.fill(porch["host"], str(porch["port"]))
        who.click("Next")
        who.see("A web page answers here")
        who.look("mistake web page")
    who.close_dialog()


def signing_in(who: Person) -> None:
    """Sign in wrongly, then rightly, and add all found devices in one go.

    One of the others refuses the login: it is offered on its own.
    """
    house = who.world.nvrs[3]
    who.world.control("Garden", "password", password="another-9")
    _begin(who)
    who.press(who.page.get_by_text(house["name"], exact=False).first)
    who.look("device chosen")
    who.click("Next")
    who.see("Sign in")
    who.look("login")
    who.fill(house["user"], "wrong")
    who.click("Next")
    who.see("was rejected")
    who.look("mistake wrong password")
    who.open_sections()
    who.scroll_dialog(2000)
    who.look("login rtsp section")
    who.press(who.page.locator("dialog-data-entry-flow ha-switch").first)
    who.fill(house["user"], house["password"])
    who.click("Next")
    who.see("Choose what to keep")
    who.look("report and cameras")
    who.scroll_dialog(4000)
    who.look("report the end")
    for box in who.page.locator(BOXES).all():
        box.click()
    who.click("Submit")
    who.see("Choose at least one camera")
    who.scroll_dialog(4000)
    who.look("mistake no camera")
    for box in who.page.locator(BOXES).all():
        box.click()
    who.click("Submit")
    who.see("Skip and finish")
    who.look("created")
    who.open("config/integrations/dashboard", "ha-integration-card")
    who.page.wait_for_timeout(3 * SETTLE_MS)
    who.look("dashboard with one that is offered")
    who.press(who.page.locator("ha-config-flow-card ha-button", has_text="Add").first)
    who.see("Sign in")
    who.look("offered device")
    who.fill(house["user"], "another-9")
    who.click("Next")
    who.see("Choose what to keep")
    who.click("Submit")
    who.see("Skip and finish")
    who.close_dialog()


def live_only(who: Person) -> None:
    """Show what happens where there is no Profile G."""
    gate = who.world.nvrs[4]
    _begin(who)
    who.fill(gate["host"], str(gate["port"]))
    who.click("Next")
    who.see("Sign in")
    who.fill(gate["user"], gate["password"])
    who.click("Next")
    who.see("Choose what to keep")
    who.look("report without profile G")
    who.close_dialog()


def certificate(who: Person) -> None:
    """Show and trust a certificate that nobody signed."""
    secure = who.world.tls
    _begin(who)
    who.fill(f"https://{secure['host']}:{secure['port']}")
    who.click("Next")
    who.see("Sign in")
    who.fill(secure["user"], secure["password"])
    who.click("Next")
    who.see("Trust this certificate")
    who.look("certificate")
    who.click("Next")
    who.see("Choose what to keep")
    who.look("report over tls")
    who.close_dialog()


SCENES = (
    searching_and_finding,
    mistakes_of_address,
    live_only,
    certificate,
    signing_in,
)
