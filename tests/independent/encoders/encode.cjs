// Ids of every line of a file by the originals' own code: npm's tiktoken (its Rust, as WebAssembly) or npm's tokenizers (Hugging Face's Rust).
// usage: node encode.cjs tiktoken ENCODING LINES OUT
//        node encode.cjs tokenizers TOKENIZER.JSON LINES OUT
const fs = require('fs');
const [, , kind, name, lines, out] = process.argv;
const content = fs.readFileSync(lines);
const texts = [];
for (let start = 0; start < content.length;) {
  let end = content.indexOf(10, start);
  if (end < 0) end = content.length;
  texts.push(new TextDecoder('utf-8', { ignoreBOM: true }).decode(content.subarray(start, end)));
  start = end + 1;
}
(async () => {
  let encode;
  if (kind === 'tiktoken') {
    const encoding = require('tiktoken').get_encoding(name);
    encode = (text) => Array.from(encoding.encode_ordinary(text));
  } else {
    const tokenizer = await require('tokenizers').Tokenizer.fromFile(name);
    encode = async (text) => (await tokenizer.encode(text, null, { addSpecialTokens: false })).getIds();
  }
  const rows = [];
  for (const text of texts) rows.push((await encode(text)).join(' '));
  fs.writeFileSync(out, rows.join('\n') + '\n');
})();
