using System.Buffers.Binary;

namespace PtaKernels.Corpus.Stores;

/// <summary>Numbers of 1..31 bits one after another, least significant bit first, in whole bytes.</summary>
internal static class BitPacking
{
    /// <summary>Most bits of a number.</summary>
    public const int MaxBits = 31;

    /// <summary>Bytes that some numbers take.</summary>
    /// <exception cref="OverflowException">More than an array can hold.</exception>
    public static int BytesOf(long count, int bits) => checked((int)(((count * bits) + 7) / 8));

    /// <summary>Bits that the ids of a vocabulary need.</summary>
    public static int BitsFor(int tokens) => Math.Max(1, 32 - int.LeadingZeroCount(Math.Max(0, tokens - 1)));

    /// <summary>Packs numbers, each at least 0 and less than 2^bits.</summary>
    /// <param name="values">The numbers.</param>
    /// <param name="bits">Bits of each.</param>
    /// <param name="destination">[<see cref="BytesOf"/>]; unused bits of the last byte become 0.</param>
    public static void Pack(ReadOnlySpan<int> values, int bits, Span<byte> destination)
    {
        ulong held = 0;
        int filled = 0, at = 0;
        foreach (int value in values)
        {
            held |= (ulong)(uint)value << filled; // filled < 32 and bits < 32: nothing is lost
            filled += bits;
            if (filled < 32)
                continue;
            BinaryPrimitives.WriteUInt32LittleEndian(destination[at..], (uint)held);
            (held, filled, at) = (held >> 32, filled - 32, at + 4);
        }

        for (; filled > 0; filled -= 8, held >>= 8)
            destination[at++] = (byte)held;
    }

    /// <summary>Unpacks numbers.</summary>
    /// <param name="source">At least <see cref="BytesOf"/> bytes.</param>
    /// <param name="bits">Bits of each.</param>
    /// <param name="values">Receives them.</param>
    public static void Unpack(ReadOnlySpan<byte> source, int bits, Span<int> values)
    {
        uint mask = (1u << bits) - 1;
        int whole = 0;
        // As long as eight bytes can be read: a number and the bits before it in its first byte fit into them.
        for (; whole < values.Length && (((long)whole * bits) >> 3) + sizeof(ulong) <= source.Length; whole++)
        {
            long bit = (long)whole * bits;
            values[whole] = (int)((uint)(BinaryPrimitives.ReadUInt64LittleEndian(source[(int)(bit >> 3)..]) >> (int)(bit & 7)) & mask);
        }

        Span<byte> last = stackalloc byte[sizeof(ulong)];
        for (; whole < values.Length; whole++)
        {
            long bit = (long)whole * bits;
            ReadOnlySpan<byte> rest = source[(int)(bit >> 3)..];
            last.Clear();
            rest[..Math.Min(rest.Length, sizeof(ulong))].CopyTo(last);
            values[whole] = (int)((uint)(BinaryPrimitives.ReadUInt64LittleEndian(last) >> (int)(bit & 7)) & mask);
        }
    }
}
