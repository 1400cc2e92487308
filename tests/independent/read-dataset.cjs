// Opens a Dataset folder with Apache Arrow for JavaScript, an implementation that shares nothing with ours, and prints what it finds as JSON:
// rows and record batches, every column's type, and the first row's values.
//   NODE_PATH=<folder with apache-arrow> node read-dataset.cjs FOLDER
'use strict';
const fs = require('fs');
const path = require('path');
const { tableFromIPC } = require('apache-arrow');

function plain(value) {
  if (value === null || typeof value === 'string') return value;
  if (typeof value === 'bigint') return Number(value);
  if (typeof value === 'object') return Array.from(value, plain);
  return value;
}

const folder = process.argv[2];
const state = JSON.parse(fs.readFileSync(path.join(folder, 'state.json'), 'utf8'));
const tables = state._data_files.map(file => tableFromIPC(fs.readFileSync(path.join(folder, file.filename))));
const types = Object.fromEntries(tables[0].schema.fields.map(field => [field.name, String(field.type)]));
const first = tables[0].numRows === 0 ? null : Object.fromEntries(tables[0].schema.fields.map((field, i) => [field.name, plain(tables[0].getChildAt(i).get(0))]));
console.log(JSON.stringify({
  rows: tables.reduce((sum, table) => sum + table.numRows, 0),
  batches: tables.reduce((sum, table) => sum + table.batches.length, 0),
  types,
  first,
}));
