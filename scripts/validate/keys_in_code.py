"""Texts that code names must exist in en.json, and texts that exist must be named."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .translations import english_of

FLOW_HELPERS = frozenset(
    {"already_in_progress", "reauth_successful", "reconfigure_successful"}
)
"""Reasons to abort that core has words for."""

PLATFORMS = frozenset(
    {"binary_sensor", "button", "camera", "event", "sensor", "switch"}
)


@dataclass(frozen=True, slots=True)
class Named:
    """A key that a line of code names: `kind` is where its text belongs."""

    kind: str
    key: str
    where: str


def constant(node: ast.AST | None, constants: dict[str, str]) -> str | None:
    """Return a text given literally or by the name of a constant."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.Name):
        return constants.get(node.id)
    return None


def constants_of(trees: list[ast.Module]) -> dict[str, str]:
    """Return the package's module-level constants that are texts."""
    return {
        target.id: node.value.value
        for tree in trees
        for node in tree.body
        if isinstance(node, ast.Assign | ast.AnnAssign)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
        for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
        if isinstance(target, ast.Name)
    }


def named_in_call(
    call: ast.Call, platform: str, where: str, constants: dict[str, str]
) -> Iterator[Named]:
    """Yield the keys that one call names."""
    arguments = {each.arg: each.value for each in call.keywords if each.arg}
    called = ast.unparse(call.func).rpartition(".")[2]
    for argument, kind in (
        ("step_id", "step"),
        ("reason", "abort"),
        ("progress_action", "progress"),
    ):
        key = constant(arguments.get(argument), constants)
        if key is not None and called.startswith(("async_show", "async_abort")):
            yield Named(kind, key, where)
    key = constant(arguments.get("translation_key"), constants)
    if key is None:
        return
    if called == "async_create_issue":
        yield Named("issues", key, where)
    elif "translation_domain" in arguments:
        yield Named("exceptions", key, where)
    elif called.endswith("Description") and platform in PLATFORMS:
        yield Named(f"entity.{platform}", key, where)


def named_in(
    path: Path, tree: ast.Module, constants: dict[str, str]
) -> Iterator[Named]:
    """Yield all keys that a file names."""
    for node in ast.walk(tree):
        where = f"{path.name}:{getattr(node, 'lineno', 0)}"
        if isinstance(node, ast.Call):
            yield from named_in_call(node, path.stem, where, constants)
        elif isinstance(node, ast.Assign) and path.stem in PLATFORMS:
            key = constant(node.value, constants)
            if key and any(
                ast.unparse(each).endswith("_attr_translation_key")
                for each in node.targets
            ):
                yield Named(f"entity.{path.stem}", key, where)


def sections(english: dict[str, Any], kind: str) -> Iterator[dict[str, Any]]:
    """Yield the places in en.json where a key of that kind may have its text."""
    if kind in {"step", "abort", "progress"}:
        flows = [english.get("config", {}), english.get("options", {})]
        flows += english.get("config_subentries", {}).values()
        flows += [
            each.get("fix_flow", {}) for each in english.get("issues", {}).values()
        ]
        yield from (flow.get(kind, {}) for flow in flows)
        return
    found = english
    for part in kind.split("."):
        found = found.get(part, {})
    yield found


def texts_in_code(trees: list[ast.Module]) -> set[str]:
    """Return every literal text of the package."""
    return {
        node.value
        for tree in trees
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }


def is_named(key: str, literal: set[str]) -> bool:
    """Return whether code names a key, whole or as a prefix and a rest ("rtsp_" + …)."""
    return key in literal or any(
        key.removeprefix(prefix) in literal
        for prefix in literal
        if prefix.endswith("_") and key.startswith(prefix)
    )


def check(package: Path) -> Iterator[str]:
    """Yield keys without a text, and texts without a key."""
    english = english_of(package)
    paths = sorted(package.rglob("*.py"))
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in paths]
    constants = constants_of(trees)
    for path, tree in zip(paths, trees, strict=True):
        for named in named_in(path, tree, constants):
            if named.kind == "abort" and named.key in FLOW_HELPERS:
                continue
            if not any(named.key in each for each in sections(english, named.kind)):
                yield f"{named.where} names {named.kind} {named.key}, en.json does not"
    literal = texts_in_code(trees)
    for kind in ("error", "abort"):
        for key in english.get("config", {}).get(kind, {}):
            if not is_named(key, literal):
                yield f"config.{kind}.{key} is in en.json, but no code names it"
    for kind in ("exceptions", "issues"):
        for key in english.get(kind, {}):
            if not is_named(key, literal):
                yield f"{kind}.{key} is in en.json, but no code names it"
