// SMPP framing for the simulated SMSC. The PDU tables, types and the encoder are the third-party stack's
// (npm smpp); two things it cannot do are added: it decodes text inside each PDU (so a surrogate pair cut
// by a part boundary is lost) and throws out of the socket's event on a malformed PDU. Here a PDU is
// decoded to octets, and what is malformed is an answer, not an exception.

import { createRequire } from "node:module";

const smpp = createRequire(import.meta.url)("smpp");

export const HEADER = 16;
export const MAX_PDU = 65536 + 512;
export const STATUS = smpp.errors;

const statusNames = new Map(Object.entries(smpp.errors).map(([name, code]) => [code, name]));

/** ESME_RTHROTTLED for 0x58; a vendor's code as hex. */
export function statusName(code) {
  return statusNames.get(code) ?? `0x${code.toString(16).padStart(8, "0")}`;
}

/**
 * A session of npm smpp whose frames come out whole and undecoded: "frame" with the octets, "corrupt"
 * with the impossible command_length (nothing is read after it).
 */
export class FrameSession extends smpp.Session {
  _extractPDUs() {
    while (!this.paused && !this._corrupt) {
      this._head ??= this.socket.read(4);
      if (!this._head) return;
      const length = this._head.readUInt32BE(0);
      if (length < HEADER || length > MAX_PDU) {
        this._corrupt = true;
        this.emit("corrupt", length);
        return;
      }
      const rest = this.socket.read(length - 4);
      if (!rest) return;
      const frame = Buffer.concat([this._head, rest]);
      this._head = null;
      this.emit("frame", frame);
    }
  }
}

/**
 * A frame as {command, command_id, command_status, sequence_number, fields..., tlvs, bad}. short_message
 * stays octets; tlvs is a Map of tag name (or 0x....) to octets. `bad` is the status to refuse it with.
 */
export function decodeFrame(frame) {
  const pdu = {
    command_id: frame.readUInt32BE(4),
    command_status: frame.readUInt32BE(8),
    sequence_number: frame.readUInt32BE(12),
    tlvs: new Map(),
    bad: 0,
  };
  const spec = smpp.commandsById[pdu.command_id];
  pdu.command = spec?.command ?? "unknown";
  // An error response may be a bare header (docs/protocols/smpp.md), and so may a lazy good one.
  if (!spec || frame.length === HEADER) return pdu;
  try {
    readTlvs(pdu, frame, readFields(pdu, frame, spec.params ?? {}));
  } catch {
    pdu.bad = STATUS.ESME_RINVCMDLEN;
  }
  return pdu;
}

function readFields(pdu, frame, params) {
  let at = HEADER;
  for (const [name, { type }] of Object.entries(params)) {
    pdu[name] = type.read(frame, at);
    at += type.size(pdu[name]);
    // npm's reader of C strings runs off the end in silence; the missing NUL shows as an offset beyond it.
    if (at > frame.length) throw new RangeError(name);
  }
  return at;
}

function readTlvs(pdu, frame, start) {
  for (let at = start; at + 4 <= frame.length;) {
    const tag = frame.readUInt16BE(at);
    const end = at + 4 + frame.readUInt16BE(at + 2);
    if (end > frame.length) {
      pdu.bad = STATUS.ESME_RINVTLVSTREAM;
      return;
    }
    pdu.tlvs.set(tlvName(tag), frame.subarray(at + 4, end));
    at = end;
  }
}

function tlvName(tag) {
  return smpp.tlvsById[tag]?.tag ?? `0x${tag.toString(16).padStart(4, "0")}`;
}

/** The value of an integer TLV of one or two octets, or undefined. */
export function tlvInt(pdu, name) {
  const octets = pdu.tlvs.get(name);
  return octets?.length ? octets.readUIntBE(0, Math.min(octets.length, 4)) : undefined;
}

/** The value of a text TLV; the NUL at its end is optional in practice. */
export function tlvText(pdu, name) {
  return pdu.tlvs.get(name)?.toString("latin1").replace(/\0+$/, "");
}

/**
 * Octets of a PDU. `extra` are [tag, octets] TLVs the tables do not know; `body` keeps the body of an
 * error response, which npm smpp drops as most SMSCs do.
 */
export function encodePdu(command, fields = {}, { extra = [], body = false } = {}) {
  const { command_status: status = 0, ...rest } = fields;
  const pdu = new smpp.PDU(command, body ? rest : fields);
  const frame = Buffer.concat([pdu.toBuffer(), ...extra.map(([tag, value]) => rawTlv(tag, value))]);
  frame.writeUInt32BE(frame.length, 0);
  frame.writeUInt32BE(status >>> 0, 8);
  return frame;
}

function rawTlv(tag, value) {
  const head = Buffer.alloc(4);
  head.writeUInt16BE(tag, 0);
  head.writeUInt16BE(value.length, 2);
  return Buffer.concat([head, value]);
}

/** One line for the page's wire log: no text of messages beyond its size. */
export function summary(pdu) {
  const parts = [pdu.command === "unknown" ? `unknown 0x${pdu.command_id.toString(16)}` : pdu.command];
  parts.push(`#${pdu.sequence_number}`);
  if (pdu.command_status || pdu.command.endsWith("_resp")) parts.push(statusName(pdu.command_status));
  if (pdu.source_addr !== undefined) parts.push(`${pdu.source_addr}→${pdu.destination_addr}`);
  if (pdu.short_message?.length) parts.push(`${pdu.short_message.length} octets`);
  if (pdu.message_id) parts.push(`id ${pdu.message_id}`);
  return parts.join(" ");
}
