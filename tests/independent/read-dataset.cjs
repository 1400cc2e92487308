// Opens a Dataset folder, or a store, with Apache Arrow for JavaScript, an implementation that shares nothing with ours, and prints what it finds as JSON:
// rows and record batches, every column's type, and the first row's values. A store's checks are compared as its README describes them.
//   NODE_PATH=<folder with apache-arrow> node read-dataset.cjs FOLDER
'use strict';
const fs = require('fs');
const path = require('path');
const { createHash } = require('crypto');
const { tableFromIPC } = require('apache-arrow');

function plain(value) {
  if (value === null || typeof value === 'string') return value;
  if (typeof value === 'bigint') return Number(value);
  if (typeof value === 'object') return Array.from(value, plain);
  return value;
}

const folder = process.argv[2];
const sha256 = bytes => createHash('sha256').update(bytes).digest('hex');

function filesOfStore(manifest) {
  const lines = fs.readFileSync(manifest, 'utf8').split('\n').filter(line => line.length > 0);
  for (const line of lines) {
    const body = line.slice(0, line.lastIndexOf(',"check":"'));
    if (sha256(body).slice(0, 16) !== JSON.parse(line).check) throw new Error('a line of the manifest is damaged');
  }
  return lines.map(line => JSON.parse(line)).filter(entry => entry.file).map(entry => {
    if (sha256(fs.readFileSync(path.join(folder, entry.file))) !== entry.sha256) throw new Error(`${entry.file} is damaged`);
    return entry.file;
  });
}

const manifest = path.join(folder, 'manifest.jsonl');
const files = fs.existsSync(manifest)
  ? filesOfStore(manifest)
  : JSON.parse(fs.readFileSync(path.join(folder, 'state.json'), 'utf8'))._data_files.map(file => file.filename);
const tables = files.map(file => tableFromIPC(fs.readFileSync(path.join(folder, file))));
const types = Object.fromEntries(tables[0].schema.fields.map(field => [field.name, String(field.type)]));
const first = tables[0].numRows === 0 ? null : Object.fromEntries(tables[0].schema.fields.map((field, i) => [field.name, plain(tables[0].getChildAt(i).get(0))]));
console.log(JSON.stringify({
  rows: tables.reduce((sum, table) => sum + table.numRows, 0),
  batches: tables.reduce((sum, table) => sum + table.batches.length, 0),
  types,
  first,
}));
