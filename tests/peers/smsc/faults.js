// Faults of the simulated SMSC: what goes wrong in real networks, switched on while it runs.

import { STATUS } from "./wire.js";

/** Faults of the SMSC: [initial value, allowed values or a type]. All start switched off. */
export const FAULTS = {
  latencyMs: [0, "number"], // before each response
  jitterMs: [0, "number"], // up to this much more
  throttlePerSecond: [null, "number?"], // more submits than this get 0x58; 0 throttles all
  throttleCounts: ["parts", ["parts", "messages"]], // messages: only the first part of a long text counts
  queueFull: [false, "boolean"], // every submit gets 0x14
  mute: ["off", ["off", "submits", "all"]], // no responses to submits, or to anything
  errorNext: [null, "error?"], // {status, count, to?}: the next submits get this status
  dropNext: [0, "number"], // accept the next N submits, drop the link instead of responding
  refuseBind: [0, "number"], // status for every bind; 0 takes them
  refuseTransceiver: [false, "boolean"], // bind_transceiver gets 0x03
  errorBody: [false, "boolean"], // error responses keep a body (usually a bare header)
  vendorTlvs: [false, "boolean"], // unknown and zero-length TLVs on what we send
  congestion: [null, "number?"], // congestion_state 0x0428 in responses
  omitVersion: [false, "boolean"], // no sc_interface_version in bind responses
  answerEnquire: [true, "boolean"],
  duplicateResponses: [false, "boolean"],
  dribble: [0, "number"], // octets per write, to cut PDUs anywhere
  readPerSecond: [0, "number"], // octets; we read no faster, so that the ESME's writes back up
  idleCutMs: [0, "number"], // a link on which the ESME says nothing for so long is cut
  submitStatusOf: [{}, "object"], // {number: status}: for one destination only
};

/** The status a submit to `destination` gets from the faults that are on now, or 0. Counts down. part: from 1. */
export function submitStatus(faults, destination, rate, part) {
  const v = faults.values;
  const own = v.submitStatusOf[destination];
  if (own) return own;
  const next = v.errorNext;
  if (next && next.count > 0 && (!next.to || next.to === destination)) {
    faults.set({ errorNext: next.count > 1 ? { ...next, count: next.count - 1 } : null });
    return next.status;
  }
  if (v.queueFull) return STATUS.ESME_RMSGQFUL;
  const counts = v.throttlePerSecond !== null && (part === 1 || v.throttleCounts === "parts");
  return counts && !rate.take(v.throttlePerSecond) ? STATUS.ESME_RTHROTTLED : 0;
}

/** Counts events in the running second. */
export class Rate {
  #second = 0;
  #count = 0;

  take(limit) {
    const second = Math.floor(Date.now() / 1000);
    if (second !== this.#second) [this.#second, this.#count] = [second, 0];
    return this.#count++ < limit;
  }
}
