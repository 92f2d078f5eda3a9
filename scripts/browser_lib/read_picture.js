// Reads what the simulator draws into its pictures: tests/simulator/footage_picture.py.
// A plain script, so that it can be put into any page: it leaves `readPicture` behind.

globalThis.readPicture = (() => {
  const COLUMNS = 28, ROWS = 4, GRID_COLUMNS = 32, GRID_ROWS = 20, FIRST_COLUMN = 2, FIRST_ROW = 1;
  const CELL = 8, INNER = 4;
  const NUMBER_BITS = 40n, TIME_BITS = 44n, CAMERA_BITS = 12n, CHECK_BITS = 16n;
  const BODY_BYTES = 12, CRC_START = 0x5a5a, CRC_POLYNOMIAL = 0x1021;

  const canvas = document.createElement("canvas");
  canvas.width = GRID_COLUMNS * CELL;
  canvas.height = GRID_ROWS * CELL;
  const context = canvas.getContext("2d", { willReadFrequently: true });

  function isWhite(data, column, row) {
    let sum = 0;
    const left = (FIRST_COLUMN + column) * CELL + (CELL - INNER) / 2;
    const top = (FIRST_ROW + row) * CELL + (CELL - INNER) / 2;
    for (let y = top; y < top + INNER; y++) {
      for (let x = left; x < left + INNER; x++) {
        sum += data[(y * canvas.width + x) * 4 + 1];
      }
    }
    return sum / (INNER * INNER) > 127;
  }

  function checksum(body) {
    let crc = CRC_START;
    for (let place = BODY_BYTES - 1; place >= 0; place--) {
      crc ^= Number((body >> BigInt(8 * place)) & 0xffn) << 8;
      for (let bit = 0; bit < 8; bit++) {
        crc = crc & 0x8000 ? ((crc << 1) ^ CRC_POLYNOMIAL) & 0xffff : (crc << 1) & 0xffff;
      }
    }
    return crc;
  }

  /** Return [number, time in ms] of the picture that a video shows, null if it cannot be read. */
  function readPicture(video) {
    if (!video.videoWidth) return null;
    context.drawImage(video, 0, 0, canvas.width, canvas.height);
    const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
    let whole = 0n;
    for (let row = 0; row < ROWS; row++) {
      for (let column = 0; column < COLUMNS; column++) {
        whole = (whole << 1n) | (isWhite(data, column, row) ? 1n : 0n);
      }
    }
    const body = whole >> CHECK_BITS;
    if (checksum(body) !== Number(whole & ((1n << CHECK_BITS) - 1n))) return null;
    const time = (body >> CAMERA_BITS) & ((1n << TIME_BITS) - 1n);
    return [Number(body >> (CAMERA_BITS + TIME_BITS)), Number(time)];
  }

  return readPicture;
})();
