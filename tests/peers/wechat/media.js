// Temporary media: what users send and what the account uploads. An id lives three days.

import { randomBytes } from "node:crypto";
import { deflateSync } from "node:zlib";
import { ApiError } from "./errors.js";

const LIFE_MS = 3 * 86400 * 1000;
const LIMITS = { image: 10 * 1024 * 1024, voice: 2 * 1024 * 1024, video: 10 * 1024 * 1024, thumb: 64 * 1024 };
const EXTENSIONS = {
  "image/png": "png",
  "image/jpeg": "jpg",
  "image/gif": "gif",
  "audio/amr": "amr",
  "video/mp4": "mp4",
};

export class Media {
  #files = new Map();
  #now;

  constructor(now) {
    this.#now = now;
  }

  /** Keeps bytes; returns the media_id. */
  put(type, bytes, contentType) {
    if (!LIMITS[type]) throw new ApiError(40004);
    if (bytes.length === 0) throw new ApiError(44002);
    if (bytes.length > LIMITS[type]) throw new ApiError(45001);
    const id = randomBytes(48).toString("base64url");
    this.#files.set(id, { type, bytes, contentType, created: this.#now() });
    return id;
  }

  /** The file, or 40007 when unknown or older than three days. */
  get(id) {
    const file = this.#files.get(id);
    if (!file || this.#now() - file.created > LIFE_MS) throw new ApiError(40007);
    return file;
  }

  nameOf(id) {
    const { contentType } = this.get(id);
    return `${id.slice(0, 12)}.${EXTENSIONS[contentType] ?? "bin"}`;
  }
}

/** The first file of a multipart/form-data body: {bytes, contentType}; 44002 when there is none. */
export function readMultipart(contentType, body) {
  const boundary = /boundary="?([^";]+)"?/.exec(contentType ?? "")?.[1];
  if (!boundary) throw new ApiError(44002);
  const mark = Buffer.from(`--${boundary}`);
  for (let at = body.indexOf(mark); at >= 0;) {
    const next = body.indexOf(mark, at + mark.length);
    if (next < 0) break;
    const part = body.subarray(at + mark.length + 2, next - 2);
    const blank = part.indexOf("\r\n\r\n");
    const head = part.subarray(0, blank).toString("latin1");
    if (blank >= 0 && /filename=/i.test(head)) {
      const type = /content-type:\s*([^\r\n]+)/i.exec(head)?.[1] ?? "application/octet-stream";
      return { bytes: part.subarray(blank + 4), contentType: type.trim() };
    }
    at = next;
  }
  throw new ApiError(44002);
}

/** A photo to send when the person has none at hand: a sky over hills, as PNG. */
export function samplePhoto(width = 320, height = 220) {
  const rows = [];
  for (let y = 0; y < height; y++) {
    const row = Buffer.alloc(1 + width * 3);
    for (let x = 0; x < width; x++) pixel(x / width, y / height).forEach((v, i) => (row[1 + x * 3 + i] = v));
    rows.push(row);
  }
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(height, 4);
  head.set([8, 2], 8); // 8 bits, RGB
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  return Buffer.concat([
    signature,
    chunk("IHDR", head),
    chunk("IDAT", deflateSync(Buffer.concat(rows))),
    chunk("IEND", Buffer.alloc(0)),
  ]);
}

function pixel(x, y) {
  const far = 0.55 + 0.07 * Math.sin(x * 7 + 1) + 0.03 * Math.sin(x * 19);
  const near = 0.72 + 0.09 * Math.sin(x * 4 + 3);
  if ((x - 0.74) ** 2 + ((y - 0.27) * 0.69) ** 2 < 0.0042) return [255, 236, 170];
  if (y > near) return [52, 111, 86];
  if (y > far) return [104, 155, 132];
  return [126 + y * 150, 178 + y * 80, 226 + y * 20];
}

function chunk(type, data) {
  const body = Buffer.concat([Buffer.from(type, "latin1"), data]);
  const out = Buffer.alloc(body.length + 8);
  out.writeUInt32BE(data.length, 0);
  body.copy(out, 4);
  out.writeUInt32BE(crc32(body), body.length + 4);
  return out;
}

function crc32(bytes) {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return (crc ^ 0xffffffff) >>> 0;
}
