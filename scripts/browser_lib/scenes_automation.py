"""What automations bring and links show: films, pages for strangers, and nobody else's cameras."""

from collections.abc import Iterator
from contextlib import contextmanager
import datetime as dt
import json
from pathlib import Path
from typing import Any
from urllib.parse import quote, urljoin

from playwright.sync_api import Download, Error, Page, expect

from .person import PATIENCE_MS, Person

DOMAIN = "vtrack_nvr"
TOP = f"media-source://{DOMAIN}"
BELL = "input_boolean.doorbell"
BEFORE_S, AFTER_S = 8, 4
SHORTEST_HOURS = 1 / 60
"""As short as a link may live, so that its end can be waited for."""
AUTOMATION = "save_what_happened"
HIDDEN = "Answer: "
"""What stands before the whole answer of the action in its notification."""
REFUSED = (401, 403, 404)
_READER = Path(__file__).with_name("playback_page.js")
_FETCH = """
([path]) => document.querySelector("home-assistant").hass.fetchWithAuth(path)
  .then(answer => answer.status)
"""
_SHOW_NOTIFICATIONS = """
() => document.querySelector("home-assistant").shadowRoot
  .querySelector("home-assistant-main")
  .dispatchEvent(new CustomEvent("hass-show-notifications", {bubbles: true, composed: true}))
"""


def act(who: Person, action: str, *entities: str, **data: Any) -> Any:
    """Call an action of ours as this person, and return what it answers."""
    target = {"target": {"entity_id": [*entities]}} if entities else {}
    message = {
        "type": "call_service",
        "domain": DOMAIN,
        "service": action,
        "service_data": data,
        "return_response": True,
        **target,
    }
    return who.call(message)["response"]


def _live_of(who: Person, name: str) -> str:
    return next(each for each in who.cameras() if name in each)


def _listed(who: Person, *entities: str) -> list[dict[str, Any]]:
    """Return what is known of cameras of the last month, with their clips."""
    now = dt.datetime.now(dt.UTC)
    start = now - dt.timedelta(days=30)
    within = {"start": start.isoformat(), "end": now.isoformat()}
    found = act(who, "list_recordings", *entities, states=["kept"], **within)
    cameras: list[dict[str, Any]] = found["cameras"]
    return cameras


# An automation


def _make_automation(who: Person, camera: str) -> None:
    """Make a helper that stands for a bell, and save an automation as the editor does."""
    who.call({"type": "input_boolean/create", "name": "Doorbell"})
    link = "{{ answer.saved[0].link }}"
    automation = {
        "alias": "Save what happened",
        "triggers": [{"trigger": "state", "entity_id": BELL, "to": "on"}],
        "actions": [
            {
                "action": f"{DOMAIN}.save_clip",
                "target": {"entity_id": camera},
                "data": {
                    "at": "{{ trigger.to_state.last_changed }}",
                    "before": BEFORE_S,
                    "after": AFTER_S,
                    "link_hours": 1,
                },
                "response_variable": "answer",
            },
            {
                "action": "persistent_notification.create",
                "data": {
                    "title": "Somebody rang",
                    # without a target, Home Assistant's pages take the link for one of theirs
                    "message": f'<a href="{link}" target="_blank">Watch the film</a>'
                    f" {HIDDEN}{{{{ answer | to_json }}}}",
                },
            },
        ],
    }
    who.page.evaluate(
        "([path, body]) => document.querySelector('home-assistant').hass"
        ".callApi('POST', path, body)",
        [f"config/automation/config/{AUTOMATION}", automation],
    )


def _notification(who: Person) -> str | None:
    told = who.call({"type": "persistent_notification/get"})
    found = [each for each in told if each["title"] == "Somebody rang"]
    return str(found[0]["message"]) if found else None


