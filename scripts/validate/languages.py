"""A language's texts against the English ones: complete, with all that must not change."""

from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import combinations
import json
from pathlib import Path
import re
from typing import Any, Final

from homeassistant.generated.languages import LANGUAGES

from .texts import leaves, placeholders

COUNTED: Final = "config_panel.count"
"""Where frontend/src/i18n/counted.ts takes the form `one` or `other` from."""

SAYS_ONE: Final = frozenset({"de", "es", "fr", "it", "nl", "pt", "pt-BR"})
"""Languages with a form of their own for one, and no further one for small numbers."""

SAYS_NO_ONE: Final = frozenset({"ja", "ko", "zh-Hans", "zh-Hant"})
"""Languages with one form for all numbers: `one` is there, and is never shown."""

SEARCH_WORDS: Final = "common.search_word_"

LABEL: Final = 3
"""A text of so many words is no term that languages share: it is left in English."""

SENTENCE: Final = 5
"""So many words of English in a longer text were left in it."""

MUST_STAY: Final = {
    "link": re.compile(r"\]\([^)]*\)"),
    "code": re.compile(r"`[^`]*`"),
    "emphasis": re.compile(r"\*+"),
    "line break": re.compile(r"\n"),
    "number": re.compile(r"\d+"),
    "address": re.compile(r"\w+(?:[./-]\w+)*\.(?:local|yaml|csv)\b"),
}
"""What a text has as often as the English one, word for word."""

ALTERNATIVES: Final = frozenset(
    {"choices", "event", "fields", "menu_options", "options", "state", "states"}
)
"""Parents of texts of which a person chooses or sees one: they must differ."""

QUOTING: Final = re.compile(r"'[{}<>]|''")
"""Home Assistant's frontend reads these as the start of a quotation, and shows other text."""

CITED: Final = re.compile(r"\*([^*]+)\*|\"([^\"]+)\"")
"""What a text names as it stands on the screen."""

PLACEHOLDER: Final = re.compile(r"\{\w+\}")
PHRASE_END: Final = re.compile(r"(?<=[.!?:;])\s+|\n+")
WORD: Final = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")


def check_file(path: Path, english: Mapping[str, Any]) -> Iterator[str]:
    """Yield what is wrong with one language's file, whose schema was found right."""
    text = path.read_text(encoding="utf-8")
    other: dict[str, Any] = json.loads(text)
    if path.stem not in LANGUAGES:
        yield f"{path.name}: Home Assistant has no language of that name"
    if text != json.dumps(other, indent=2, ensure_ascii=False) + "\n":
        yield f"{path.name}: is not written as en.json is (two spaces, no escapes)"
    yield from compare(path.name, english, other)


def compare(
    name: str, english: Mapping[str, Any], other: Mapping[str, Any]
) -> Iterator[str]:
    """Yield where a language lacks something of English, or has what no text may have."""
    wanted, found = dict(leaves(english)), dict(leaves(other))
    findings = [
        *(f"{each} is missing" for each in sorted(wanted.keys() - found.keys())),
        *(f"{each} is not in English" for each in sorted(found.keys() - wanted.keys())),
    ]
    if not findings and list(wanted) != list(found):
        findings.append("its keys are in another order than in English")
    both = {each: (text, found[each]) for each, text in wanted.items() if each in found}
    for key, (ours, theirs) in both.items():
        findings += (f"{key} {wrong}" for wrong in differences(ours, theirs))
    findings += citations(both)
    findings += confusions(both)
    findings += counts(Path(name).stem, both)
    findings += search_words(found)
    yield from (f"{name}: {finding}" for finding in findings)


