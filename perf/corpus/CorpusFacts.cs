using PtaKernels.Perf;

namespace PtaKernels.CorpusBench;

/// <summary>What a corpus is made of: <c>corpus.json</c> in its folder, written last.</summary>
internal sealed record CorpusFacts
{
    /// <summary>Its file name, and that of the table of documents beside it.</summary>
    public const string FileName = "corpus.json", DocumentsName = "documents.tsv";

    /// <summary>What makes it again on this machine.</summary>
    public required ulong Seed { get; init; }

    /// <summary>Documents.</summary>
    public required int Documents { get; init; }

    /// <summary>UTF-8 bytes of the documents.</summary>
    public required long TextBytes { get; init; }

    /// <summary>Bytes of text read, each paragraph once, for documents and for the teachers.</summary>
    public required long DistinctBytes { get; init; }

    /// <summary>How many times the texts were read; after the first time they were cut at other places.</summary>
    public required int Passes { get; init; }

    /// <summary>The length mix in words.</summary>
    public required string Lengths { get; init; }

    /// <summary>Text by kind.</summary>
    public required IReadOnlyList<KindFacts> Kinds { get; init; }

    /// <summary>The models, the target first.</summary>
    public required IReadOnlyList<ModelFacts> Models { get; init; }

    /// <summary>Seconds of reading and cutting, and of all of it.</summary>
    public required double TextSeconds { get; init; }

    /// <summary>Seconds of all of it.</summary>
    public required double Seconds { get; init; }

    /// <summary>Reads a corpus's facts.</summary>
    /// <exception cref="AlignmentDataException">There is no whole corpus.</exception>
    public static CorpusFacts Read(string corpus) => JsonFile.Read<CorpusFacts>(Path.Combine(corpus, FileName), "make the corpus with `scripts/corpus-bench make`");

    /// <summary>Writes them.</summary>
    public void Write(string corpus) => JsonFile.Write(Path.Combine(corpus, FileName), this);

    /// <summary>The fewest documents that have so many target tokens, and how many tokens each model has in them.</summary>
    /// <exception cref="AlignmentDataException">The corpus has fewer.</exception>
    public static (int Documents, long[] Tokens, long TextBytes) FirstOf(string corpus, long targetTokens)
    {
        string path = Path.Combine(corpus, DocumentsName);
        long[]? tokens = null;
        long bytes = 0;
        int documents = 0;
        foreach (string line in File.ReadLines(path).Skip(1))
        {
            string[] fields = line.Split('\t');
            tokens ??= new long[fields.Length - 2];
            for (int s = 0; s < tokens.Length; s++)
                tokens[s] += long.Parse(fields[s + 2], System.Globalization.CultureInfo.InvariantCulture);
            bytes += long.Parse(fields[1], System.Globalization.CultureInfo.InvariantCulture);
            documents++;
            if (tokens[0] >= targetTokens)
                return (documents, tokens, bytes);
        }

        throw new AlignmentDataException($"{path}: has {tokens?[0] ?? 0} target tokens, fewer than the {targetTokens} asked for; make a larger corpus.");
    }
}

/// <summary>One kind of text.</summary>
/// <param name="Kind">Its name.</param>
/// <param name="What">What it is.</param>
/// <param name="Files">Files or types read.</param>
/// <param name="Bytes">UTF-8 bytes, each paragraph once.</param>
/// <param name="UsedUp">Whether the machine has no more of it.</param>
internal sealed record KindFacts(string Kind, string What, int Files, long Bytes, bool UsedUp);

/// <summary>One model's documents.</summary>
internal sealed record ModelFacts
{
    /// <summary>Its tokenizer.</summary>
    public required string Name { get; init; }

    /// <summary>Ids of the tokenizer.</summary>
    public required int Vocabulary { get; init; }

    /// <summary>Tokens of all documents.</summary>
    public required long Tokens { get; init; }

    /// <summary>Tokens that the teacher was counted on; none of them is in a document.</summary>
    public required long CountedTokens { get; init; }

    /// <summary>Tokens per document: shortest, 10th, 25th, 50th, 75th and 90th percentile, longest.</summary>
    public required int[] LengthQuantiles { get; init; }

    /// <summary>Share of the rows whose best candidate is the next token.</summary>
    public required double GoldTop1 { get; init; }

    /// <summary>Mean of the best candidate's probability among the ten.</summary>
    public required double MeanTop1 { get; init; }

    /// <summary>Mean cross-entropy of the next token, nats.</summary>
    public required double CrossEntropy { get; init; }

    /// <summary>Bytes on disk.</summary>
    public required long Bytes { get; init; }

    /// <summary>Seconds to count, and to annotate and write.</summary>
    public required double CountSeconds { get; init; }

    /// <summary>Seconds to annotate and write.</summary>
    public required double WriteSeconds { get; init; }
}