def automation_saves_a_film(who: Person) -> None:
    """Ring, be told by an automation, and fetch the film from the notification.

    Which pictures are in the film is proven after the browser has gone.
    """
    camera = _live_of(who, "porch")
    _make_automation(who, camera)
    who.open(f"config/automation/edit/{AUTOMATION}", "ha-automation-editor")
    who.look("the automation in its editor")
    tiles = [{"type": "entities", "entities": [BELL]}]
    who.lovelace("bell", [{"title": "Bell", "cards": tiles}])
    who.open("nvr-bell", "ha-entity-toggle")
    who.press(who.page.locator("ha-entity-toggle").first)
    who.until(lambda: _notification(who) is not None, "the automation told nothing")
    message = str(_notification(who))
    saved = json.loads(message.partition(HIDDEN)[2])["saved"][0]
    if not saved["complete"]:
        who.wrong.append(f"the automation got {saved['outcome']}: {saved['missing']}")
    who.page.evaluate(_SHOW_NOTIFICATIONS)
    link = who.page.get_by_role("link", name="Watch the film")
    link.wait_for(timeout=PATIENCE_MS)
    who.look("the automation tells")
    film = who.pictures / "film.mp4"
    fetched: list[Download] = []

    def note(download: Download) -> None:
        fetched.append(download)

    def opened(page: Page) -> None:
        page.on("download", note)

    # A link that opens a page of its own tells of its download there, or here.
    who.page.on("download", note)
    who.page.context.on("page", opened)
    link.click()
    who.until(lambda: bool(fetched), "the link of a notification gives no film")
    fetched[0].save_as(film)
    told = {"path": str(film), "start": saved["asked_start"], "end": saved["asked_end"]}
    print(json.dumps({"film": told}), flush=True)
    within = {each: saved[f"asked_{each}"] for each in ("start", "end")}
    brief = act(who, "save_clip", camera, **within, link_hours=SHORTEST_HOURS)
    with stranger(who) as page:
        _closes(who, page, urljoin(who.url, brief["saved"][0]["link"]), "expired")


# Links without a login


@contextmanager
def stranger(who: Person, **screen: Any) -> Iterator[Page]:
    """Hold a page of somebody who never signed in."""
    browser = who.page.context.browser
    assert browser is not None
    context = browser.new_context(
        **{"viewport": who.page.viewport_size, "is_mobile": bool(who.told.get("phone"))}
        | screen
    )
    try:
        yield context.new_page()
    finally:
        context.close()


def _closes(who: Person, page: Page, url: str, why: str) -> None:
    """Open a link again and again until it shows nothing, and says so in words."""

    def is_closed() -> bool:
        try:
            answer = page.goto(url)
        except Error:  # a film is downloaded, not shown
            page.wait_for_timeout(2_000)
            return False
        return answer is not None and answer.status == 404

    who.until(is_closed, f"the {why} link still opens")
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme=theme)
        who.look(f"a link that {why} {theme}", of=page)
    expect(page.get_by_role("heading")).to_have_text("This link no longer works")
    expect(page.get_by_text("It has expired or was ended")).to_be_visible()


def shared_range(who: Person) -> None:
    """Watch a link in a browser without a login, picture by picture, until it is ended."""
    camera = _live_of(who, "drive")
    [listed] = _listed(who, camera)
    clip = next(each for each in listed["recordings"] if each["state"] == "kept")
    made = act(who, "share", camera, start=clip["start"], end=clip["end"], hours=1)
    url = f"{who.url}{made['path']}"
    start_ms, end_ms = (_ms(clip[each]) for each in ("start", "end"))
    for theme in ("light", "dark"):
        with stranger(who, color_scheme=theme) as page:
            page.goto(url)
            seen = _watched(who, page)
            who.look(f"a shared range {theme}", of=page)
            _judge(who, seen, start_ms, end_ms)
            if text := page.evaluate("() => document.cookie"):
                who.wrong.append(f"a link left a cookie: {text}")
    with stranger(who) as page:
        if page.goto(f"{who.url}/api/{DOMAIN}/clip/{clip['clip_id']}").status != 401:
            who.wrong.append("a clip opens without a login")
        act(who, "revoke_share", share_id=made["share_id"])
        _closes(who, page, url, "was ended")


def _ms(text: str) -> int:
    return round(dt.datetime.fromisoformat(text).timestamp() * 1000)


def _watched(who: Person, page: Page) -> list[tuple[int, int]]:
    """Return number and time in ms of the pictures that the page's video shows."""
    video = page.locator("video")
    video.wait_for(timeout=PATIENCE_MS)
    page.evaluate(f"() => {{ {_READER.read_text('utf-8')}\nwindow.watch = watch; }}")
    page.evaluate("() => document.querySelector('video').play()")
    count = "() => watch.pictures.filter(each => each[3] >= 0).length"
    who.until(lambda: page.evaluate(count) >= 20, "the video of a link does not play")
    pictures = page.evaluate("() => watch.pictures.map(each => [each[3], each[4]])")
    return [(number, time_ms) for number, time_ms in pictures]