def differences(english: str, other: str) -> Iterator[str]:
    """Yield what one text has that the English one has not, or the other way round."""
    if placeholders(english) != placeholders(other):
        yield "has other placeholders than English"
    if set("{}") & set(PLACEHOLDER.sub("", other)):
        yield "has more than a name in braces"
    if found := QUOTING.search(other):
        yield f"has {found[0]}, which starts a quotation; use a typographic apostrophe"
    for what, pattern in MUST_STAY.items():
        if Counter(pattern.findall(plain_numbers(english))) != Counter(
            pattern.findall(plain_numbers(other))
        ):
            yield f"has another {what} than English"
    if other != other.strip() or "  " in other:
        yield "has a blank too many"
    if other == english and words(english) >= LABEL:
        yield f"is English: {english}"
        return
    for phrase in PHRASE_END.split(english):
        if words(phrase) >= SENTENCE and phrase in other:
            yield f"is English in part: {phrase}"


def words(text: str) -> int:
    """Return how many words a text has, without what is filled in."""
    return len(WORD.findall(PLACEHOLDER.sub(" ", text)))


def plain_numbers(text: str) -> str:
    """Return a text with its thousands together: 1.024 and 1 024 are 1024."""
    return re.sub(r"(?<![\d.,])(\d)[., \u00a0\u202f’](\d{3})(?![\d.])", r"\1\2", text)


def citations(both: Mapping[str, tuple[str, str]]) -> Iterator[str]:
    """Yield texts that call something on the screen otherwise than the screen does."""
    labels: dict[str, set[str]] = {}
    for ours, theirs in both.values():
        labels.setdefault(ours, set()).add(theirs)
    for key, (ours, theirs) in both.items():
        for cited in ("".join(parts) for parts in CITED.findall(ours)):
            named = labels.get(cited, set())
            if named and not any(label in theirs for label in named):
                yield f"{key} does not name {cited} as its label does: {sorted(named)}"


def confusions(both: Mapping[str, tuple[str, str]]) -> Iterator[str]:
    """Yield texts that are alike though one must be told from the other, as in English."""
    groups: dict[str, list[tuple[str, str, str]]] = {}
    for key, (ours, theirs) in both.items():
        if group := group_of(key):
            groups.setdefault(group, []).append((key, ours, theirs))
    for texts in groups.values():
        for (first, ours, theirs), (second, our_other, their_other) in combinations(
            texts, 2
        ):
            if ours != our_other and theirs.casefold() == their_other.casefold():
                yield f"{first} and {second} are alike: {theirs}"


def group_of(key: str) -> str | None:
    """Return among which texts this one must be unique; None: it need not be."""
    match key.split("."):
        case ["entity", platform, _, "name"]:
            return f"entity.{platform}"
        case ["services" | "triggers" | "conditions" as section, _, "name"]:
            return section
        case [*above, parent, _] if parent in ALTERNATIVES:
            return ".".join((*above, parent))
        case [*above, "fields", _, "name"]:
            return ".".join((*above, "fields"))
    return None


def counts(language: str, both: Mapping[str, tuple[str, str]]) -> Iterator[str]:
    """Yield counted texts whose forms do not suit how the language counts."""
    counted = {
        key: theirs
        for key, (_, theirs) in both.items()
        if key.startswith(f"{COUNTED}.")
    }
    if counted and language not in SAYS_ONE | SAYS_NO_ONE:
        yield f"{COUNTED}: nothing is known of how {language} counts"
    for key, text in counted.items():
        what = key.rpartition(".")[0]
        if "{count}" not in text:
            # One may stand for nothing, too: French has one form for 0 and 1.
            yield f"{key} does not say how many"
        elif language in SAYS_NO_ONE and text != counted.get(f"{what}.other"):
            yield f"{key} differs, but {language} has one form for all numbers"


def search_words(texts: Mapping[str, str]) -> Iterator[str]:
    """Yield words of the media browser's search that nobody can type, or that mean two things.

    The English words are understood in every language.
    """
    means = {key.removeprefix(SEARCH_WORDS): key for key in texts}
    for key, text in texts.items():
        if not key.startswith(SEARCH_WORDS):
            continue
        for word in text.split("/"):
            if not word or word != word.lower() or word.split() != [word]:
                yield f"{key} has {word!r}, which nobody can type: one word, lower case"
            elif means.setdefault(word, key) != key:
                yield f"{key} has {word!r}, as has {means[word]}"
