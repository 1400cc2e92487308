"""Unicode's canonical decompositions and combining classes from Python's own tables, for src/PtaKernels.Text/Encoders/composition.bin.

usage: make_composition_table.py OUT

Little-endian: the number of combining classes (int32), each a code point and its class (int32, int32), then decompositions to the end: a code point, its first
character, its second one or 0, and 1 where the two compose to it again (int32 each). Hangul is left out: it is arithmetic.
"""
import struct
import sys
import unicodedata

classes, decompositions = [], []
for point in range(0x110000):
    if 0xD800 <= point <= 0xDFFF or 0xAC00 <= point <= 0xD7A3:
        continue
    if unicodedata.combining(chr(point)):
        classes.append((point, unicodedata.combining(chr(point))))
    parts = unicodedata.decomposition(chr(point))
    if parts and not parts.startswith("<"):
        first, second = ([int(part, 16) for part in parts.split()] + [0])[:2]
        composes = second != 0 and unicodedata.normalize("NFC", chr(point)) == chr(point)
        decompositions.append((point, first, second, int(composes)))
with open(sys.argv[1], "wb") as out:
    out.write(struct.pack("<i", len(classes)) + b"".join(struct.pack("<2i", *row) for row in classes) + b"".join(struct.pack("<4i", *row) for row in decompositions))
