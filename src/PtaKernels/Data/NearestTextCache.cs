using System.Collections.Concurrent;

namespace PtaKernels;

/// <summary>Nearest target token by text bytes, remembered. Thread-safe; an answer depends only on the bytes and the target vocabulary.</summary>
public sealed class NearestTextCache
{
    private const int LongestOnStack = 256;

    private readonly ConcurrentDictionary<string, int> _nearest = new(StringComparer.Ordinal);

    /// <summary>The nearest target token of a non-empty text: exact hit, else the first minimum in id order (SPEC A3.1, A3.2).</summary>
    public int Find(IKernelBackend backend, ReadOnlySpan<byte> text, TokenVocabulary target)
    {
        ArgumentNullException.ThrowIfNull(backend);
        ArgumentNullException.ThrowIfNull(target);
        // Latin-1 is a bijection between bytes and characters, so the string is the bytes.
        Span<char> known = stackalloc char[Math.Min(text.Length, LongestOnStack)];
        if (text.Length <= LongestOnStack && System.Text.Encoding.Latin1.TryGetChars(text, known, out _)
            && _nearest.GetAlternateLookup<ReadOnlySpan<char>>().TryGetValue(known, out int id))
        {
            return id;
        }

        string key = System.Text.Encoding.Latin1.GetString(text);
        if (text.Length > LongestOnStack && _nearest.TryGetValue(key, out id))
            return id;
        var query = new TokenTapeBuilder(1);
        query.AddBytes(text);
        Span<int> nearest = stackalloc int[1], distance = stackalloc int[1];
        backend.FindNearestTokens(query.ToTape(), [0], target.Texts, nearest, distance);
        return _nearest.GetOrAdd(key, nearest[0]);
    }
}
