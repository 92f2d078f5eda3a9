"""manifest.json: schema, order, version, links, matchers."""

from collections.abc import Iterator
import json
from pathlib import Path
import re

from packaging.requirements import InvalidRequirement, Requirement
import probatio

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
        raise probatio.Invalid("must be an https link")
    return value


def lower(value: object) -> str:
    """Accept text without capital letters."""
    if not isinstance(value, str) or value != value.lower():
        raise probatio.Invalid("must be lower case")
    return value


def upper(value: object) -> str:
    """Accept text without small letters."""
    if not isinstance(value, str) or value != value.upper():
        raise probatio.Invalid("must be upper case")
    return value


SCHEMA = probatio.Schema(
    {
        probatio.Required("domain"): probatio.Match(r"^[a-z0-9_]+$"),
        probatio.Required("name"): probatio.All(str, probatio.Length(min=1)),
        probatio.Required("codeowners"): probatio.All(
            [probatio.Match(r"^@[\w-]+(/[\w-]+)?$")], probatio.Length(min=1)
        ),
        probatio.Required("documentation"): https,
        probatio.Required("issue_tracker"): https,
        probatio.Required("integration_type"): probatio.In(
            ("device", "hub", "service", "helper")
        ),
        probatio.Required("iot_class"): probatio.In(IOT_CLASSES),
        probatio.Required("version"): probatio.Match(rf"^{VERSION.pattern}$"),
        probatio.Optional("after_dependencies"): [str],
        probatio.Optional("config_flow"): bool,
        probatio.Optional("dependencies"): [str],
        probatio.Optional("dhcp"): [
            probatio.Schema(
                {
                    "hostname": lower,
                    "macaddress": upper,
                    "registered_devices": probatio.Equal(True),
                }
            )
        ],
        probatio.Optional("loggers"): [str],
        probatio.Optional("quality_scale"): probatio.In(
            ("bronze", "silver", "gold", "platinum")
        ),
        probatio.Optional("requirements"): [str],
        probatio.Optional("single_config_entry"): bool,
        probatio.Optional("ssdp"): [dict],
        probatio.Optional("zeroconf"): [object],
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
    except probatio.MultipleInvalid as err:
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
