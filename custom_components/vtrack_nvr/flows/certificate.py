"""Certificates are shown to a person, who decides, before any login is sent."""

from collections.abc import Awaitable, Callable
from typing import Any

from homeassistant.config_entries import ConfigFlow, ConfigFlowResult

from ..core.errors import ErrorKind, NvrError
from ..core.onvif.tls import ShownCertificate, TlsMode
from ..phrases import Phrases
from ..placeholders import Markdown, placeholders
from ..runtime.connect import Address, async_certificate
from .attempt import Attempt


def is_about_trust(attempt: Attempt, address: Address) -> bool:
    """Return whether an attempt may have failed because of the certificate or the TLS.

    Devices that speak only outdated TLS hang up on everything newer.
    """
    match address.tls:
        case TlsMode.OFF:
            return False
        case TlsMode.VERIFY:
            return attempt.kind in {ErrorKind.TLS, ErrorKind.UNREACHABLE}
    return attempt.kind is ErrorKind.TLS


class CertificateSteps(ConfigFlow):
    """Show a certificate that nobody signed, or one that is not the one known so far."""

    _asked_of: Address
    _shown: ShownCertificate
    _when_trusted: Callable[[Address], Awaitable[ConfigFlowResult]]

    async def _async_ask_trust(
        self,
        address: Address,
        when_trusted: Callable[[Address], Awaitable[ConfigFlowResult]],
    ) -> ConfigFlowResult:
        """Show the certificate; go on with exactly that one once a person trusts it.

        Raises `NvrError` where none is shown, or none but the one that is known.
        """
        self._shown = await async_certificate(address)
        if self._shown.fingerprint == address.fingerprint:
            raise NvrError(ErrorKind.TLS, "it is the known one", where=address.shown)
        self._asked_of = address
        self._when_trusted = when_trusted
        if address.fingerprint:
            return await self.async_step_certificate_changed()
        return await self.async_step_certificate()

    async def async_step_certificate(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask about a certificate that nobody signed."""
        return await self._async_decide("certificate", user_input)

    async def async_step_certificate_changed(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask about a certificate beside the one that was trusted before."""
        return await self._async_decide("certificate_changed", user_input)

    async def _async_decide(
        self, step: str, user_input: dict[str, Any] | None
    ) -> ConfigFlowResult:
        if user_input is not None:
            trusted = self._asked_of.trusting(self._shown.fingerprint)
            return await self._when_trusted(trusted)
        old_tls = Markdown()
        if self._shown.is_old_tls:
            phrases = await Phrases.async_load(self.hass)
            old_tls = phrases.markdown("old_tls", version=self._shown.version)
        return self.async_show_form(
            step_id=step,
            description_placeholders=placeholders(
                address=self._asked_of.shown,
                fingerprint=self._shown.fingerprint,
                known=self._asked_of.fingerprint,
                old_tls=old_tls,
            ),
            last_step=False,
        )
