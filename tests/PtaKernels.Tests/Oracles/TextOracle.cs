namespace PtaKernels.Tests.Oracles;

/// <summary>A token as the oracles see it. Roles are letters: b(os), e(os), p(ad), u(nk).</summary>
internal sealed record PlainToken(int[] Symbols, bool Special = false, string Roles = "", bool Hole = false);

/// <summary>Symbols, token distances and nearest tokens from their definitions: full tables, no short cuts.</summary>
internal static class TextOracle
{
    /// <summary>Code points of well-formed UTF-8 by arithmetic; every byte that starts none is 0xDC00 + byte.</summary>
    public static int[] Symbols(byte[] text)
    {
        var symbols = new List<int>();
        for (int at = 0; at < text.Length;)
        {
            int length = WellFormedLength(text, at, out int codePoint);
            symbols.Add(length == 0 ? 0xDC00 + text[at] : codePoint);
            at += Math.Max(length, 1);
        }

        return [.. symbols];
    }

    /// <summary>The bytes of a code point, most significant bits first.</summary>
    public static byte[] Encode(int codePoint) => codePoint switch
    {
        < 0x80 => [(byte)codePoint],
        < 0x800 => [(byte)(0xC0 | (codePoint >> 6)), Continuation(codePoint)],
        < 0x10000 => [(byte)(0xE0 | (codePoint >> 12)), Continuation(codePoint >> 6), Continuation(codePoint)],
        _ => [(byte)(0xF0 | (codePoint >> 18)), Continuation(codePoint >> 12), Continuation(codePoint >> 6), Continuation(codePoint)],
    };

    public static int Levenshtein<T>(T[] a, T[] b)
        where T : IEquatable<T>
    {
        int[,] d = new int[a.Length + 1, b.Length + 1];
        for (int i = 0; i <= a.Length; i++)
        {
            for (int j = 0; j <= b.Length; j++)
            {
                if (i == 0 || j == 0)
                {
                    d[i, j] = i + j;
                    continue;
                }

                int substitution = d[i - 1, j - 1] + (a[i - 1].Equals(b[j - 1]) ? 0 : 1);
                d[i, j] = new[] { substitution, d[i - 1, j] + 1, d[i, j - 1] + 1 }.Min();
            }
        }

        return d[a.Length, b.Length];
    }

    public static bool SpecialsMatch(PlainToken a, PlainToken b) =>
        a.Special && b.Special && (a.Roles.Intersect(b.Roles).Any() || a.Symbols.SequenceEqual(b.Symbols));

    public static int Distance(PlainToken a, PlainToken b)
    {
        if (a.Special || b.Special)
            return SpecialsMatch(a, b) ? 0 : 64;
        return Levenshtein(a.Symbols, b.Symbols);
    }

    /// <summary>The first target token at the smallest distance, or -1.</summary>
    public static (int Token, int Distance) Nearest(PlainToken query, PlainToken[] target)
    {
        (int Token, int Distance) best = (-1, int.MaxValue);
        for (int id = 0; id < target.Length; id++)
        {
            if (query.Hole || target[id].Hole || query.Special != target[id].Special)
                continue;
            if (query.Special && !SpecialsMatch(query, target[id]))
                continue;
            int distance = Distance(query, target[id]);
            if (distance < best.Distance)
                best = (id, distance);
        }

        return best.Token < 0 ? (-1, 0) : best;
    }

    private static byte Continuation(int bits) => (byte)(0x80 | (bits & 0x3F));

    private static int WellFormedLength(byte[] text, int at, out int codePoint)
    {
        int lead = text[at];
        int length = lead < 0x80 ? 1 : lead >> 5 == 0b110 ? 2 : lead >> 4 == 0b1110 ? 3 : lead >> 3 == 0b11110 ? 4 : 0;
        codePoint = length switch { 1 => lead, 2 => lead & 0x1F, 3 => lead & 0x0F, 4 => lead & 0x07, _ => -1 };
        if (length == 0 || at + length > text.Length)
            return 0;
        for (int i = 1; i < length; i++)
        {
            if (text[at + i] >> 6 != 0b10)
                return 0;
            codePoint = (codePoint << 6) | (text[at + i] & 0x3F);
        }

        bool scalar = codePoint is < 0xD800 or (> 0xDFFF and <= 0x10FFFF);
        return scalar && Encode(codePoint).Length == length ? length : 0;
    }
}
