using System.Text.Json;

namespace PtaKernels.Cli.Verify;

/// <summary>What became of one golden row.</summary>
internal enum GoldenVerdict
{
    Passed,
    Failed,
    Skipped,
}

/// <summary>One row's result; the message says what differs, or why it was skipped.</summary>
/// <param name="Verdict">The verdict.</param>
/// <param name="Message">Why it failed or was skipped.</param>
/// <param name="Ties">Steps that differ only by an argmax tie; they pass unless a file has too many (SPEC A4).</param>
/// <param name="Steps">Steps compared.</param>
internal readonly record struct GoldenResult(GoldenVerdict Verdict, string Message = "", int Ties = 0, int Steps = 0)
{
    public static GoldenResult Pass => new(GoldenVerdict.Passed);

    public static GoldenResult Fail(string message) => new(GoldenVerdict.Failed, message);

    public static GoldenResult Skip(string message) => new(GoldenVerdict.Skipped, message);
}

/// <summary>What a check may use.</summary>
internal sealed record GoldenContext(IKernelBackend Backend, VocabularyFolder Vocabularies, string Folder);

/// <summary>Checks the rows of one kind of golden file against a backend. Instances are used by several threads.</summary>
internal abstract class GoldenCheck(GoldenContext context)
{
    protected GoldenContext Context { get; } = context;

    protected IKernelBackend Backend => Context.Backend;

    /// <summary>The rows of a file; one JSON line each unless the kind says otherwise.</summary>
    public virtual IEnumerable<string> Rows(string path) => GoldenJson.Lines(path);

    public abstract GoldenResult Check(JsonElement row);

    /// <summary>What of a file could not be checked although no row was skipped; null: nothing.</summary>
    public virtual string? Left => null;

    /// <summary>The check for a file, by the part of its name before the first dot; null when it is no golden file.</summary>
    public static GoldenCheck? For(string path, GoldenContext context)
    {
        string name = Path.GetFileName(path);
        bool lines = name.EndsWith(".jsonl.gz", StringComparison.Ordinal) || name.EndsWith(".jsonl", StringComparison.Ordinal);
        bool json = name.EndsWith(".json.gz", StringComparison.Ordinal) || name.EndsWith(".json", StringComparison.Ordinal);
        return (name.Split('.')[0], lines, json) switch
        {
            ("align", true, _) => new AlignCheck(context),
            ("align_mapping", _, true) => new AlignMappingCheck(context, name),
            ("dtw", true, _) => new PathCheck(context),
            ("sinkhorn", true, _) => new SinkhornCheck(context),
            ("exact_ot", true, _) => new ExactTransportCheck(context),
            ("vocab_map", true, _) => new VocabularyMapCheck(context),
            ("editdistance", true, _) => new EditDistanceCheck(context),
            ("collator_loss", true, _) => new CollatorLossCheck(context),
            ("packing", true, _) => new PackingCheck(context),
            _ => null,
        };
    }
}
