"""manifest.json: schema, order, version, links, matchers."""

from collections.abc import Iterator
import json
from pathlib import Path
import re

from packaging.requirements import InvalidRequirement, Requirement
import voluptuous as vol

IOT_CLASSES = (
    "assumed_state",
    "calculated",
    "cloud_polling",
    "cloud_push",
    "local_polling",
    "local_push",
)
VERSION = re.compile(r"\d+\.\d+\.\d+((a|b|rc)\d+)?")


def https(value: object) -> str:
    """Accept a link over https only."""
    if not isinstance(value, str) or not value.startswith("https://"):
        raise vol.Invalid("must be an https link")
    return value


def lower(value: object) -> str:
    """Accept text without capital letters."""
    if not isinstance(value, str) or value != value.lower():
        raise vol.Invalid("must be lower case")
    return value


def upper(value: object) -> str:
    """Accept text without small letters."""
    if not isinstance(value, str) or value != value.upper():
        raise vol.Invalid("must be upper case")
    return value


SCHEMA = vol.Schema(
    {
        vol.Required("domain"): vol.Match(r"^[a-z0-9_]+$"),
        vol.Required("name"): vol.All(str, vol.Length(min=1)),
        vol.Required("codeowners"): vol.All(
            [vol.Match(r"^@[\w-]+(/[\w-]+)?$")], vol.Length(min=1)
        ),
        vol.Required("documentation"): https,
        vol.Required("issue_tracker"): https,
        vol.Required("integration_type"): vol.In(
            ("device", "hub", "service", "helper")
        ),
        vol.Required("iot_class"): vol.In(IOT_CLASSES),
        vol.Required("version"): vol.Match(rf"^{VERSION.pattern}$"),
        vol.Optional("after_dependencies"): [str],
        vol.Optional("config_flow"): bool,
        vol.Optional("dependencies"): [str],
        vol.Optional("dhcp"): [
            vol.Schema(
                {
                    "hostname": lower,
                    "macaddress": upper,
                    "registered_devices": vol.Equal(True),
                }
            )
        ],
        vol.Optional("loggers"): [str],
        vol.Optional("quality_scale"): vol.In(("bronze", "silver", "gold", "platinum")),
        vol.Optional("requirements"): [str],
        vol.Optional("single_config_entry"): bool,
        vol.Optional("ssdp"): [dict],
        vol.Optional("zeroconf"): [object],
    }
)


def check(package: Path) -> Iterator[str]:
    """Yield what is wrong with the manifest."""
    try:
        data = json.loads((package / "manifest.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as err:
        yield f"cannot be read: {err}"
        return
    try:
        SCHEMA(data)
    except vol.MultipleInvalid as err:
        yield from (str(each) for each in err.errors)
        return
    if data["domain"] != package.name:
        yield f"domain {data['domain']} is not the folder's name"
    rest = [key for key in data if key not in {"domain", "name"}]
    if list(data)[:2] != ["domain", "name"] or rest != sorted(rest):
        yield "keys must be domain, name, then the others in alphabetical order"
    if bool(data.get("config_flow")) != (package / "config_flow.py").exists():
        yield "config_flow must be true exactly where config_flow.py exists"
    discovered = {"dhcp", "ssdp", "zeroconf"} & data.keys()
    if discovered and not data.get("config_flow"):
        yield f"{', '.join(sorted(discovered))} without a config flow"
    for requirement in data.get("requirements", []):
        try:
            Requirement(requirement)
        except InvalidRequirement as err:
            yield f"requirement {requirement}: {err}"
