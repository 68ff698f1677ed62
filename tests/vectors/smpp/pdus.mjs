// Makes pdus.tsv with npm smpp, a codec that has nothing in common with ours:
//   node tests/vectors/smpp/pdus.mjs > tests/vectors/smpp/pdus.tsv
// Each row: command, what it shows, hex. The unit test decodes each and encodes it to the same octets.
import smpp from "smpp";

const rows = [];
function add(command, what, fields) {
  const pdu = new smpp.PDU(command, fields);
  rows.push([command, what, pdu.toBuffer().toString("hex")].join("\t"));
}

const bind = {
  system_id: "posthouse", password: "secret", system_type: "SMPP", interface_version: 0x34,
  addr_ton: 1, addr_npi: 1, address_range: "^955",
};
const source = { source_addr_ton: 1, source_addr_npi: 1, source_addr: "8613800138000" };
const dest = { dest_addr_ton: 3, dest_addr_npi: 0, destination_addr: "95500" };
const sm = {
  service_type: "CMT", ...source, ...dest, esm_class: 0, protocol_id: 0, priority_flag: 1,
  schedule_delivery_time: "", validity_period: "000001000000000R", registered_delivery: 1,
  replace_if_present_flag: 0, data_coding: 3, sm_default_msg_id: 0, short_message: Buffer.from("hello"),
};

for (const kind of ["transmitter", "receiver", "transceiver"]) {
  add(`bind_${kind}`, "all fields", { sequence_number: 1, ...bind });
  add(`bind_${kind}`, "empty strings", { sequence_number: 1, ...bind, password: "", system_type: "", address_range: "" });
  add(`bind_${kind}_resp`, "with a version", { sequence_number: 1, system_id: "SMSC", sc_interface_version: 0x34 });
  add(`bind_${kind}_resp`, "without a version", { sequence_number: 1, system_id: "SMSC" });
}
add("outbind", "both fields", { sequence_number: 9, system_id: "SMSC", password: "secret" });
for (const plain of ["unbind", "unbind_resp", "enquire_link", "enquire_link_resp", "generic_nack"])
  add(plain, "header alone", { sequence_number: 0x7fffffff });
add("generic_nack", "with a status", { sequence_number: 0, command_status: 2 });
for (const command of ["submit_sm", "deliver_sm"]) {
  add(command, "plain", { sequence_number: 42, ...sm });
  add(command, "no text", { sequence_number: 42, ...sm, short_message: Buffer.alloc(0) });
  add(command, "254 octets of text", { sequence_number: 42, ...sm, short_message: Buffer.alloc(254, 0x61) });
  add(command, "octets 00 to FF in the text", { sequence_number: 42, ...sm, short_message: Buffer.from([...Array(250).keys()]) });
  add(command, "user data header", { sequence_number: 42, ...sm, esm_class: 0x40, short_message: Buffer.from("050003010201", "hex") });
  add(command, "message_payload", { sequence_number: 42, ...sm, short_message: Buffer.alloc(0), message_payload: Buffer.alloc(600, 0x62) });
  add(command, "sar_", { sequence_number: 42, ...sm, sar_msg_ref_num: 0x1234, sar_total_segments: 3, sar_segment_seqnum: 2 });
  add(command, "integers of each width", { sequence_number: 42, ...sm, user_message_reference: 0xabcd, qos_time_to_live: 86400, source_port: 5000, destination_port: 5001, language_indicator: 1 });
  add(`${command}_resp`, "an id", { sequence_number: 42, message_id: "0123456789abcdef" });
  add(`${command}_resp`, "no id", { sequence_number: 42, message_id: "" });
}
add("deliver_sm", "receipt in TLVs", { sequence_number: 7, ...sm, esm_class: 4, short_message: Buffer.alloc(0), receipted_message_id: "abc", message_state: 2, network_error_code: Buffer.from("030001", "hex") });
add("data_sm", "message_payload", { sequence_number: 8, service_type: "", ...source, ...dest, esm_class: 0, registered_delivery: 1, data_coding: 8, message_payload: Buffer.from("4f60597d", "hex") });
add("data_sm_resp", "an id", { sequence_number: 8, message_id: "77" });
add("query_sm", "all fields", { sequence_number: 11, message_id: "77", ...source });
add("query_sm_resp", "delivered", { sequence_number: 11, message_id: "77", final_date: "", message_state: 2, error_code: 0 });
add("cancel_sm", "all fields", { sequence_number: 12, service_type: "", message_id: "77", ...source, ...dest });
add("cancel_sm_resp", "header alone", { sequence_number: 12 });
add("replace_sm", "all fields", { sequence_number: 13, message_id: "77", ...source, schedule_delivery_time: "", validity_period: "", registered_delivery: 0, sm_default_msg_id: 0, short_message: Buffer.from("new") });
add("replace_sm_resp", "header alone", { sequence_number: 13 });
add("alert_notification", "with availability", { sequence_number: 14, ...source, esme_addr_ton: 0, esme_addr_npi: 0, esme_addr: "95500", ms_availability_status: 0 });
add("submit_multi", "an address and a list", {
  sequence_number: 15, ...sm,
  dest_address: [{ dest_addr_ton: 1, dest_addr_npi: 1, destination_addr: "8613800138000" }, { dl_name: "friends" }],
});
add("submit_multi_resp", "one failed", {
  sequence_number: 15, message_id: "78",
  unsuccess_sme: [{ dest_addr_ton: 1, dest_addr_npi: 1, destination_addr: "8613800138000", error_status_code: 0x0b }],
});

