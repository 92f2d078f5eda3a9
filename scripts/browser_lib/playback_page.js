// Plays a playlist and notes what every shown picture says about itself.
const video = document.querySelector("video");

const watch = { pictures: [], events: [], errors: [], hls: null };

function shown(now, metadata) {
  watch.pictures.push([now, metadata.mediaTime, video.videoWidth, ...(readPicture(video) ?? [-1, -1])]);
  video.requestVideoFrameCallback(shown);
}
video.requestVideoFrameCallback(shown);
for (const name of ["waiting", "stalled", "ended", "playing", "seeking", "seeked", "error"]) {
  video.addEventListener(name, () => watch.events.push([performance.now(), name, video.currentTime]));
}

const pause = (ms) => new Promise((done) => setTimeout(done, ms));

async function until(holds, seconds, what) {
  const end = performance.now() + seconds * 1000;
  while (!holds()) {
    if (watch.errors.length) throw new Error(`${what}: ${watch.errors.join(" / ")}`);
    if (performance.now() > end) {
      throw new Error(`${what}: not after ${seconds} s: ${JSON.stringify(state())}`);
    }
    await pause(20);
  }
}

function state() {
  const ranges = [];
  for (let index = 0; index < video.buffered.length; index++) {
    ranges.push([video.buffered.start(index), video.buffered.end(index)]);
  }
  return {
    at: video.currentTime, paused: video.paused, ready: video.readyState,
    error: video.error?.message, duration: video.duration, buffered: ranges,
    last: watch.pictures.at(-1), events: watch.events.slice(-12),
  };
}

Object.assign(watch, {
  state,
  until,
  pause,
  video,

  /** Open a playlist, by hls.js, or by the browser itself. */
  async open(url, { isNative = false, at = 0 } = {}) {
    watch.hls?.destroy();
    watch.hls = null;
    watch.pictures.length = watch.events.length = watch.errors.length = 0;
    video.addEventListener("error", () => watch.errors.push(video.error?.message ?? "error"));
    if (isNative) {
      video.src = url;
      if (at) video.currentTime = at;
    } else {
      const { default: Hls } = await import("./hls.mjs");
      watch.hls = new Hls({ enableWorker: false, startPosition: at });
      watch.hls.on(Hls.Events.ERROR, (_name, error) => {
        watch.events.push([performance.now(), `hls ${error.details}`, video.currentTime]);
        if (error.fatal) watch.errors.push(`${error.type}: ${error.details} ${error.reason ?? ""}`);
      });
      watch.hls.loadSource(url);
      watch.hls.attachMedia(video);
    }
    await until(() => video.readyState >= 2, 60, "the first picture");
  },

  /** Play until a place (seconds of the film), or its end. */
  async playTo(to = Infinity, seconds = 120) {
    await video.play();
    await until(() => video.currentTime >= to || video.ended, seconds, `playing to ${to}`);
    video.pause();
  },

  /** Go to a place and return what is shown there. */
  async seek(to, seconds = 60) {
    const before = watch.pictures.length;
    video.currentTime = to;
    const isThere = () => !video.seeking && watch.pictures.length > before;
    await until(isThere, seconds, `seeking to ${to}`);
    await pause(100); // a picture of before may still have been on its way
    return watch.pictures.at(-1);
  },

  /** Return the true time of a place of the film, as the playlist tells it (ms of UTC). */
  trueTime() {
    return watch.hls?.playingDate?.getTime() ?? video.getStartDate?.().getTime() ?? null;
  },

  /** Return where a true time lies in the film, null where there is no footage. */
  placeOf(utcMs) {
    const fragments = watch.hls?.levels[watch.hls.currentLevel]?.details?.fragments ?? [];
    for (const fragment of fragments) {
      const begin = fragment.programDateTime;
      if (begin <= utcMs && utcMs < begin + fragment.duration * 1000) {
        return fragment.start + (utcMs - begin) / 1000;
      }
    }
    return null;
  },
});
globalThis.watch = watch;
