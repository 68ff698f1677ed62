// Message ids and delivery receipts in the forms that operators' SMSCs really use (SMPP 3.4 Appendix B,
// docs/protocols/smpp.md): ids decimal, hexadecimal or UUID, another form in the receipt than in the
// response, text and TLVs or only one of them, dates of 10, 12 or 14 digits.

import { createHash } from "node:crypto";

/** State words of Appendix B and the values of message_state (5.2.28). */
export const STATES = {
  ENROUTE: 1,
  DELIVRD: 2,
  EXPIRED: 3,
  DELETED: 4,
  UNDELIV: 5,
  ACCEPTD: 6,
  UNKNOWN: 7,
  REJECTD: 8,
};

/** What a person or a test may choose; each row: [initial value, allowed values or a type]. */
export const RECEIPT_OPTIONS = {
  enabled: [true, "boolean"],
  delayMs: [400, "number"],
  timing: ["after", ["after", "before-response", "on-bind"]], // on-bind: they wait for the next bind, the oldest first
  over: ["any", ["any", "other"]], // other: not over the link of the submit, where there is another
  copies: [1, "number"],
  intermediate: [false, "boolean"],
  accepted: [false, "boolean"], // ACCEPTD before the final state
  idStyle: ["decimal", ["decimal", "hex", "hex-lower", "padded", "uuid"]],
  receiptIdStyle: ["same", ["same", "decimal", "hex", "hex-lower", "padded"]], // padded, then decimal: the zeros are gone
  form: ["both", ["both", "text", "tlvs"]],
  esmClass: [0x04, "number"],
  dateDigits: [10, [10, 12, 14]],
  state: ["", ["", ...Object.keys(STATES)]],
  errorCode: ["000", "string"],
};

/** A message id of a number, as the response (or the receipt) spells it. */
export function spellId(number, style) {
  if (style === "hex") return number.toString(16).toUpperCase();
  if (style === "hex-lower") return number.toString(16).toLowerCase();
  if (style === "padded") return number.toString(10).padStart(20, "0");
  if (style === "uuid") return uuidOf(number);
  return number.toString(10);
}

function uuidOf(number) {
  const hex = createHash("sha256").update(`posthouse ${number}`).digest("hex");
  const groups = [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `4${hex.slice(13, 16)}`,
    `a${hex.slice(17, 20)}`,
    hex.slice(20, 32),
  ];
  return groups.join("-");
}

/** The id in the response and in receipts for the n-th message under `options`. */
export function idsFor(number, options) {
  const inResponse = spellId(number, options.idStyle);
  const same = options.receiptIdStyle === "same" || options.idStyle === "uuid";
  return { inResponse, inReceipt: same ? inResponse : spellId(number, options.receiptIdStyle) };
}

/** Octets and TLVs of a receipt: {short_message, tlvs}. `text` is the octets of the message it is about. */
export function receiptBody({ id, state, text, submitted, done }, options) {
  const error = state === "DELIVRD" || state === "ENROUTE" || state === "ACCEPTD" ? "000" : options.errorCode;
  const words = [
    `id:${id}`,
    "sub:001",
    `dlvrd:${state === "DELIVRD" ? "001" : "000"}`,
    `submit date:${stamp(submitted, options.dateDigits)}`,
    `done date:${stamp(done, options.dateDigits)}`,
    `stat:${state}`,
    `err:${error}`,
    "text:",
  ];
  const body = Buffer.concat([Buffer.from(words.join(" "), "latin1"), text.subarray(0, 20)]);
  return {
    short_message: options.form === "tlvs" ? Buffer.alloc(0) : body,
    tlvs: options.form === "text" ? {} : receiptTlvs(id, state, error),
  };
}

function receiptTlvs(id, state, error) {
  const code = Buffer.from([3, 0, 0]); // network type 3 = GSM (5.3.2.31)
  code.writeUInt16BE(Number.parseInt(error, 10) & 0xffff || 0, 1);
  return { receipted_message_id: id, message_state: STATES[state], network_error_code: code };
}

function stamp(ts, digits) {
  const [year, ...rest] = new Date(ts)
    .toISOString()
    .split(/[-T:.]/)
    .slice(0, 6);
  const long = [year, ...rest].join("");
  return { 10: long.slice(2, 12), 12: long.slice(2, 14), 14: long }[digits];
}

/** True when the submit asked for a receipt of this state (5.2.17); ENROUTE is the intermediate one. */
export function wanted(registered, state) {
  if (state === "ENROUTE") return (registered & 0x10) !== 0;
  const level = registered & 0x03;
  if (level === 1) return true;
  return level === 2 && state !== "DELIVRD" && state !== "ACCEPTD";
}
