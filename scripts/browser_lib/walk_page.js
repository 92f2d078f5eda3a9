// What the walk through the dashboard asks of a page: the timeline's pixels, the player's pictures.
// A plain script for any browser; it needs `readPicture` (read_picture.js) and leaves `walk` behind.

globalThis.walk = (() => {
  const pause = (ms) => new Promise((done) => setTimeout(done, ms));

  function* every(name, root = document) {
    for (const each of root.querySelectorAll("*")) {
      if (each.localName === name) yield each;
      if (each.shadowRoot) yield* every(name, each.shadowRoot);
    }
  }

  const deep = (name) => every(name).next().value;
  const tell = (value) => JSON.stringify(value);

  async function until(holds, seconds, what) {
    const end = performance.now() + seconds * 1000;
    for (;;) {
      const found = await holds();
      if (found) return found;
      if (performance.now() > end) throw new Error(`${what}: not after ${seconds} s; ${tell(state())}`);
      await pause(30);
    }
  }

  const timeline = () => deep("vtrack-timeline");
  const player = () => deep("vtrack-player");
  const tiles = () => [...(player()?.renderRoot.querySelectorAll("vtrack-player-tile") ?? [])];
  const video = (tile) => tile.renderRoot.querySelector("video.front");

  /** Return what each camera of the player shows: what it says of its time, and what the picture does. */
  function shown() {
    return tiles().map((tile) => {
      const film = video(tile);
      const said = tile.controller.pictureMs;
      const [number, time] = (film && readPicture(film)) ?? [null, null];
      const { phase } = tile.controller.state;
      return { camera: tile.camera, phase, said: Number.isFinite(said) ? Math.round(said) : null, number, time };
    });
  }

  function state() {
    return {
      shown: shown(),
      at: timeline()?.time ?? null,
      view: timeline()?.isReady ? timeline().view : null,
      videos: tiles().map((tile) => {
        const film = video(tile);
        return film && [film.currentTime, film.paused, film.readyState, film.error?.message ?? null];
      }),
    };
  }

  /** Return the pictures when all stand still, each camera at its place. */
  async function rest(seconds = 120) {
    let before = "";
    let since = 0;
    return until(() => {
      const now = shown();
      const is = now.length > 0 && now.every(({ phase, time }) => time !== null && !["opening", "buffering", "fetching"].includes(phase));
      const text = tell(now);
      if (!is || text !== before) since = performance.now();
      before = text;
      return is && performance.now() - since > 400 && now;
    }, seconds, "a picture at rest");
  }

  /** Collect the pictures of the active camera until one tells a time at or after `to`. */
  async function watch(to, seconds = 120) {
    const seen = [];
    await until(() => {
      const [first] = shown();
      if (first?.time !== null && first?.time !== undefined && first.number !== seen.at(-1)?.number) seen.push({ ...first, at: performance.now() });
      return seen.length > 0 && seen.at(-1).time >= to;
    }, seconds, `playing to ${new Date(to).toISOString()}`);
    return seen;
  }

  /** Return where a moment lies in a camera's lane on the screen; scrolls it into sight. */
  function place(camera, t) {
    const line = timeline();
    const { label, bar, events, gap } = line.layout();
    const lane = line.cameras.indexOf(camera);
    line.renderRoot.querySelectorAll(".label")[lane]?.scrollIntoView({ block: "nearest" });
    const box = line.box();
    const { from, to } = line.view;
    const y = lane * (label + bar + events + gap) + gap / 2 + label + bar / 2;
    // Not every browser's mouse stands between pixels.
    return { x: Math.round(box.left + ((t - from) / (to - from)) * box.width), y: Math.round(box.top + y) };
  }

  /** Return the place of the ruler above a moment. */
  function ruler(t) {
    const box = timeline().renderRoot.querySelector(".ruler").getBoundingClientRect();
    const { from, to } = timeline().view;
    const lanes = timeline().box();
    return { x: Math.round(lanes.left + ((t - from) / (to - from)) * lanes.width), y: Math.round(box.top + box.height / 2) };
  }

  /** Return the moment that lies under a pixel of the lanes. */
  function momentAt(x) {
    const box = timeline().box();
    const { from, to } = timeline().view;
    return from + ((x - box.left) / box.width) * (to - from);
  }

  function rgb(colour) {
    const context = document.createElement("canvas").getContext("2d");
    context.fillStyle = colour;
    context.fillRect(0, 0, 1, 1);
    return [...context.getImageData(0, 0, 1, 1).data.slice(0, 3)];
  }

  /** Return for each second from `from` on, as many as the lane has pixels, whether it is drawn as kept. */
  function keptPixels(camera) {
    const line = timeline();
    const canvas = line.renderRoot.querySelector(".track > canvas");
    const wanted = rgb(line.stage.palette.states.kept);
    const box = canvas.getBoundingClientRect();
    const scale = canvas.width / box.width;
    const { y } = place(camera, line.view.from);
    const row = Math.round((y - box.top) * scale);
    const { data } = canvas.getContext("2d").getImageData(0, row, canvas.width, 1);
    return Array.from({ length: Math.floor(line.box().width) }, (_, x) => {
      const at = Math.floor((x + 0.5 + line.box().left - box.left) * scale) * 4;
      return wanted.every((part, index) => Math.abs(part - data[at + index]) < 8);
    });
  }

  /** Return whether a state is drawn in a camera's lane at a moment, in any part of its height. */
  function isDrawn(camera, t, state) {
    const line = timeline();
    const canvas = line.renderRoot.querySelector(".track > canvas");
    const wanted = rgb(line.stage.palette.states[state]);
    const box = canvas.getBoundingClientRect();
    const scale = canvas.width / box.width;
    const { x, y } = place(camera, t);
    const { bar } = line.layout();
    const [left, top] = [x - box.left, y - box.top - bar / 2].map((at) => Math.round(at * scale));
    const { data } = canvas.getContext("2d").getImageData(left, top, 1, Math.round(bar * scale));
    return Array.from({ length: data.length / 4 }, (_, row) => row * 4).some((at) =>
      wanted.every((part, index) => Math.abs(part - data[at + index]) < 8),
    );
  }

  /** Show a second in each pixel, from a moment on, and return the lane when it no longer changes. */
  async function secondsOf(camera, from) {
    const line = timeline();
    line.show(from, from + line.box().width * 1000);
    let before = "";
    let since = performance.now();
    const seen = await until(() => {
      const now = keptPixels(camera);
      const text = now.map(Number).join("");
      if (text !== before) since = performance.now();
      before = text;
      return performance.now() - since > 800 && now;
    }, 60, "a timeline that is drawn");
    return { view: { ...line.view }, width: line.box().width, seen };
  }

  /** Return what the picture above the pointer shows, when it is a whole frame and no strip. */
  async function preview(seconds = 60) {
    return until(async () => {
      const picture = deep("vtrack-preview")?.renderRoot.querySelector(".picture");
      if (!picture || !picture.style.backgroundSize.includes("cover")) return false;
      const image = new Image();
      image.src = picture.style.backgroundImage.slice(5, -2);
      await image.decode();
      const canvas = document.createElement("canvas");
      canvas.width = canvas.videoWidth = image.naturalWidth;
      canvas.height = image.naturalHeight;
      canvas.getContext("2d").drawImage(image, 0, 0);
      const read = readPicture(canvas);
      return read && { time: read[1], width: image.naturalWidth };
    }, seconds, "the exact picture above the pointer");
  }

  /** Sample how far apart the cameras' pictures are while they play. */
  async function spread(seconds) {
    const found = [];
    const end = performance.now() + seconds * 1000;
    while (performance.now() < end) {
      const times = shown().map(({ time }) => time);
      if (times.every((time) => time !== null)) found.push([Math.max(...times) - Math.min(...times), times[0]]);
      await pause(100);
    }
    return found;
  }

  const ask = (message) => document.querySelector("home-assistant").hass.callWS(message);

  return {
    ask, deep, every: (name) => [...every(name)], isDrawn, keptPixels, momentAt, pause, place, player, preview, rest, ruler,
    secondsOf, shown, spread, state, tiles, timeline, until, video, watch,
  };
})();
