"""Hard lines for encoders, the same ones at every run: runs of spaces, code, emoji, joiners, byte fallback, compatibility forms, control characters,
broken UTF-8, long words of one letter, empty lines.

usage: make_hard_lines.py COUNT OUT
"""
import random
import sys
import unicodedata

WORDS = ("the of and to in is that for it as was with be by on not he his but at are this have from or had an they which one you were all her she there "
         "would their we him been has when who will no more if out so up said what its about than into them can only other time new some could these two "
         "may first then do any like my now over such our man me even most made after also did many off before must well back through years where much "
         "namespace System.Collections.Generic IEnumerable<T> async Task<string> internationalization don't we'll I'm they've it's isn't he'd ISN'T "
         "Straße Ünïcödé naïve façade København Łódź Москва привет Ελλάδα שלום مرحبا नमस्ते สวัสดี မြန်မာ 日本語 東京都 한국어 中文 漢字 ｆｕｌｌ ｗｉｄｔｈ").split()
CODE = ["    return x", "\tif (a != b) {", "for (int i = 0; i < n; i++)", "}  // end", "def f(self, *args, **kwargs):", "        self.x = [1, 2, 3]", "#include <stdio.h>", "a->b.c()[0]",
        "x = 0xFF_FF + 1e-10", "/// <summary>", "</summary>", "$\"{name,-10}: {value:F3}\"", "SELECT * FROM t WHERE a='b';", "https://example.org/a?b=c&d=%20#e", "C:\\Users\\x\\y.txt", "<s>", "</s>", "<unk>", "<0x0A>",
        "<|endoftext|>", "<|im_start|>", "|||", "====", "----", "....", ";;;", "(((", "\"\"\"", "''''", "\r", "\x0b\x0c"]
EMOJI = ["\U0001F600", "\U0001F468\u200D\U0001F469\u200D\U0001F467", "\u2764\uFE0F", "\U0001F1E9\U0001F1EA", "\U0001F44D\U0001F3FD", "1\uFE0F\u20E3", "\U0001F9D1\u200D\U0001F4BB", "\u263A"]
FORMS = ["\uFB01", "\uFB03", "\u2460", "\u33A1", "\u2122", "\u00BD", "\u216B", "\uFF21\uFF42\uFF13", "\uFF76\uFF9E", "\u30AB\u3099", "e\u0301", "\u00E9", "A\u030A", "\u212B", "\u1E9B\u0323", "\u0958", "\u0915\u093C", "\u3000", "\u00A0",
         "\u2002", "\u200B", "\u200D", "\u200F", "\uFEFF", "\u00AD", "\u2028", "\u2029", "\u0085", "\u2026", "\uFF0E\uFF0E", "\u3392", "\uFDFA", "\uAC00", "\u1100\u1161\u11A8", "\u2581", "\u2581\u2581", "\u2581a", "\u0344", "\u1D538", "\U0001D400", "\U0001D7D8",
         "\U0002F800", "\U00010348", "\U000E0001", "\uFFFD", "\uFFFE", "\uE000", "\u0E33", "\u0EB3", "\u0F77", "\u1E9E"]
BROKEN = [b"\x80", b"\xff", b"\xc0\x80", b"\xe2\x96", b"\xf0\x9f\x98", b"\xed\xa0\x80", b"\xf5\x80\x80\x80", b"\xc3", b"\xe0\x80\x80", b"\xfe\xfe", b"\xf4\x90\x80\x80"]
RANGES = [(0x20, 0x7E), (0xA0, 0x24F), (0x370, 0x3FF), (0x400, 0x4FF), (0x590, 0x6FF), (0x900, 0x97F), (0xE00, 0xE7F), (0x1000, 0x109F), (0x1E00, 0x1FFF), (0x2000, 0x2BFF), (0x3000, 0x30FF), (0x3200, 0x33FF), (0x4E00, 0x9FFF), (0xAC00, 0xD7A3),
          (0xF900, 0xFAFF), (0xFB00, 0xFEFF), (0xFF00, 0xFFEF), (0x10000, 0x1034F), (0x1D400, 0x1D7FF), (0x1F300, 0x1FAFF), (0x20000, 0x2A6DF)]


def character(r):
    while True:
        c = r.randint(*r.choice(RANGES))
        if not 0xD800 <= c <= 0xDFFF:
            return chr(c)


def part(r):
    k = r.randrange(16)
    if k < 5:
        w = r.choice(WORDS)
        return (w.capitalize() if r.random() < .2 else w.upper() if r.random() < .1 else w).encode()
    if k == 5:
        return b" " * r.choice([1, 2, 3, 4, 5, 8, 16, 17, 33])
    if k == 6:
        return r.choice(CODE).encode()
    if k == 7:
        return r.choice(EMOJI).encode()
    if k == 8:
        return r.choice(FORMS).encode()
    if k == 9:
        return "".join(character(r) for _ in range(r.randint(1, 8))).encode()
    if k == 10:
        return "".join(r.choice("0123456789.,-%") for _ in range(r.randint(1, 12))).encode()
    if k == 11:
        return bytes(r.choice([c for c in range(0x20) if c != 0x0A] + [0x7F]) for _ in range(r.randint(1, 2)))
    if k == 12:
        return unicodedata.normalize(r.choice(["NFC", "NFD", "NFKC", "NFKD"]), r.choice(WORDS)).encode()
    if k == 13:
        return (r.choice("aeix.-=_ \u00e9\u4e00") * r.randint(2, 40)).encode()
    if k == 14:
        return "".join(r.choice("abcdefghijklmnopqrstuvwxyzABCXYZ'_") for _ in range(r.randint(1, 14))).encode()
    return r.choice(BROKEN) if r.random() < .3 else r.choice(FORMS).encode() + r.choice(FORMS).encode()


def line(r, i):
    if i % 997 == 0:
        return (r.choice("ax-\u00e9\u4e00 ") * r.choice([500, 1000, 4000])).encode()
    if i % 501 == 0:
        return b""
    n = r.choice([1, 1, 2, 3, 5, 8, 13, 21])
    glue = r.choice([b" ", b" ", b"", b"  "])
    out = glue.join(part(r) for _ in range(n))
    if r.random() < .1:
        out = b" " * r.randint(1, 3) + out
    if r.random() < .1:
        out += b" " * r.randint(1, 3)
    return out.replace(b"\n", b"")


def lines(count):
    r = random.Random(20261126)
    return [line(r, i) for i in range(1, count + 1)]


if __name__ == "__main__":
    with open(sys.argv[2], "wb") as f:
        for text in lines(int(sys.argv[1])):
            f.write(text + b"\n")
