using PtaKernels.Perf;

namespace PtaKernels.CorpusBench;

/// <summary>What the corpus benchmark measured.</summary>
internal sealed record CorpusResults
{
    /// <summary>What the official code stores of a document and model, whatever its length: 2,048 rows of ten ids of eight bytes and ten float16 values.</summary>
    public const double OfficialBytesPerDocument = 2048 * 10 * (8 + 2);

    /// <summary>Target tokens that the official code aligns in a second, about, one process: as in the document cases of <c>pta bench</c>.</summary>
    public const double OfficialTokensPerSecond = 350;

    /// <summary>When it ended.</summary>
    public required DateTimeOffset Date { get; init; }

    /// <summary>The processor.</summary>
    public required string Machine { get; init; }

    /// <summary>Processors that the system counts.</summary>
    public required int Cores { get; init; }

    /// <summary>Program, runtime, commit.</summary>
    public required IReadOnlyDictionary<string, string> Versions { get; init; }

    /// <summary>What was typed.</summary>
    public required string Command { get; init; }

    /// <summary>The corpus.</summary>
    public required CorpusFacts Corpus { get; init; }

    /// <summary>Answers compared before anything was timed.</summary>
    public required IReadOnlyList<CheckedAnswer> Checks { get; init; }

    /// <summary>What was timed.</summary>
    public required IReadOnlyList<MeasuredRun> Runs { get; init; }

    /// <summary>Reads what <see cref="Write"/> wrote.</summary>
    /// <exception cref="AlignmentDataException">It is missing or damaged.</exception>
    public static CorpusResults Read(string path) => JsonFile.Read<CorpusResults>(path, "expected the results of `scripts/corpus-bench run`, write them again");

    /// <summary>Writes the file; it has its name only once it is complete.</summary>
    public void Write(string path)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        JsonFile.Write(path, this);
    }
}

/// <summary>Two backends' answers side by side.</summary>
/// <param name="Preset">The preset.</param>
/// <param name="Documents">Documents compared.</param>
/// <param name="Backend">The backend beside the one that is timed.</param>
/// <param name="Rows">Fused rows compared.</param>
/// <param name="Different">Those whose rule, tokens or values are not the same, values to 1 in 1,000.</param>
internal sealed record CheckedAnswer(string Preset, long Documents, string Backend, long Rows, long Different);

/// <summary>One size, preset and number of sources.</summary>
internal sealed record MeasuredRun
{
    /// <summary>The preset.</summary>
    public required string Preset { get; init; }

    /// <summary>Number of sources.</summary>
    public required int Sources { get; init; }

    /// <summary>Processors given.</summary>
    public required int Threads { get; init; }

    /// <summary>Documents.</summary>
    public required long Documents { get; init; }

    /// <summary>Target tokens.</summary>
    public required long TargetTokens { get; init; }

    /// <summary>Tokens of all sources.</summary>
    public required long SourceTokens { get; init; }

    /// <summary>Wall clock of the whole process, median.</summary>
    public required double Seconds { get; init; }

    /// <summary>Each of them.</summary>
    public required double[] AllSeconds { get; init; }

    /// <summary>Seconds of the run by its own report, without the start of the program, median.</summary>
    public required double RunSeconds { get; init; }

    /// <summary>Most resident memory of any of them, bytes.</summary>
    public required long PeakBytes { get; init; }

    /// <summary>Bytes written.</summary>
    public required long OutputBytes { get; init; }

    /// <summary>Bytes of target and sources per token of each, of the whole corpus.</summary>
    public required double InputBytesPerToken { get; init; }

    /// <summary>Target tokens a second, whole process.</summary>
    public double Rate => TargetTokens / Seconds;

    /// <summary>Target tokens a second of the run by its own report.</summary>
    public double RunRate => TargetTokens / RunSeconds;

    /// <summary>Bytes written per target token.</summary>
    public double BytesPerToken => (double)OutputBytes / TargetTokens;

    /// <summary>Bytes written per document.</summary>
    public double BytesPerDocument => (double)OutputBytes / Documents;
}