def _judge(
    who: Person, seen: list[tuple[int, int]], start_ms: int, end_ms: int
) -> None:
    numbers = [number for number, _ in seen]
    if numbers != sorted(numbers) or min(numbers) < 0:
        who.wrong.append(f"a link shows pictures out of order or unreadable: {numbers}")
    outside = [time for _, time in seen if not start_ms - 100 <= time <= end_ms]
    if outside:
        who.wrong.append(f"a link shows {len(outside)} pictures of another time")


# Somebody who may see one camera


def house_of(who: Person) -> dict[str, Any]:
    """Return what the owner knows: each camera's clips, and an export and a link of some."""
    cameras = {
        each["entity_id"]: [clip["clip_id"] for clip in each["recordings"]]
        for each in _listed(who)
        if each["recordings"]
    }
    mine = next(each for each in who.cameras() if each in cameras)
    other = next(each for each in cameras if each != mine)
    listed = _listed(who)
    exports = {}
    for camera in (mine, other):
        clip = next(c for c in listed if c["entity_id"] == camera)["recordings"][0]
        within = {"start": clip["start"], "end": clip["end"]}
        exports[camera] = act(who, "export", camera, **within)["export_id"]
    pictures = who.page.evaluate(
        "() => Object.values(document.querySelector('home-assistant').hass.states)"
        ".filter(each => (each.attributes.entity_picture || '').includes('/api/'))"
        ".map(each => [each.entity_id, each.attributes.entity_picture])"
    )
    link = act(who, "share", export_id=exports[other])
    return {
        "mine": mine,
        "other": other,
        "cameras": cameras,
        "keys": {each["entity_id"]: each["key"] for each in listed},
        "names": {each["entity_id"]: each["camera"] for each in listed},
        "exports": exports,
        "pictures": pictures,
        "link": link["share_id"],
    }


def _refused(who: Person, what: str, message: dict[str, Any]) -> None:
    try:
        who.call(message)
    except Error:
        return
    who.wrong.append(f"a guest is not refused: {what}")


def _tree(who: Person) -> tuple[set[str], set[str]]:
    """Return all titles and all clips of the media source, from the top down."""
    titles, clips, wanted = set(), set(), [TOP]
    while wanted:
        below = who.call(
            {"type": "media_source/browse_media", "media_content_id": wanted.pop()}
        )
        for child in below["children"]:
            titles.add(child["title"])
            if child["can_expand"]:
                wanted.append(child["media_content_id"])
            elif child["media_content_id"].startswith(f"{TOP}/clip/"):
                clips.add(child["media_content_id"])
    return titles, clips


def one_camera_everywhere(who: Person) -> None:
    """Find one camera in every list and answer, and be refused all others."""
    house = who.told["house"]
    mine, other, cameras = house["mine"], house["other"], house["cameras"]
    cameras.pop(mine)
    [listed] = _listed(who, mine)  # new clips of it may have come
    own = {f"{TOP}/clip/{each['clip_id']}" for each in listed["recordings"]}
    foreign = {f"{TOP}/clip/{each}" for clips in cameras.values() for each in clips}
    titles, clips = _tree(who)
    if clips & foreign or not clips & own:
        who.wrong.append(f"a guest browses {sorted(clips)}")
    names = {name for entity, name in house["names"].items() if entity != mine}
    if told := [title for title in titles if any(name in title for name in names)]:
        who.wrong.append(f"a guest browses {told}")
    clip = cameras[other][0]
    key = quote(house["keys"][other], safe="")
    for kind, place in (
        ("resolve_media", f"clip/{clip}"),
        ("browse_media", f"clip/{clip}"),
        ("browse_media", f"camera/{key}"),
    ):
        asked = {"type": f"media_source/{kind}", "media_content_id": f"{TOP}/{place}"}
        _refused(who, f"{kind} {place}", asked)
    _search(who, house, own, foreign)
    _answers(who, house)
    _addresses(who, house, clip)
    who.open(
        "media-browser/browser/app%2Cmedia-source%3A%2F%2Fvtrack_nvr",
        "ha-media-player-browse",
    )
    who.look("a guest's media browser")


