"""Recording Control service (ONVIF Recording 5): reading, and switching jobs.

Recordings, jobs and options are what a client needs to trace footage to channels.
"""

from ..channels import Channel
from ..spec import Mapping
from .envelope import invalid_arg, leaf, tag
from .service import Call, Service, operation


def recording_source(channel: Channel, mapping: Mapping) -> str:
    """Return the content of tt:Source: what the recording says of its origin."""
    number = channel.number
    has_name = mapping in (Mapping.JOB_PROFILE, Mapping.VIDEO_SOURCE)
    source_id = {
        Mapping.SOURCE_ID: channel.source_token,
        Mapping.NUMBERS: f"SourceId_{number}",
    }.get(mapping, "urn:simulated:source")
    parts = [
        leaf("tt:SourceId", source_id),
        leaf("tt:Name", channel.spec.name if has_name else "Recorder"),
        leaf("tt:Location", ""),
        leaf("tt:Description", ""),
        leaf("tt:Address", ""),
    ]
    if mapping is Mapping.VIDEO_SOURCE:
        parts.append(leaf("tt:VideoSourceToken", channel.source_token))
    return "".join(parts)


class RecordingService(Service):
    """GetRecordings, GetRecordingJobs and what belongs to them."""

    name = "recording"
    prefix = "trc"
    path = "/onvif/recording_service"

    def capabilities(self, call: Call) -> str:
        """Return trc:Capabilities."""
        return tag(
            "trc:Capabilities",
            DynamicRecordings=False,
            DynamicTracks=False,
            Encoding="H264 H265 AAC G711",
            MaxRecordings="%.6f" % max(1, len(self.nvr.recorded())),  # noqa: UP031 - six decimals, as such devices write it
            Options=self._has_options(),
        )

    def _has_options(self) -> bool:
        return self.nvr.spec.mapping is Mapping.OPTIONS

    @operation("GetRecordings")
    def get_recordings(self, call: Call) -> str:
        """Recording 5.6."""
        items = []
        for channel in self.nvr.recorded():
            assert channel.timeline is not None
            tracks = [
                tag(
                    "tt:Track",
                    leaf("tt:TrackToken", token),
                    tag(
                        "tt:Configuration",
                        leaf("tt:TrackType", kind),
                        leaf("tt:Description", f"{kind} track"),
                    ),
                )
                for token, kind in channel.timeline.tracks
            ]
            items.append(
                tag(
                    "trc:RecordingItem",
                    leaf("tt:RecordingToken", channel.timeline.recording_token),
                    tag(
                        "tt:Configuration",
                        tag(
                            "tt:Source",
                            recording_source(channel, self.nvr.spec.mapping),
                        ),
                        leaf("tt:Content", "Recorded on the device"),
                        leaf("tt:MaximumRetentionTime", "PT0S"),
                    ),
                    tag("tt:Tracks", tracks),
                )
            )
        return tag("trc:GetRecordingsResponse", items)

    @operation("GetRecordingConfiguration", "trc:RecordingToken")
    def get_recording_configuration(self, call: Call) -> str:
        """Recording 5.8."""
        channel = self._channel(call)
        return tag(
            "trc:GetRecordingConfigurationResponse",
            tag(
                "trc:RecordingConfiguration",
                tag("tt:Source", recording_source(channel, self.nvr.spec.mapping)),
                leaf("tt:Content", "Recorded on the device"),
                leaf("tt:MaximumRetentionTime", "PT0S"),
            ),
        )

    @operation("GetRecordingOptions", "trc:RecordingToken")
    def get_recording_options(self, call: Call) -> str:
        """Recording 5.20."""
        channel = self._channel(call)
        sources = (
            " ".join(profile.token for profile in channel.profiles)
            if self._has_options()
            else None
        )
        return tag(
            "trc:GetRecordingOptionsResponse",
            tag(
                "trc:Options",
                tag("trc:Job", Spare=0, CompatibleSources=sources),
                tag("trc:Track", SpareTotal=0, SpareVideo=0, SpareAudio=0),
            ),
        )

    @operation("GetRecordingJobs")
    def get_recording_jobs(self, call: Call) -> str:
        """Recording 5.15."""
        return tag(
            "trc:GetRecordingJobsResponse",
            [
                tag(
                    "trc:JobItem",
                    leaf("tt:JobToken", channel.job_token),
                    tag("tt:JobConfiguration", self._job(channel)),
                )
                for channel in self.nvr.recorded()
                if self.nvr.spec.mapping is Mapping.JOB_PROFILE
            ],
        )

    def _job(self, channel: Channel) -> str:
        assert channel.timeline is not None
        return "".join(
            (
                leaf("tt:RecordingToken", channel.timeline.recording_token),
                leaf("tt:Mode", "Active" if channel.timeline.is_growing else "Idle"),
                leaf("tt:Priority", 1),
                tag(
                    "tt:Source",
                    tag(
                        "tt:SourceToken",
                        leaf("tt:Token", channel.profiles[0].token),
                        Type="http://www.onvif.org/ver10/schema/Profile",
                    ),
                    [
                        tag(
                            "tt:Tracks",
                            leaf("tt:SourceTag", kind),
                            leaf("tt:Destination", token),
                        )
                        for token, kind in channel.timeline.tracks
                    ],
                ),
            )
        )

    @operation("SetRecordingJobMode", "trc:JobToken trc:Mode")
    def set_recording_job_mode(self, call: Call) -> str:
        """Recording 5.17."""
        token = call.request.body.need("trc:JobToken")
        mode = call.request.body.need("trc:Mode")
        channel = next((c for c in self.nvr.recorded() if c.job_token == token), None)
        if channel is None:
            raise invalid_arg("ter:NoRecordingJob", f"no job {token}")
        if mode not in {"Active", "Idle"}:
            raise invalid_arg("ter:BadMode", f"no mode {mode}")
        self.nvr.record(is_on=mode == "Active", camera=channel.spec.name)
        return tag("trc:SetRecordingJobModeResponse")

    @operation("GetRecordingJobState", "trc:JobToken")
    def get_recording_job_state(self, call: Call) -> str:
        """Recording 5.19."""
        token = call.request.body.need("trc:JobToken")
        channel = next((c for c in self.nvr.recorded() if c.job_token == token), None)
        if channel is None or channel.timeline is None:
            raise invalid_arg("ter:NoRecordingJob", f"no job {token}")
        state = "Active" if channel.timeline.is_growing else "Idle"
        return tag(
            "trc:GetRecordingJobStateResponse",
            tag(
                "trc:State",
                leaf("tt:RecordingToken", channel.timeline.recording_token),
                leaf("tt:State", state),
                tag(
                    "tt:Sources",
                    tag(
                        "tt:SourceToken",
                        leaf("tt:Token", channel.profiles[0].token),
                        Type="http://www.onvif.org/ver10/schema/Profile",
                    ),
                    leaf("tt:State", state),
                    tag("tt:Tracks"),
                ),
            ),
        )

    def _channel(self, call: Call) -> Channel:
        token = call.request.body.need("trc:RecordingToken")
        channel = self.nvr.recorded_channel(token)
        if channel is None:
            raise invalid_arg("ter:NoRecording", f"no recording {token}")
        return channel
