using System.Runtime.CompilerServices;
using ILGPU;
using ILGPU.Algorithms;

namespace PtaKernels.Gpu;

/// <summary>The distance of two tokens by one thread: rules for special tokens, else Myers' bit-vector recurrence with the shorter token down a word.</summary>
/// <remarks>
/// The score is not followed from step to step: the vertical differences of the last column add up to it, since D[m][n] = D[0][n] + sum and D[0][n] = n
/// (Hyyrö 2003). Masks of equal symbols are made by comparisons, four symbols of one token with four of the other, so any symbol will do and no table is kept.
/// </remarks>
internal static class EditDistancePair
{
    /// <summary>What <see cref="Of"/> says of two tokens that are both longer than <see cref="LongestPattern"/>.</summary>
    public const int TooLong = -1;

    /// <summary>Most symbols of the shorter token.</summary>
    public const int LongestPattern = 64;

    private const int NamedRoles = (int)(TokenRoles.Bos | TokenRoles.Eos | TokenRoles.Pad | TokenRoles.Unk);

    /// <summary>Distance of two tokens, or <see cref="TooLong"/>.</summary>
    public static int Of(TapeView source, TokenEntry a, TapeView target, TokenEntry b)
    {
        if (a.IsSpecial || b.IsSpecial)
            return SpecialsMatch(source, a, target, b) ? 0 : TokenTape.SpecialMismatch;
        bool swap = b.Length < a.Length;
        ArrayView<SymbolQuad> pattern = swap ? target.Quads : source.Quads, text = swap ? source.Quads : target.Quads;
        TokenEntry shorter = swap ? b : a, longer = swap ? a : b;
        if (shorter.Length <= 32)
            return Word32(pattern, shorter.Start, shorter.Length, text, longer.Start, longer.Length);
        return shorter.Length <= LongestPattern ? Word64(pattern, shorter.Start, shorter.Length, text, longer.Start, longer.Length) : TooLong;
    }

    /// <summary><see cref="TokenTape.SpecialsMatch"/>.</summary>
    public static bool SpecialsMatch(TapeView source, TokenEntry a, TapeView target, TokenEntry b)
    {
        if ((a.Roles & b.Roles & (int)TokenRoles.Special) == 0)
            return false;
        if ((a.Roles & b.Roles & NamedRoles) != 0)
            return true;
        return a.Length == b.Length && SameSymbols(source.Quads, a.Start, target.Quads, b.Start, a.Length);
    }

    /// <summary>One bit for each symbol of a quad that equals a symbol.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Matches(SymbolQuad quad, int symbol) =>
        (quad.X == symbol ? 1u : 0) | (quad.Y == symbol ? 2u : 0) | (quad.Z == symbol ? 4u : 0) | (quad.W == symbol ? 8u : 0);

    private static bool SameSymbols(ArrayView<SymbolQuad> a, int aStart, ArrayView<SymbolQuad> b, int bStart, int length)
    {
        for (int q = 0; q < (length + 3) / 4; q++)
        {
            SymbolQuad x = a[aStart + q], y = b[bStart + q];
            if (((x.X ^ y.X) | (x.Y ^ y.Y) | (x.Z ^ y.Z) | (x.W ^ y.W)) != 0)
                return false;
        }

        return true;
    }

    // m <= 32; the text has any length.
    private static int Word32(ArrayView<SymbolQuad> pattern, int patternStart, int m, ArrayView<SymbolQuad> text, int textStart, int n)
    {
        var column = new Column32 { Positive = uint.MaxValue };
        int quads = (m + 3) >> 2;
        for (int at = 0; at < n; at += 4)
        {
            SymbolQuad symbols = text[textStart + (at >> 2)];
            uint x = 0, y = 0, z = 0, w = 0;
            for (int q = 0; q < quads; q++)
            {
                SymbolQuad p = pattern[patternStart + q];
                x |= Matches(p, symbols.X) << (4 * q);
                y |= Matches(p, symbols.Y) << (4 * q);
                z |= Matches(p, symbols.Z) << (4 * q);
                w |= Matches(p, symbols.W) << (4 * q);
            }

            column = column.Next(x);
            if (at + 1 < n)
                column = column.Next(y);
            if (at + 2 < n)
                column = column.Next(z);
            if (at + 3 < n)
                column = column.Next(w);
        }

        uint rows = (uint)((1UL << m) - 1);
        return n + XMath.PopCount(column.Positive & rows) - XMath.PopCount(column.Negative & rows);
    }

    // m <= 64.
    private static int Word64(ArrayView<SymbolQuad> pattern, int patternStart, int m, ArrayView<SymbolQuad> text, int textStart, int n)
    {
        var column = new Column64 { Positive = ulong.MaxValue };
        int quads = (m + 3) >> 2;
        for (int at = 0; at < n; at += 4)
        {
            SymbolQuad symbols = text[textStart + (at >> 2)];
            ulong x = 0, y = 0, z = 0, w = 0;
            for (int q = 0; q < quads; q++)
            {
                SymbolQuad p = pattern[patternStart + q];
                x |= (ulong)Matches(p, symbols.X) << (4 * q);
                y |= (ulong)Matches(p, symbols.Y) << (4 * q);
                z |= (ulong)Matches(p, symbols.Z) << (4 * q);
                w |= (ulong)Matches(p, symbols.W) << (4 * q);
            }

            column = column.Next(x);
            if (at + 1 < n)
                column = column.Next(y);
            if (at + 2 < n)
                column = column.Next(z);
            if (at + 3 < n)
                column = column.Next(w);
        }

        ulong rows = ulong.MaxValue >> (64 - m);
        return n + XMath.PopCount(column.Positive & rows) - XMath.PopCount(column.Negative & rows);
    }

    /// <summary>The vertical differences of a column of up to 32 rows: +1 and -1.</summary>
    internal struct Column32
    {
        /// <summary>Rows whose value is one more than the value above.</summary>
        public uint Positive;

        /// <summary>Rows whose value is one less.</summary>
        public uint Negative;

        /// <summary>The next column; row 0 grows by 1.</summary>
        /// <param name="equal">Rows whose symbol is the column's.</param>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public readonly Column32 Next(uint equal)
        {
            uint diagonal = (((equal & Positive) + Positive) ^ Positive) | equal | Negative;
            uint right = ((Negative | ~(diagonal | Positive)) << 1) | 1, left = (Positive & diagonal) << 1;
            return new Column32 { Positive = left | ~(diagonal | right), Negative = right & diagonal };
        }
    }

    /// <summary>The same for up to 64 rows.</summary>
    internal struct Column64
    {
        /// <summary>Rows whose value is one more than the value above.</summary>
        public ulong Positive;

        /// <summary>Rows whose value is one less.</summary>
        public ulong Negative;

        /// <summary>The next column; row 0 grows by 1.</summary>
        /// <param name="equal">Rows whose symbol is the column's.</param>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public readonly Column64 Next(ulong equal)
        {
            ulong diagonal = (((equal & Positive) + Positive) ^ Positive) | equal | Negative;
            ulong right = ((Negative | ~(diagonal | Positive)) << 1) | 1, left = (Positive & diagonal) << 1;
            return new Column64 { Positive = left | ~(diagonal | right), Negative = right & diagonal };
        }
    }
}
