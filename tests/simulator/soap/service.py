"""What every service has in common: operations, their shapes and access classes."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
import inspect
from typing import TYPE_CHECKING, Any, ClassVar

from .envelope import Request, SoapFault, check_shape, tag

if TYPE_CHECKING:
    from ..nvr import SimulatedNvr


@dataclass(frozen=True, slots=True)
class Call:
    """One request with what its answer may depend on."""

    request: Request
    user: str
    scheme: str
    host: str
    """The Host header: name and port."""
    path: str

    @property
    def host_name(self) -> str:
        """Return the host without its port."""
        return self.host.rsplit(":", 1)[0] if ":" in self.host else self.host


@dataclass(frozen=True, slots=True)
class Operation:
    """An operation: its request's shape and whether it needs a login (C 5.9.4.3)."""

    name: str
    shape: str
    is_open: bool
    handler: Callable[[Any, Call], Awaitable[str] | str]


def operation[F: Callable[..., Any]](
    name: str, shape: str = "", *, is_open: bool = False
) -> Callable[[F], F]:
    """Mark a method as the handler of an operation."""

    def mark(handler: F) -> F:
        handler.operation = Operation(name, shape, is_open, handler)
        return handler

    return mark


class Service:
    """A service of a device: handlers are methods marked with `@operation`."""

    name: ClassVar[str]
    """Word in `NvrSpec.services`."""
    prefix: ClassVar[str]
    path: ClassVar[str]
    version: ClassVar[tuple[int, int]] = (2, 60)

    def __init__(self, nvr: SimulatedNvr) -> None:
        self.nvr = nvr
        self.operations: dict[str, Operation] = {
            member.operation.name: member.operation
            for _, member in inspect.getmembers(type(self))
            if hasattr(member, "operation")
        }

    def capabilities(self, call: Call) -> str:
        """Return the service's Capabilities element."""
        raise NotImplementedError

    @operation("GetServiceCapabilities", is_open=True)
    def get_service_capabilities(self, call: Call) -> str:
        """Core 8.1.2.3; the like stands in every service's own specification."""
        return tag(
            f"{self.prefix}:GetServiceCapabilitiesResponse", self.capabilities(call)
        )

    def reset(self) -> None:
        """Forget everything that does not survive a reboot."""

    def find(self, request: Request) -> Operation:
        """Return the operation a request names, or raise ActionNotSupported."""
        found = self.operations.get(request.local)
        if found is None or request.prefix not in (self.prefix, *self.also_prefixes()):
            raise SoapFault(
                "Receiver",
                "ter:ActionNotSupported",
                reason=f"{request.operation} is not supported here",
            )
        return found

    def also_prefixes(self) -> tuple[str, ...]:
        """Return other namespaces whose operations this service answers."""
        return ()

    async def answer(self, found: Operation, call: Call) -> str:
        """Return the body of the answer."""
        check_shape(call.request.body, found.shape)
        answer = found.handler(self, call)
        return answer if isinstance(answer, str) else await answer
