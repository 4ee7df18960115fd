/**
 * Reads a columnar file (the format: geo/packing.py): `openFile(buffer)` gives its header and its columns by name.
 *
 * Pure: no map, no page, no request. A file that is no such file, or ends too early, is a BrokenFile.
 */

const MAGIC = "XTC1";
const READ = { u8: bytes, u16: planes, u32: planes, i32: unzigzagged, d32: added, json: texts };
const WIDTH = { u8: 1, u16: 2, u32: 4, i32: 4, d32: 4 };

/** A file that is truncated, of another kind, or of another format. */
export class BrokenFile extends Error {}

/** `{ header, column(name) }` of an ArrayBuffer or Uint8Array; a column is a typed array, or an array of texts. */
export function openFile(buffer) {
  const file = new Uint8Array(buffer);
  if (file.length < 8 || String.fromCharCode(...file.subarray(0, 4)) !== MAGIC) throw new BrokenFile("no columnar file");
  const length = new DataView(file.buffer, file.byteOffset).getUint32(4, true);
  const body = 8 + length;
  if (file.length < body) throw new BrokenFile("the header is cut off");
  const header = JSON.parse(new TextDecoder().decode(file.subarray(8, body)));
  const end = Math.max(0, ...header.columns.map((one) => one.at + one.bytes));
  if (file.length !== body + end) throw new BrokenFile(`${file.length} bytes instead of ${body + end}`);
  const listed = new Map(header.columns.map((one) => [one.name, one]));
  return { header, column: (name) => readColumn(file, body, listed.get(name), name) };
}

function readColumn(file, body, listed, name) {
  const read = READ[listed?.coding];
  if (!read) throw new BrokenFile(`no column ${name} that can be read`);
  const { at, bytes: size, count, coding } = listed;
  if (coding in WIDTH && size !== count * WIDTH[coding]) throw new BrokenFile(`column ${name} has a wrong length`);
  const values = read(file.subarray(body + at, body + at + size), count, WIDTH[coding]);
  if (values.length !== count) throw new BrokenFile(`column ${name} has a wrong length`);
  return values;
}

function bytes(part) {
  return part.slice();
}

/** Byte planes: all lowest bytes come first, then all second ones. */
function planes(part, count, width) {
  const values = width === 2 ? new Uint16Array(count) : new Uint32Array(count);
  for (let plane = 0; plane < width; plane += 1) {
    const from = plane * count;
    const shift = 8 * plane;
    for (let row = 0; row < count; row += 1) values[row] |= part[from + row] << shift;
  }
  return values;
}

function unzigzagged(part, count, width) {
  const coded = planes(part, count, width);
  const values = new Int32Array(count);
  for (let row = 0; row < count; row += 1) values[row] = (coded[row] >>> 1) ^ -(coded[row] & 1);
  return values;
}

/** Differences, added up. */
function added(part, count, width) {
  const values = unzigzagged(part, count, width);
  for (let row = 1; row < count; row += 1) values[row] += values[row - 1];
  return values;
}

function texts(part) {
  return JSON.parse(new TextDecoder().decode(part));
}
