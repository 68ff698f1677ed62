// Makes names.tsv from npm smpp: every number of the specification that it has a name for.
//   node tests/vectors/smpp/names.mjs > tests/vectors/smpp/names.tsv
// Each row: command, tlv or status, number, its name there. The unit test knows each number by a name of ours.
import smpp from "smpp";

const rows = [];
const add = (what, number, name) => rows.push(`${what}\t0x${number.toString(16).padStart(8, "0")}\t${name}`);
for (const [name, { id }] of Object.entries(smpp.commands)) add("command", id, name);
for (const [name, { id }] of Object.entries(smpp.tlvs)) add("tlv", id, name);
for (const [name, number] of Object.entries(smpp.errors)) add("status", number, name);
process.stdout.write([...new Set(rows)].sort().join("\n") + "\n");
