using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace PtaKernels.CorpusBench;

/// <summary>Lets every paragraph through once.</summary>
internal sealed class DistinctParagraphs
{
    private readonly HashSet<ulong> _seen = [];

    /// <summary>Those that were not seen before, by 64 bits of their SHA-256, white space at the ends aside.</summary>
    public IEnumerable<string> Of(IEnumerable<string> paragraphs)
    {
        foreach (string paragraph in paragraphs)
        {
            ulong hash = BinaryPrimitives.ReadUInt64LittleEndian(SHA256.HashData(MemoryMarshal.AsBytes(paragraph.AsSpan().Trim())));
            if (_seen.Add(hash))
                yield return paragraph;
        }
    }
}