// 5.0: broadcasts, and what its TLVs look like.
const area = [{ format: smpp.consts.BROADCAST_AREA_FORMAT.NAME, data: "Guangzhou" }];
const content = { network: smpp.consts.NETWORK.GSM, content_type: 0x0001 };
add("broadcast_sm", "mandatory TLVs", {
  sequence_number: 16, service_type: "CBS", ...source, message_id: "", priority_flag: 1, schedule_delivery_time: "",
  validity_period: "000001000000000R", replace_if_present_flag: 0, data_coding: 8, sm_default_msg_id: 0,
  broadcast_area_identifier: area, broadcast_content_type: content, broadcast_rep_num: 3,
  broadcast_frequency_interval: { unit: 8, interval: 5 }, message_payload: Buffer.from("4f60597d", "hex"),
});
add("broadcast_sm_resp", "an id", { sequence_number: 16, message_id: "b1" });
add("broadcast_sm_resp", "an area that failed", { sequence_number: 16, message_id: "b1", broadcast_error_status: [0x109], failed_broadcast_area_identifier: area });
add("query_broadcast_sm", "all fields", { sequence_number: 17, message_id: "b1", ...source, user_message_reference: 7 });
add("query_broadcast_sm_resp", "one area", {
  sequence_number: 17, message_id: "b1", message_state: 2, broadcast_area_identifier: area, broadcast_area_success: [97],
  broadcast_end_time: "260102030405000+",
});
add("cancel_broadcast_sm", "all fields", { sequence_number: 18, service_type: "CBS", message_id: "b1", ...source, broadcast_content_type: content });
add("cancel_broadcast_sm_resp", "header alone", { sequence_number: 18 });
add("bind_transceiver", "5.0", { sequence_number: 1, ...bind, interface_version: 0x50 });
add("bind_transceiver_resp", "5.0, congested", { sequence_number: 1, system_id: "SMSC", sc_interface_version: 0x50, congestion_state: 95 });
add("submit_sm_resp", "congested", { sequence_number: 42, message_id: "1", congestion_state: 90 });
add("data_sm_resp", "why not", { sequence_number: 8, message_id: "", delivery_failure_reason: 1, network_error_code: Buffer.from("030001", "hex"), additional_status_info_text: "absent", dpf_result: 1 });
add("submit_sm", "number portability, billing, networks", {
  sequence_number: 42, ...sm, dest_addr_np_resolution: 1, dest_addr_np_information: Buffer.from("0123456789"),
  dest_addr_np_country: 86, billing_identification: Buffer.from("0102", "hex"), source_network_id: "net1",
  dest_network_id: "net2", source_node_id: Buffer.from("node01"), dest_node_id: Buffer.from("node02"),
});
process.stdout.write(rows.join("\n") + "\n");
