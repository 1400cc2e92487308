using System.Buffers.Binary;
using System.Security.Cryptography;

namespace PtaKernels.Training;

/// <summary>Ordinary tokens of two vocabularies with the same decoded bytes, each with a vector.</summary>
/// <param name="Source">[n] source tokens.</param>
/// <param name="Target">[n] their partners.</param>
internal sealed record SharedTokens(int[] Source, int[] Target)
{
    /// <summary>How many.</summary>
    public int Count => Source.Length;

    /// <summary>Finds them; of several tokens with the same bytes the first stands for all, where one that is written as a byte (<c>&lt;0x41&gt;</c>) comes last: models are seldom trained on it.</summary>
    /// <param name="source">The source's vocabulary.</param>
    /// <param name="sourceKnown">[source tokens] whether a token has a vector.</param>
    /// <param name="target">The target's.</param>
    /// <param name="targetKnown">[target tokens].</param>
    public static SharedTokens Of(TokenVocabulary source, bool[] sourceKnown, TokenVocabulary target, bool[] targetKnown)
    {
        Dictionary<string, int> theirs = ByBytes(source, sourceKnown), ours = ByBytes(target, targetKnown);
        (int Source, int Target)[] pairs = [.. theirs.Where(t => ours.ContainsKey(t.Key)).Select(t => (t.Value, ours[t.Key])).OrderBy(static p => p.Value)];
        return new SharedTokens([.. pairs.Select(static p => p.Source)], [.. pairs.Select(static p => p.Target)]);
    }

    /// <summary>Sets a tenth aside, which depends on the tokens' bytes alone.</summary>
    /// <param name="source">The source's vocabulary.</param>
    public (SharedTokens Fitted, SharedTokens HeldOut) Split(TokenVocabulary source)
    {
        int[] order = [.. Enumerable.Range(0, Count).OrderBy(i => Draw(source.Bytes[Source[i]]))];
        return (Take(order[(Count / 10)..]), Take(order[..(Count / 10)]));
    }

    /// <summary>A number that looks random and belongs to some bytes.</summary>
    public static ulong Draw(ReadOnlySpan<byte> bytes) => BinaryPrimitives.ReadUInt64LittleEndian(SHA256.HashData(bytes));

    private SharedTokens Take(int[] which)
    {
        Array.Sort(which);
        return new SharedTokens([.. which.Select(i => Source[i])], [.. which.Select(i => Target[i])]);
    }

    private static Dictionary<string, int> ByBytes(TokenVocabulary vocabulary, bool[] known)
    {
        Dictionary<string, int> first = new(StringComparer.Ordinal);
        foreach (int token in Enumerable.Range(0, vocabulary.Count).Where(t => known[t] && vocabulary.Bytes[t].Length > 0).OrderBy(t => IsWrittenAsByte(vocabulary.StringOf(t)!)))
            first.TryAdd(Convert.ToHexString(vocabulary.Bytes[token]), token);
        return first;
    }

    private static bool IsWrittenAsByte(string text) => text.Length == 6 && text.StartsWith("<0x", StringComparison.Ordinal) && text[5] == '>';
}
