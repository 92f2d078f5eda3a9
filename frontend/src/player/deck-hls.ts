/** A deck that plays through hls.js. */

import type Hls from "hls.js/light";
import type {
  ErrorData,
  Fragment,
  HlsConfig,
  InitPTSFoundData,
  LevelDetails,
  LoaderCallbacks,
  LoaderConfiguration,
  PlaylistLoaderContext,
} from "hls.js/light";
import { clipIn, Deck, type DeckHost, type Listing } from "./deck";
import { TimeMap } from "./time-map";

type HlsClass = typeof Hls;
/** Where hls.js has put the times of a clip; its types do not name it. */
type TimestampOffset = InitPTSFoundData["timestampOffsets"][number];

/** Further apart, what segments say is not what was agreed on. */
const BESIDE_MS = 1000;

const retries = (count: number) => ({
  maxNumRetry: count,
  retryDelayMs: 1000,
  maxRetryDelayMs: 8000,
});

const CONFIG: Partial<HlsConfig> = {
  // Bytes are passed on as they are: a worker would only cost its start
  enableWorker: false,
  lowLatencyMode: false,
  testBandwidth: false,
  startFragPrefetch: true,
  maxBufferLength: 20,
  maxMaxBufferLength: 60,
  backBufferLength: 30,
  maxBufferHole: 0.5,
  preferManagedMediaSource: true,
  fragLoadPolicy: {
    default: {
      maxTimeToFirstByteMs: 15_000,
      maxLoadTimeMs: 120_000,
      timeoutRetry: retries(1),
      errorRetry: retries(1),
    },
  },
  playlistLoadPolicy: {
    default: {
      maxTimeToFirstByteMs: 10_000,
      maxLoadTimeMs: 30_000,
      timeoutRetry: retries(2),
      errorRetry: retries(6),
    },
  },
};

export class HlsDeck extends Deck {
  private hls: Hls | undefined;
  private details: LevelDetails | undefined;
  private tracks: string | undefined;
  private parsed: Fragment | undefined;
  private offsets: readonly TimestampOffset[] = [];
  private originMs = NaN;

  constructor(
    private readonly library: HlsClass,
    video: HTMLVideoElement,
    host: DeckHost,
  ) {
    super(video, host);
  }

  load(listing: Listing, media: number): void {
    const { Events } = this.library;
    const hls = new this.library({
      ...CONFIG,
      startPosition: media,
      pLoader: heldPlaylist(this.library, listing),
    });
    this.hls = hls;
    this.isGrowing = listing.isGrowing;
    this.originMs = listing.originMs;
    // A managed source is refused where the video may be sent to another screen
    this.video.disableRemotePlayback = true;
    hls.on(Events.LEVEL_UPDATED, (_, data) => this.mapped(data.details));
    hls.on(Events.INIT_PTS_FOUND, (_, data) => (this.offsets = data.timestampOffsets));
    hls.on(Events.FRAG_BUFFERED, () => this.mapped(this.details));
    hls.on(Events.FRAG_LOADING, (_, { frag }) => {
      if (frag.sn !== "initSegment") this.parsed = frag;
    });
    hls.on(Events.BUFFER_CODECS, (_, { tracks: _all, ...tracks }) => this.tracksSeen(tracks));
    hls.on(Events.ERROR, (_, data) => this.hlsFailed(data));
    hls.loadSource(listing.mediaUrl);
    hls.attachMedia(this.video);
  }

  clipAt(media: number): number {
    return clipIn(this.fragmentAt(media)?.url ?? "");
  }

  afterDamage(media: number): number {
    const fragment = this.fragmentAt(media);
    return fragment ? fragment.start + fragment.duration + 0.001 : media + 2;
  }

  protected unload(): void {
    this.hls?.destroy();
    this.hls = undefined;
    this.details = undefined;
  }

  private fragmentAt(media: number): Fragment | undefined {
    return this.details?.fragments.findLast((each) => each.start <= media + 0.001);
  }

  private mapped(details: LevelDetails | undefined): void {
    if (!details) {
      return;
    }
    this.details = details;
    this.isGrowing = details.live;
    this.map = new TimeMap(
      details.fragments.map((fragment) => ({
        start: fragment.start,
        duration: fragment.duration,
        startMs: this.trueStart(fragment),
      })),
    );
    this.host.changed(this);
  }

  /**
   * Return the true time of the media time at which a fragment begins.
   *
   * hls.js begins a fragment with whatever track begins first, PROGRAM-DATE-TIME is that of its
   * first picture. Once it has laid out a clip, the times inside of it tell exactly.
   */
  private trueStart({ cc, start, programDateTime }: Fragment): number {
    const told = programDateTime ?? NaN;
    const offset = this.offsets[cc];
    if (!offset) return told;
    const exact = this.originMs + (start + offset.baseTime / offset.timescale) * 1000;
    return Math.abs(exact - told) < BESIDE_MS ? exact : told;
  }

  /**
   * Sound that begins or ends needs other buffers than those that are open. hls.js would fail on
   * it; what is in the buffer before that place is played to its end.
   */
  private tracksSeen(tracks: object): void {
    const names = Object.keys(tracks).sort().join();
    this.tracks ??= names;
    if (names === this.tracks || !this.parsed || this.cutMs < Infinity) return;
    this.cutMs = this.parsed.programDateTime ?? this.map.toTrue(this.parsed.start);
    this.hls?.stopLoad();
    this.host.changed(this);
  }

  private hlsFailed(data: ErrorData): void {
    const { ErrorTypes, ErrorDetails } = this.library;
    if (this.isDestroyed || this.cutMs < Infinity || !data.fatal) {
      return;
    }
    const status = data.response?.code ?? 0;
    if (data.type === ErrorTypes.NETWORK_ERROR) {
      this.host.failed(
        this,
        status >= 400 ? { kind: "status", status } : { kind: "network" },
      );
      return;
    }
    if (data.details === ErrorDetails.BUFFER_FULL_ERROR) {
      return;
    }
    const media = data.frag?.start ?? this.media;
    this.host.failed(this, { kind: "decode", media, clip: this.clipAt(media) });
  }
}

/** Return a loader of playlists that begins with a text which is there already. */
function heldPlaylist(library: HlsClass, listing: Listing): NonNullable<HlsConfig["pLoader"]> {
  const Loader = library.DefaultConfig.loader as unknown as NonNullable<HlsConfig["pLoader"]>;
  let text: string | undefined = listing.text;
  return class extends Loader {
    override load(
      context: PlaylistLoaderContext,
      config: LoaderConfiguration,
      callbacks: LoaderCallbacks<PlaylistLoaderContext>,
    ): void {
      if (text === undefined) {
        super.load(context, config, callbacks);
        return;
      }
      const data = text;
      text = undefined;
      this.context = context;
      const at = performance.now();
      this.stats.loading = { start: at, first: at, end: at };
      this.stats.loaded = this.stats.total = data.length;
      queueMicrotask(() =>
        callbacks.onSuccess({ url: context.url, data, code: 200 }, this.stats, context, null),
      );
    }
  };
}
