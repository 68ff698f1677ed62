// What a handset makes of a typed text: the alphabet, the cutting, the deliver_sm of each part.

import { concatUdh, cutParts, encode } from "./text.js";

/** The deliver_sm fields of a text, one entry a part: {fields, row (what the page shows), describes}. */
export function compose(
  { from, to, text, encoding = "auto", split = "udh8", cut = "clean", ref, fields = {} },
  nextRef,
) {
  const coded = encode(text, encoding);
  const cuts = cutParts(coded.octets, coded.encoding, split, cut);
  const reference = ref ?? nextRef();
  const base = { ...addresses(from, to), data_coding: coded.dataCoding, esm_class: 0, ...fields };
  const describes = { encoding: coded.encoding, dataCoding: base.data_coding };
  return cuts.map((octets, i) => {
    const own = place(octets, { split, reference, total: cuts.length, part: i + 1, base });
    const row = {
      part: i + 1,
      total: cuts.length,
      octets: octets.toString("hex"),
      size: octets.length,
      ref: cuts.length > 1 ? reference : undefined,
      udh: own.udh,
      esmClass: own.fields.esm_class,
      dataCoding: base.data_coding,
      state: "stored",
    };
    return { fields: own.fields, row, describes };
  });
}

/** Concatenation references. */
export class References {
  #last = new Map();

  // Random start, one counter per pair: a global 8-bit counter repeats to one peer within minutes.
  next(from, to) {
    const key = `${from} ${to}`;
    const next = ((this.#last.get(key) ?? Math.floor(Math.random() * 65536)) + 1) & 0xffff;
    this.#last.set(key, next);
    return next;
  }
}

function addresses(from, to) {
  const plus = String(from).startsWith("+");
  const international = plus || String(from).length > 8;
  return {
    source_addr_ton: international ? 1 : 0,
    source_addr_npi: 1,
    source_addr: String(from).replace(/^\+/, ""),
    dest_addr_ton: 0,
    dest_addr_npi: 1,
    destination_addr: String(to),
  };
}

function place(octets, { split, reference, total, part, base }) {
  if (split === "payload")
    return { fields: { ...base, short_message: Buffer.alloc(0), message_payload: octets } };
  if (total === 1) return { fields: { ...base, short_message: octets } };
  if (split === "sar") {
    const sar = { sar_msg_ref_num: reference, sar_total_segments: total, sar_segment_seqnum: part };
    return { fields: { ...base, short_message: octets, ...sar } };
  }
  const udh = concatUdh(split, reference, total, part);
  const fields = { ...base, esm_class: base.esm_class | 0x40, short_message: Buffer.concat([udh, octets]) };
  return { fields, udh: udh.toString("hex") };
}
