"""The actions of the integration: their names, schemas and handlers; see `actions/`."""

from collections.abc import Callable, Coroutine
from typing import Any, NamedTuple

from homeassistant.core import (
    HomeAssistant,
    ServiceCall,
    ServiceResponse,
    SupportsResponse,
    callback,
)
import voluptuous as vol

from .actions import curation, exports, finding, saving, sharing, syncing
from .const import DOMAIN


class Action(NamedTuple):
    """An action; one that is called for its answer alone cannot be called without."""

    handler: Callable[[ServiceCall], Coroutine[Any, Any, ServiceResponse]]
    schema: vol.Schema
    answers: SupportsResponse = SupportsResponse.OPTIONAL


ONLY = SupportsResponse.ONLY

ACTIONS = {
    "sync": Action(syncing.async_sync, syncing.SYNC_SCHEMA),
    "pause": Action(syncing.async_pause, syncing.PAUSE_SCHEMA),
    "resume": Action(syncing.async_resume, syncing.RESUME_SCHEMA),
    "cancel_sync": Action(syncing.async_cancel_sync, syncing.CANCEL_SCHEMA),
    "rescan": Action(syncing.async_rescan, syncing.RESCAN_SCHEMA),
    "get_status": Action(finding.async_get_status, finding.STATUS_SCHEMA, ONLY),
    "list_recordings": Action(finding.async_list_recordings, finding.LIST_SCHEMA, ONLY),
    "save_clip": Action(saving.async_save_clip, saving.SAVE_CLIP_SCHEMA),
    "record": Action(saving.async_record, saving.RECORD_SCHEMA),
    "stop_recording": Action(saving.async_stop_recording, saving.STOP_SCHEMA),
    "protect": Action(curation.async_protect, curation.PROTECT_SCHEMA),
    "unprotect": Action(curation.async_unprotect, curation.UNPROTECT_SCHEMA),
    "delete": Action(curation.async_delete, curation.DELETE_SCHEMA),
    "restore": Action(curation.async_restore, curation.RESTORE_SCHEMA),
    "purge": Action(curation.async_purge, curation.PURGE_SCHEMA),
    "preview_retention": Action(
        curation.async_preview_retention, curation.PREVIEW_SCHEMA, ONLY
    ),
    "verify": Action(curation.async_verify, curation.VERIFY_SCHEMA),
    "export": Action(exports.async_export, exports.EXPORT_SCHEMA),
    "list_exports": Action(
        exports.async_list_exports, exports.LIST_EXPORTS_SCHEMA, ONLY
    ),
    "delete_export": Action(exports.async_delete_export, exports.DELETE_EXPORT_SCHEMA),
    "share": Action(sharing.async_share, sharing.SHARE_SCHEMA),
    "list_shares": Action(
        sharing.async_list_all_shares, sharing.LIST_SHARES_SCHEMA, ONLY
    ),
    "revoke_share": Action(sharing.async_revoke, sharing.REVOKE_SCHEMA),
}


@callback
def async_setup_services(hass: HomeAssistant) -> None:
    """Register the actions of the integration."""
    for name, action in ACTIONS.items():
        hass.services.async_register(
            DOMAIN,
            name,
            action.handler,
            action.schema,
            supports_response=action.answers,
        )
