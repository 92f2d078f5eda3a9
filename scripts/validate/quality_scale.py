"""quality_scale.yaml: all rules of the integration quality scale, each with an answer."""

from collections.abc import Iterator
from pathlib import Path

from homeassistant.exceptions import HomeAssistantError
from homeassistant.util.yaml import load_yaml_dict
import probatio

RULES = tuple(
    """
    action-setup appropriate-polling brands common-modules config-flow-test-coverage
    config-flow dependency-transparency docs-actions docs-conditions
    docs-high-level-description docs-installation-instructions docs-removal-instructions
    docs-triggers entity-event-setup entity-unique-id has-entity-name runtime-data
    test-before-configure test-before-setup unique-config-entry

    action-exceptions config-entry-unloading docs-configuration-parameters
    docs-installation-parameters entity-unavailable integration-owner
    log-when-unavailable parallel-updates reauthentication-flow test-coverage

    devices diagnostics discovery-update-info discovery docs-data-update docs-examples
    docs-known-limitations docs-supported-devices docs-supported-functions
    docs-troubleshooting docs-use-cases dynamic-devices entity-category
    entity-device-class entity-disabled-by-default entity-translations
    exception-translations icon-translations reconfiguration-flow repair-issues
    stale-devices

    async-dependency inject-websession strict-typing
    """.split()  # noqa: SIM905 (the scale's own lines)
)

ANSWER = probatio.Any(
    probatio.In(("done", "todo")),
    {probatio.Required("status"): probatio.In(("done", "todo")), "comment": str},
    {probatio.Required("status"): "exempt", probatio.Required("comment"): str},
)
SCHEMA = probatio.Schema(
    {probatio.Required("rules"): {probatio.Required(rule): ANSWER for rule in RULES}}
)


def check(package: Path) -> Iterator[str]:
    """Yield rules without a valid answer."""
    try:
        SCHEMA(load_yaml_dict(str(package / "quality_scale.yaml")))
    except FileNotFoundError:
        yield "quality_scale.yaml is missing"
    except HomeAssistantError as err:
        yield f"cannot be read: {err}"
    except probatio.MultipleInvalid as err:
        yield from (str(each) for each in err.errors)
