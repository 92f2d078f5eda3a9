/** Reads what the simulator draws into its pictures (tests/simulator/footage_picture.py). */

const COLUMNS = 28;
const ROWS = 4;
const GRID_COLUMNS = 32;
const GRID_ROWS = 20;
const FIRST_COLUMN = 2;
const FIRST_ROW = 1;
const MIDDLE = (16 + 235) / 2;

export interface Code {
  number: number;
  timeMs: number;
  camera: number;
}

/** Return what the blocks of a picture say; null if they do not add up. */
export function readCode({ data, width, height }: ImageData): Code | null {
  let bits = "";
  for (let row = 0; row < ROWS; row += 1) {
    for (let column = 0; column < COLUMNS; column += 1) {
      const y = Math.floor(((FIRST_ROW + row + 0.5) * height) / GRID_ROWS);
      const x = Math.floor(((FIRST_COLUMN + column + 0.5) * width) / GRID_COLUMNS);
      bits += data[(y * width + x) * 4 + 1]! > MIDDLE ? "1" : "0";
    }
  }
  const body = bits.slice(0, 96);
  if (crc(body) !== Number.parseInt(bits.slice(96), 2)) return null;
  return {
    number: Number.parseInt(body.slice(0, 40), 2),
    timeMs: Number.parseInt(body.slice(40, 84), 2),
    camera: Number.parseInt(body.slice(84), 2),
  };
}

/** CRC-CCITT over whole bytes of bits, from 0x5A5A on, as Python's binascii.crc_hqx. */
function crc(bits: string): number {
  let value = 0x5a5a;
  for (let at = 0; at < bits.length; at += 8) {
    value ^= Number.parseInt(bits.slice(at, at + 8), 2) << 8;
    for (let bit = 0; bit < 8; bit += 1) {
      value = value & 0x8000 ? ((value << 1) ^ 0x1021) & 0xffff : (value << 1) & 0xffff;
    }
  }
  return value;
}
