// XML as WeChat writes it, and the reading of a gateway's passive reply by a third-party parser.

import { XMLParser, XMLValidator } from "fast-xml-parser";

/** <xml> with one element per field: {bare} as it is, objects nested, arrays repeated, text in CDATA. */
export function writeXml(fields) {
  return `<xml>${elements(fields)}</xml>`;
}

function elements(fields) {
  return Object.entries(fields)
    .map(([name, value]) => element(name, value))
    .join("\n");
}

function element(name, value) {
  if (Array.isArray(value)) return `<${name}>${value.map(elements).join("")}</${name}>`;
  if (value !== null && typeof value === "object" && "bare" in value) return `<${name}>${value.bare}</${name}>`;
  if (value !== null && typeof value === "object") return `<${name}>${elements(value)}</${name}>`;
  if (typeof value === "number" || typeof value === "bigint") return `<${name}>${value}</${name}>`;
  return `<${name}>${cdata(String(value))}</${name}>`;
}

/** "]]>" cannot stand in one CDATA section: it is split over two. */
function cdata(text) {
  return `<![CDATA[${text.replaceAll("]]>", "]]]]><![CDATA[>")}]]>`;
}

const parser = new XMLParser({
  parseTagValue: false,
  trimValues: true,
  ignoreAttributes: true,
  processEntities: true,
});

/** The fields below <xml>, all text; throws with a sentence when it is not that. */
export function readXml(text) {
  const valid = XMLValidator.validate(text);
  if (valid !== true) throw new Error(`not well-formed XML: ${valid.err.msg}`);
  const { xml } = parser.parse(text);
  if (xml === undefined || typeof xml !== "object") throw new Error("the root element is not <xml>");
  return xml;
}
