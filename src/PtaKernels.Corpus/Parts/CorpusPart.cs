using System.Globalization;
using PtaKernels.Corpus.Stores;

namespace PtaKernels.Corpus.Parts;

/// <summary>One of several runs that make an output together: it takes documents that follow one another and writes a part of its own, which <see cref="PartSet"/> finds again.</summary>
/// <param name="Index">Which one, from 0.</param>
/// <param name="Count">How many there are.</param>
/// <param name="Producer">Program and command line of the run.</param>
public sealed record CorpusPart(int Index, int Count, StoreProducer Producer)
{
    /// <summary>Most parts of one output.</summary>
    public const int MaxCount = 99_999;

    /// <summary>Where a part of an output is written: <c>OUT-00003-of-00012</c>.</summary>
    /// <param name="output">The output.</param>
    /// <param name="index">Which part, from 0.</param>
    /// <param name="count">How many there are.</param>
    public static string NameOf(string output, int index, int count)
    {
        ArgumentException.ThrowIfNullOrEmpty(output);
        return string.Create(CultureInfo.InvariantCulture, $"{Path.TrimEndingDirectorySeparator(output)}-{index:D5}-of-{count:D5}");
    }

    /// <summary>The documents of a part: as many as in every other one, give or take one.</summary>
    /// <param name="documents">Documents of all parts.</param>
    /// <param name="index">Which part, from 0.</param>
    /// <param name="count">How many there are.</param>
    /// <returns>The first document, and the one behind the last.</returns>
    public static (long First, long Stop) RangeOf(long documents, int index, int count) =>
        ((long)((Int128)documents * index / count), (long)((Int128)documents * (index + 1) / count));

    /// <summary>The documents of this part.</summary>
    /// <param name="path">The corpus, for the message.</param>
    /// <param name="documents">Documents of all parts.</param>
    /// <exception cref="AlignmentDataException">There are fewer documents than parts.</exception>
    internal (long First, long Stop) Of(string path, long documents)
    {
        Require(path, documents, Count);
        return RangeOf(documents, Index, Count);
    }

    /// <summary>Refuses more parts than documents.</summary>
    /// <exception cref="AlignmentDataException">There are fewer documents than parts.</exception>
    internal static void Require(string path, long documents, int count)
    {
        if (documents < count)
            throw new AlignmentDataException($"{path}: has {documents} documents, and --shards asks for {count} parts of them; ask for at most as many.");
    }
}
