#!/usr/bin/env python3
"""Outlines of the characters that charts need, as text, from a TrueType font.

    make_outlines.py FONT.ttf NAME > OUTLINES.tsv

One line per character: code point, advance width, outline as SVG path data (M, L, Q, Z), in units of 1/unitsPerEm with y upwards. The first line
has the name and unitsPerEm. Charts are the same on every machine this way, also where no font is installed.
"""
import struct
import sys

CHARACTERS = [*range(0x20, 0x7F), *range(0xA0, 0x100), *map(ord, "ΔαβεμσλΣ–—‘’“”•…−×≤≥≈→←↑↓√∞")]


def table_of(font):
    tables = {}
    for i in range(struct.unpack_from(">H", font, 4)[0]):
        tag, _, offset, _ = struct.unpack_from(">4sIII", font, 12 + 16 * i)
        tables[tag.decode()] = offset
    return tables


def glyph_of_character(font, cmap):
    for i in range(struct.unpack_from(">H", font, cmap + 2)[0]):
        platform, encoding, offset = struct.unpack_from(">HHI", font, cmap + 4 + 8 * i)
        at = cmap + offset
        if (platform, encoding) == (3, 1) and struct.unpack_from(">H", font, at)[0] == 4:
            break
    else:
        raise SystemExit("the font has no character table of format 4")
    count = struct.unpack_from(">H", font, at + 6)[0] // 2
    ends = struct.unpack_from(f">{count}H", font, at + 14)
    starts = struct.unpack_from(f">{count}H", font, at + 16 + 2 * count)
    deltas = struct.unpack_from(f">{count}h", font, at + 16 + 4 * count)
    ranges = at + 16 + 6 * count
    offsets = struct.unpack_from(f">{count}H", font, ranges)

    def find(character):
        for s in range(count):
            if starts[s] <= character <= ends[s]:
                if offsets[s] == 0:
                    return (character + deltas[s]) & 0xFFFF
                glyph = struct.unpack_from(">H", font, ranges + 2 * s + offsets[s] + 2 * (character - starts[s]))[0]
                return (glyph + deltas[s]) & 0xFFFF if glyph else 0
        return 0

    return find


def contours(font, tables, wide, glyph):
    """Lists of (x, y, on the curve)."""
    size, form = (4, ">2I") if wide else (2, ">2H")
    begin, end = struct.unpack_from(form, font, tables["loca"] + size * glyph)
    if begin == end:
        return []
    at = tables["glyf"] + begin * (1 if wide else 2)
    count = struct.unpack_from(">h", font, at)[0]
    at += 10
    if count < 0:
        return composite(font, tables, wide, at)
    ends = struct.unpack_from(f">{count}H", font, at)
    at += 2 * count
    at += 2 + struct.unpack_from(">H", font, at)[0]
    points, flags = ends[-1] + 1, []
    while len(flags) < points:
        flag = font[at]
        at += 1
        flags.append(flag)
        if flag & 8:
            flags += [flag] * font[at]
            at += 1
    axes = []
    for short, same in ((2, 16), (4, 32)):
        values, value = [], 0
        for flag in flags:
            if flag & short:
                value += font[at] if flag & same else -font[at]
                at += 1
            elif not flag & same:
                value += struct.unpack_from(">h", font, at)[0]
                at += 2
            values.append(value)
        axes.append(values)
    all_points = [(x, y, bool(flag & 1)) for x, y, flag in zip(*axes, flags)]
    return [all_points[first:last + 1] for first, last in zip([0, *(e + 1 for e in ends)], ends)]


def composite(font, tables, wide, at):
    result, more = [], True
    while more:
        flags, glyph = struct.unpack_from(">HH", font, at)
        more = flags & 0x20
        at += 4
        if flags & (0x40 | 0x80) or not flags & 2:
            raise SystemExit(f"glyph {glyph} is turned or placed by points, which is not read here")
        dx, dy = struct.unpack_from(">hh" if flags & 1 else ">bb", font, at)
        at += 4 if flags & 1 else 2
        scale = 1.0
        if flags & 8:
            scale = struct.unpack_from(">h", font, at)[0] / 16384
            at += 2
        result += [[(round(x * scale) + dx, round(y * scale) + dy, on) for x, y, on in contour] for contour in contours(font, tables, wide, glyph)]
    return result


def path_of(contour):
    """Two neighbours off the curve have a point on it halfway."""
    full = []
    for (x, y, on), (nx, ny, next_on) in zip(contour, contour[1:] + contour[:1]):
        full.append((x, y, on))
        if not on and not next_on:
            full.append(((x + nx) // 2, (y + ny) // 2, True))
    first = next(i for i, p in enumerate(full) if p[2])
    full = full[first:] + full[:first + 1]
    text, i = f"M{full[0][0]} {full[0][1]}", 1
    while i < len(full):
        x, y, on = full[i]
        if on:
            text += f"L{x} {y}"
            i += 1
        else:
            text += f"Q{x} {y} {full[i + 1][0]} {full[i + 1][1]}"
            i += 2
    return text + "Z"


def main():
    with open(sys.argv[1], "rb") as file:
        font = file.read()
    tables = table_of(font)
    units, = struct.unpack_from(">H", font, tables["head"] + 18)
    wide = struct.unpack_from(">h", font, tables["head"] + 50)[0] == 1
    widths, = struct.unpack_from(">H", font, tables["hhea"] + 34)
    find = glyph_of_character(font, tables["cmap"])
    print(sys.argv[2], units, sep="\t")
    for character in CHARACTERS:
        glyph = find(character)
        if glyph:
            advance, = struct.unpack_from(">H", font, tables["hmtx"] + 4 * min(glyph, widths - 1))
            print(f"{character:04X}", advance, "".join(map(path_of, contours(font, tables, wide, glyph))), sep="\t")


if __name__ == "__main__":
    main()
