"""Repair flows of a storage: it is a new one, or another Home Assistant's."""

from typing import Any

from homeassistant.components.repairs import RepairsFlow, RepairsFlowResult

from .core.errors import ErrorKind, NvrError
from .placeholders import placeholders
from .runtime import HUB


class ReplaceStorageFlow(RepairsFlow):
    """Asks whether the old storage is gone for good; an empty folder alone says nothing."""

    def __init__(self, root_id: int, path: str) -> None:
        """Be about one storage root."""
        self._root_id = root_id
        self._path = path

    async def async_step_init(
        self, user_input: dict[str, Any] | None = None
    ) -> RepairsFlowResult:
        """Begin with the question."""
        return await self.async_step_confirm()

    async def async_step_confirm(
        self, user_input: dict[str, Any] | None = None
    ) -> RepairsFlowResult:
        """Begin anew at the folder, on confirmation."""
        library = self.hass.data[HUB].library
        roots = {root.id: root for root in await library.roots()}
        root = roots.get(self._root_id)
        if root is None or root.problem is None:
            return self.async_abort(reason="nothing_to_do")
        if user_input is not None:
            try:
                await library.replace_storage(self._root_id)
            except NvrError:
                return self.async_abort(reason="nothing_to_do")
            return self.async_create_entry(data={})
        return self.async_show_form(
            step_id="confirm",
            description_placeholders=placeholders(path=self._path, clips=root.clips),
        )


class TakeOverFlow(RepairsFlow):
    """Asks whether this Home Assistant is to use a storage that another one uses."""

    def __init__(self, data: dict[str, Any]) -> None:
        """Be about one storage root; `data` also names its path and the other host."""
        self._about = data

    async def async_step_init(
        self, user_input: dict[str, Any] | None = None
    ) -> RepairsFlowResult:
        """Begin with the question."""
        return await self.async_step_confirm()

    async def async_step_confirm(
        self, user_input: dict[str, Any] | None = None
    ) -> RepairsFlowResult:
        """Take the storage over, on confirmation."""
        library = self.hass.data[HUB].library
        root_id = int(self._about["root_id"])
        problem = library.root_problem(root_id)
        if problem is None or problem.kind is not ErrorKind.STORAGE_IN_USE:
            return self.async_abort(reason="nothing_to_do")
        if user_input is None:
            return self.async_show_form(
                step_id="confirm",
                description_placeholders=placeholders(
                    path=self._about["path"], host=self._about["host"]
                ),
            )
        try:
            await library.take_over(root_id)
        except NvrError:
            return self.async_abort(reason="nothing_to_do")
        return self.async_create_entry(data={})