def _found(who: Person, words: str) -> set[str]:
    """Return what a search of the media source finds."""
    search = {"type": "media_source/search_media", "media_content_id": TOP}
    found = who.call({**search, "search_query": words})
    return {each["media_content_id"] for each in found["result"]}


def _search(
    who: Person, house: dict[str, Any], own: set[str], foreign: set[str]
) -> None:
    """Search by the names of cameras, and for all of a month."""
    mine, other = house["names"][house["mine"]], house["names"][house["other"]]
    for words in (mine, "month"):
        found = _found(who, words)
        if not found & own or found & foreign:
            who.wrong.append(f"a guest who searches {words} finds {sorted(found)}")
    if found := _found(who, other):
        who.wrong.append(f"a guest who searches {other} finds {sorted(found)}")


def _answers(who: Person, house: dict[str, Any]) -> None:
    """Ask every action that looks something up, and those that act."""
    mine, other = house["mine"], house["other"]
    listed = [each["entity_id"] for each in _listed(who)]
    exports = sorted(e["export_id"] for e in act(who, "list_exports")["exports"])
    theirs = sorted(e["export_id"] for e in act(who, "list_exports", mine)["exports"])
    shares = [each["share_id"] for each in act(who, "list_shares")["shares"]]
    status = act(who, "get_status")["nvrs"]
    keys = [camera["key"] for nvr in status for camera in nvr["cameras"]]
    if house["exports"][mine] not in exports or house["exports"][other] in exports:
        who.wrong.append(f"list_exports tells a guest {exports}")
    for what, told, right in (
        ("list_recordings", listed, [mine]),
        ("list_exports", exports, theirs),
        ("list_shares", shares, []),
        ("get_status", keys, [house["keys"][mine]]),
    ):
        if told != right:
            who.wrong.append(f"{what} tells a guest {told}, not {right}")
    call = {"type": "call_service", "domain": DOMAIN, "return_response": True}
    within = {"start": "2026-01-01 00:00:00", "end": "2026-01-01 00:01:00"}
    foreign = {"target": {"entity_id": other}}
    own = {"target": {"entity_id": mine}}
    export = {"service_data": {"export_id": house["exports"][other]}}
    clip = {"service_data": {"clip_id": house["cameras"][other][0]}}
    link = {"service_data": {"share_id": house["link"]}}
    for service, more in (
        ("list_recordings", foreign),
        ("get_status", foreign),
        ("list_exports", foreign),
        ("save_clip", foreign),
        ("save_clip", own),
        ("export", foreign | {"service_data": within}),
        ("share", foreign | {"service_data": within}),
        ("share", own | {"service_data": within}),
        ("share", export),
        ("share", clip),
        ("protect", clip),
        ("delete_export", export),
        ("revoke_share", link),
        ("preview_retention", {}),
    ):
        _refused(who, f"{service} {more}", {**call, "service": service, **more})


def _addresses(who: Person, house: dict[str, Any], clip_id: int) -> None:
    """Ask for pictures, clips and exports by their addresses."""
    mine, other = house["mine"], house["other"]
    own_clip = next(each["clip_id"] for each in _listed(who, mine)[0]["recordings"])
    answers = {
        f"/api/{DOMAIN}/clip/{own_clip}": True,
        f"/api/{DOMAIN}/thumbnail/{own_clip}": True,
        f"/api/{DOMAIN}/export/{house['exports'][mine]}": True,
        f"/api/{DOMAIN}/clip/{clip_id}": False,
        f"/api/{DOMAIN}/thumbnail/{clip_id}": False,
        f"/api/{DOMAIN}/export/{house['exports'][other]}": False,
    }
    ours = [path for _, path in house["pictures"] if f"/api/{DOMAIN}/" in path]
    for path in ours:
        answers.setdefault(path, path.endswith(f"/{own_clip}"))
    for path, may in answers.items():
        status = who.page.evaluate(_FETCH, [path])
        if (status == 200) is not may or not (may or status in REFUSED):
            who.wrong.append(f"{path} answers a guest {status}")
    states = who.page.evaluate(
        "() => Object.keys(document.querySelector('home-assistant').hass.states)"
    )
    seen = [
        each for each in states if each in {entity for entity, _ in house["pictures"]}
    ]
    if set(seen) - {mine}:
        who.wrong.append(f"a guest sees the entities {seen}")


SCENES = (automation_saves_a_film, shared_range)
GUEST_SCENES = (one_camera_everywhere,)
