/** Reads a columnar file on standard input as `geo/packing.py` describes it, and prints its columns; see test_packing.py. */
import { readFileSync } from "node:fs";

const data = readFileSync(0);
const start = 8 + data.readUInt32LE(4);
const header = JSON.parse(data.toString("utf8", 8, start));

const WIDTHS = { u8: 1, u16: 2, u32: 4, i32: 4, d32: 4 };

function plain(bytes, width, count) {
  return Array.from({ length: count }, (_, row) => {
    let value = 0;
    for (let plane = 0; plane < width; plane++) value += bytes[plane * count + row] * 256 ** plane;
    return value;
  });
}

function read({ coding, at, bytes, count }) {
  const body = data.subarray(start + at, start + at + bytes);
  if (coding === "json") return JSON.parse(body.toString("utf8"));
  const values = plain(body, WIDTHS[coding], count);
  if (coding[0] === "u") return values;
  const signed = values.map((value) => (value >>> 1) ^ -(value & 1));
  let sum = 0;
  return coding === "i32" ? signed : signed.map((step) => (sum = (sum + step) | 0));
}

const columns = header.columns.map((column) => [column.name, read(column)]);
process.stdout.write(JSON.stringify(Object.fromEntries(columns)));
