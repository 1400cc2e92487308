using PtaKernels.Corpus.Parts;

namespace PtaKernels.Corpus;

/// <summary>Which documents of a corpus are taken: the same ones from every model's files, because only their place and the target's record decide.</summary>
public sealed record DocumentSelection
{
    /// <summary>Stop after that many documents of each split; 0 = all.</summary>
    public long Limit { get; init; }

    /// <summary>Take only one of several parts of each split: rows that follow one another, each part as many, give or take one. <c>(0, 1)</c> = all.</summary>
    public (int Index, int Count) Part { get; init; } = (0, 1);

    /// <summary>Share of the documents to take at random, each on its own, 0 &lt; share ≤ 1.</summary>
    public double Sample { get; init; } = 1;

    /// <summary>Which random sample. A larger share under the same seed contains the smaller one.</summary>
    public long Seed { get; init; }

    /// <summary>Take only documents whose field has this value; null = all.</summary>
    public (string Column, string Value)? Where { get; init; }

    /// <summary>The name under which <see cref="Described"/> gives the part.</summary>
    internal const string PartOption = "part";

    /// <summary>What is not as by default, by name: part of what decides an output.</summary>
    internal IEnumerable<KeyValuePair<string, string>> Described()
    {
        if (Limit != 0)
            yield return KeyValuePair.Create("limit", FormattableString.Invariant($"{Limit}"));
        if (Part != (0, 1))
            yield return KeyValuePair.Create(PartOption, FormattableString.Invariant($"{Part.Index + 1}/{Part.Count}"));
        if (Sample != 1)
            yield return KeyValuePair.Create("sample", FormattableString.Invariant($"{Sample:R}, seed {Seed}"));
        if (Where is { } where)
            yield return KeyValuePair.Create("where", $"{where.Column}={where.Value}");
    }

    /// <summary>The rows of a split among which documents are taken.</summary>
    /// <param name="split">The split.</param>
    /// <param name="reader">The target's documents.</param>
    /// <exception cref="AlignmentDataException">A part is asked for, and the reader does not know how many documents there are.</exception>
    public (long First, long Stop) RangeOf(string split, IDocumentReader reader)
    {
        ArgumentNullException.ThrowIfNull(reader);
        if (Part.Count == 1)
            return (0, long.MaxValue);
        long count = reader.CountOf(split) ?? throw new AlignmentDataException($"{reader.Path}: only reading it tells how many documents it has, so that no part of it can be taken; import it into a store.");
        return CorpusPart.RangeOf(count, Part.Index, Part.Count);
    }

    /// <summary>Whether a document is taken.</summary>
    /// <param name="split">The split.</param>
    /// <param name="row">Its place in the split, from 0.</param>
    /// <param name="target">The target's record.</param>
    /// <exception cref="AlignmentDataException">The record has no such field.</exception>
    public bool Takes(string split, long row, IDocumentRecord target)
    {
        ArgumentNullException.ThrowIfNull(split);
        ArgumentNullException.ThrowIfNull(target);
        return Draws(split, row) && (Where is not { } where || target.ValueOf(where.Column) == where.Value);
    }

    /// <summary>Whether the random sample takes a row, whatever its record says.</summary>
    internal bool Draws(string split, long row) => Draw(split, row) < Sample;

    /// <summary>A number in [0, 1) that depends on seed, split and row alone: SplitMix64 over FNV-1a of the split's name.</summary>
    private double Draw(string split, long row)
    {
        ulong state = 14695981039346656037;
        foreach (char c in split)
            state = (state ^ c) * 1099511628211;
        state = Mix(state + Mix((ulong)Seed)) + (ulong)row;
        return (Mix(state) >> 11) * (1.0 / (1L << 53));
    }

    private static ulong Mix(ulong x)
    {
        x += 0x9E3779B97F4A7C15;
        x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9;
        x = (x ^ (x >> 27)) * 0x94D049BB133111EB;
        return x ^ (x >> 31);
    }
}
