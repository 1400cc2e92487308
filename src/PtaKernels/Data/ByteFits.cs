using System.Collections.Concurrent;
using System.Text;

namespace PtaKernels;

/// <summary>Which target tokens begin some bytes (SPEC A3.3, projection <c>byte</c>), remembered. Thread-safe.</summary>
/// <remarks>
/// For bytes x with first token f: f, and every ordinary token longer than f whose bytes x starts with, or whose bytes start with x. The tokens lie sorted by
/// their bytes, so the last kind is one range.
/// </remarks>
public sealed class ByteFits
{
    private readonly TokenVocabulary _target;
    private readonly IFirstToken _encoder;
    private readonly int[] _sorted;
    private readonly ConcurrentDictionary<string, Fit> _known = new(StringComparer.Ordinal);

    /// <summary>Sorts the tokens.</summary>
    /// <param name="target">The target's vocabulary.</param>
    /// <param name="encoder">The target's encoder.</param>
    public ByteFits(TokenVocabulary target, IFirstToken encoder)
    {
        ArgumentNullException.ThrowIfNull(target);
        ArgumentNullException.ThrowIfNull(encoder);
        (_target, _encoder) = (target, encoder);
        _sorted = [.. Enumerable.Range(0, target.Count).Where(id => target.HasToken(id) && !target.IsSpecial(id) && target.Bytes[id].Length > 0)];
        Array.Sort(_sorted, (a, b) => target.Bytes[a].SequenceCompareTo(target.Bytes[b]) is not 0 and int order ? order : a.CompareTo(b));
    }

    /// <summary>Adds the tokens that fit to a list: the first token, then longer ones.</summary>
    /// <param name="text">The bytes; none fit where there are none.</param>
    /// <param name="destination">Receives token ids, each once.</param>
    public void Find(ReadOnlySpan<byte> text, List<int> destination)
    {
        ArgumentNullException.ThrowIfNull(destination);
        if (text.IsEmpty)
            return;
        // Latin-1 is a bijection between bytes and characters, so the string is the bytes.
        string key = Encoding.Latin1.GetString(text);
        if (!_known.TryGetValue(key, out Fit? fit))
            fit = _known.GetOrAdd(key, Compute(text));
        if (fit.First < 0)
            return;
        destination.Add(fit.First);
        int length = _target.Bytes[fit.First].Length;
        destination.AddRange(fit.Inside);
        foreach (int token in _sorted.AsSpan(fit.Start..fit.End))
        {
            if (_target.Bytes[token].Length > length)
                destination.Add(token);
        }
    }

    private Fit Compute(ReadOnlySpan<byte> text)
    {
        if (_encoder.FirstToken(text) is not { } first)
            return new Fit(-1, [], 0, 0);
        List<int> inside = [];
        for (int length = _target.Bytes[first].Length + 1; length < text.Length; length++)
        {
            for (int at = LowerBound(text[..length]); at < _sorted.Length && _target.Bytes[_sorted[at]].SequenceEqual(text[..length]); at++)
                inside.Add(_sorted[at]);
        }

        int start = LowerBound(text), end = start;
        for (int high = _sorted.Length; end < high;)
        {
            // All tokens that start with the text stand together.
            int middle = end + ((high - end) / 2);
            if (_target.Bytes[_sorted[middle]].StartsWith(text))
                end = middle + 1;
            else
                high = middle;
        }

        return new Fit(first, [.. inside], start, end);
    }

    /// <summary>The first place whose token is not before some bytes.</summary>
    private int LowerBound(ReadOnlySpan<byte> bytes)
    {
        int low = 0, high = _sorted.Length;
        while (low < high)
        {
            int middle = low + ((high - low) / 2);
            if (_target.Bytes[_sorted[middle]].SequenceCompareTo(bytes) < 0)
                low = middle + 1;
            else
                high = middle;
        }

        return low;
    }

    /// <summary>The first token (-1 for none), the longer ones that the text starts with, and the range of those that start with the text.</summary>
    private sealed record Fit(int First, int[] Inside, int Start, int End);
}
