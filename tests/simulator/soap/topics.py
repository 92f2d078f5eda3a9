"""Topic filters (Core 9.6.3): the ConcreteSet dialect, as searches and pull points use it."""

from .envelope import NS, Element, invalid_arg

CONCRETE_SET = "http://www.onvif.org/ver10/tev/topicExpression/ConcreteSet"


class TopicFilter:
    """Which topics are wanted; topics are paths below the ONVIF topic root."""

    def __init__(self, exact: set[str], below: set[str]) -> None:
        self._exact = exact
        self._below = below

    def __contains__(self, topic: str) -> bool:
        return topic in self._exact or any(
            topic == root or topic.startswith(f"{root}/") for root in self._below
        )


def topic_filter(wanted: Element | None, *, is_refused: bool) -> TopicFilter | None:
    """Return the filter in an element's TopicExpression, None where it is empty.

    What this device cannot evaluate is an InvalidFilterFault, never ignored.
    """
    if wanted is None or not wanted.children:
        return None
    expression = wanted.first("wsnt:TopicExpression")
    if (
        is_refused
        or expression is None
        or expression.attributes.get("Dialect") != CONCRETE_SET
    ):
        raise invalid_arg("ter:InvalidFilterFault", "only ConcreteSet topics")
    exact: set[str] = set()
    below: set[str] = set()
    for text in expression.text.split("|"):
        prefix, _, path = text.strip().partition(":")
        if expression.nsmap.get(prefix) != NS["tns1"]:
            raise invalid_arg("ter:InvalidFilterFault", f"prefix of {text}")
        if path.endswith("//."):
            below.add(path.removesuffix("//."))
        else:
            exact.add(path)
    return TopicFilter(exact, below)
