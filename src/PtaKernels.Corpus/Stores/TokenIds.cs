using System.Numerics;
using System.Runtime.InteropServices;
using Apache.Arrow.Types;

namespace PtaKernels.Corpus.Stores;

/// <summary>How a store keeps token ids.</summary>
public enum IdEncoding
{
    /// <summary>16 bits each: vocabularies of at most 65,536 tokens.</summary>
    U16,

    /// <summary>32 bits each.</summary>
    U32,

    /// <summary>As many bits as the vocabulary needs, one id after the other, least significant bit first; a document begins at a whole byte.</summary>
    Packed,
}

/// <summary>Token ids as bytes.</summary>
/// <param name="Encoding">How.</param>
/// <param name="Tokens">Number of ids in the vocabulary.</param>
internal readonly record struct TokenIds(IdEncoding Encoding, int Tokens)
{
    private int Bits => BitPacking.BitsFor(Tokens);

    /// <summary>The smallest encoding that an Arrow reader understands without help, or packed where that saves a quarter and more.</summary>
    /// <param name="tokens">Size of the vocabulary.</param>
    /// <param name="encoding">The encoding asked for; null for that choice.</param>
    /// <exception cref="ArgumentException">The ids do not fit.</exception>
    public static TokenIds For(int tokens, IdEncoding? encoding)
    {
        if (encoding == IdEncoding.U16 && tokens > 1 << 16)
            throw new ArgumentException($"--ids u16 holds ids below 65,536, and the vocabulary has {tokens} tokens; take packed or u32.");
        return new TokenIds(encoding ?? (tokens > 1 << 16 ? IdEncoding.Packed : IdEncoding.U16), tokens);
    }

    /// <summary>Type of a column of lists of ids.</summary>
    public IArrowType ListType => Encoding switch
    {
        IdEncoding.U16 => new ListType(UInt16Type.Default),
        IdEncoding.U32 => new ListType(UInt32Type.Default),
        _ => BinaryType.Default,
    };

    /// <summary>Bytes of some ids.</summary>
    public int BytesOf(int count) => Encoding switch
    {
        IdEncoding.U16 => checked(count * 2),
        IdEncoding.U32 => checked(count * 4),
        _ => BitPacking.BytesOf(count, Bits),
    };

    /// <summary>Writes ids.</summary>
    /// <param name="ids">The ids.</param>
    /// <param name="destination">[<see cref="BytesOf"/>].</param>
    /// <returns>Index of the first id that does not fit, or -1.</returns>
    public int Write(ReadOnlySpan<int> ids, Span<byte> destination)
    {
        if (Largest(ids) >= (uint)Tokens)
        {
            for (int i = 0; i < ids.Length; i++)
            {
                if ((uint)ids[i] >= (uint)Tokens)
                    return i;
            }
        }

        switch (Encoding)
        {
            case IdEncoding.U16:
                Narrow(ids, MemoryMarshal.Cast<byte, ushort>(destination));
                break;
            case IdEncoding.U32:
                ids.CopyTo(MemoryMarshal.Cast<byte, int>(destination));
                break;
            default:
                BitPacking.Pack(ids, Bits, destination);
                break;
        }

        return -1;
    }

    /// <summary>Reads ids.</summary>
    /// <param name="source">[<see cref="BytesOf"/>].</param>
    /// <param name="ids">Receives them.</param>
    public void Read(ReadOnlySpan<byte> source, Span<int> ids)
    {
        switch (Encoding)
        {
            case IdEncoding.U16:
                Widen(MemoryMarshal.Cast<byte, ushort>(source), MemoryMarshal.Cast<int, uint>(ids));
                break;
            case IdEncoding.U32:
                MemoryMarshal.Cast<byte, int>(source)[..ids.Length].CopyTo(ids);
                break;
            default:
                BitPacking.Unpack(source, Bits, ids);
                break;
        }
    }

    /// <summary>The largest of some ids, a negative one above all others; 0 where there are none.</summary>
    public static uint Largest(ReadOnlySpan<int> ids)
    {
        ReadOnlySpan<uint> values = MemoryMarshal.Cast<int, uint>(ids);
        uint largest = 0;
        int i = 0;
        if (values.Length >= Vector<uint>.Count)
        {
            Vector<uint> most = default;
            for (; i <= values.Length - Vector<uint>.Count; i += Vector<uint>.Count)
                most = Vector.Max(most, new Vector<uint>(values[i..]));
            for (int lane = 0; lane < Vector<uint>.Count; lane++)
                largest = Math.Max(largest, most[lane]);
        }

        for (; i < values.Length; i++)
            largest = Math.Max(largest, values[i]);
        return largest;
    }

    private static void Narrow(ReadOnlySpan<int> ids, Span<ushort> narrow)
    {
        ReadOnlySpan<uint> values = MemoryMarshal.Cast<int, uint>(ids);
        int i = 0;
        for (; i <= values.Length - Vector<ushort>.Count; i += Vector<ushort>.Count)
            Vector.Narrow(new Vector<uint>(values[i..]), new Vector<uint>(values[(i + Vector<uint>.Count)..])).CopyTo(narrow[i..]);
        for (; i < values.Length; i++)
            narrow[i] = (ushort)values[i];
    }

    private static void Widen(ReadOnlySpan<ushort> narrow, Span<uint> ids)
    {
        int i = 0;
        for (; i <= ids.Length - Vector<ushort>.Count; i += Vector<ushort>.Count)
        {
            Vector.Widen(new Vector<ushort>(narrow[i..]), out Vector<uint> low, out Vector<uint> high);
            low.CopyTo(ids[i..]);
            high.CopyTo(ids[(i + Vector<uint>.Count)..]);
        }

        for (; i < ids.Length; i++)
            ids[i] = narrow[i];
    }
}
