using System.Globalization;
using Apache.Arrow;
using Apache.Arrow.Types;

namespace PtaKernels.Corpus.Serving;

/// <summary>
/// What a program and <c>pta serve</c> say to each other: two Arrow IPC streams without compression, requests in and answers out. A row is a document; each
/// record batch of requests is answered by one of answers with as many rows in the same order.
/// </summary>
/// <remarks>
/// Requests have the columns below, in any order, with any of the types that <see cref="RequestColumns"/> takes; those of <see cref="Optional"/> may be
/// missing, or null in a row. A prior (preset <c>paper</c>, from the second source on) has the form of an answer's rows.
/// </remarks>
internal static class ServingProtocol
{
    /// <summary>Key of the version in the metadata of both schemas.</summary>
    public const string VersionKey = "ptakernels.serve";

    /// <summary>Raised when a column changes in a way that the other side cannot read.</summary>
    public const int Version = 1;

    /// <summary>The document's name, for messages.</summary>
    public const string Id = "id";

    /// <summary>Suffixes of a side's columns: [n] ids, [n k] candidates and values, k.</summary>
    public const string Ids = "_ids", Indices = "_indices", Values = "_values", K = "_k";

    /// <summary>Suffixes of a side's optional columns: [n] log-sum-exps, [2 n] starts and ends of byte spans.</summary>
    public const string LogSumExp = "_log_sum_exp", Spans = "_spans";

    /// <summary>D_(s-1): [m + 1] starts, then tokens and values of all rows.</summary>
    public const string PriorStarts = "prior_starts", PriorTokens = "prior_tokens", PriorValues = "prior_values";

    /// <summary>Answer: the sentence for a document that is bad input, whose other columns are then null; else null.</summary>
    public const string Error = "error";

    /// <summary>Answer: [m + 1] first entry of each row; tokens and values of all rows.</summary>
    public const string Starts = "starts", Tokens = "tokens", Fused = "values";

    /// <summary>
    /// Answer, [m] each: <see cref="RowRule"/>'s number; source row or -1; missing mass; kept share of rule (b); teacher signal kept, NaN when not measured.
    /// </summary>
    public const string Rule = "rule", SourceRow = "source_row", Missing = "missing", Kappa = "kappa", Signal = "signal";

    /// <summary>Answer, [m] each: <see cref="TransportStatus"/>'s number, or -1 where no transport ran; its iterations; its marginal error.</summary>
    public const string Transport = "transport_status", Iterations = "iterations", MarginalError = "marginal_error";

    /// <summary>
    /// Answer: [2] 1 where the decoded texts differed and were byte-aligned first, else 0, and how many choices of a heaviest column only the tie rule
    /// decided; [5] seconds by <see cref="AlignmentStage"/>. Ties and seconds of documents that were aligned in one call stand with the first of them.
    /// </summary>
    public const string Counts = "counts", Seconds = "seconds";

    /// <summary>The two sides' names in column names.</summary>
    public static IReadOnlyList<string> Sides { get; } = ["source", "target"];

    /// <summary>Columns that a request must have.</summary>
    public static IReadOnlyList<string> Required { get; } = [Id, .. Sides.SelectMany(static s => (string[])[s + Ids, s + Indices, s + Values, s + K])];

    /// <summary>Columns that it may have.</summary>
    public static IReadOnlyList<string> Optional { get; } =
        [.. Sides.SelectMany(static s => (string[])[s + LogSumExp, s + Spans]), PriorStarts, PriorTokens, PriorValues];

    /// <summary>The schema of answers.</summary>
    /// <param name="backend">What computes.</param>
    /// <param name="vocabularies">Their fingerprints let the other side see that both mean the same tokens.</param>
    /// <param name="program">Name and version of the program.</param>
    public static Schema AnswersOf(IKernelBackend backend, VocabularyPair vocabularies, string program)
    {
        Dictionary<string, string> metadata = new()
        {
            [VersionKey] = Version.ToString(CultureInfo.InvariantCulture),
            ["program"] = program,
            ["backend"] = backend.Name,
            ["isa"] = backend.Isa,
            ["source_fingerprint"] = vocabularies.Source.Fingerprint,
            ["target_fingerprint"] = vocabularies.Target.Fingerprint,
        };
        return new Schema(
            [
                new Field(Error, StringType.Default, nullable: true),
                ListOf(Starts, Int32Type.Default), ListOf(Tokens, Int32Type.Default), ListOf(Fused, DoubleType.Default),
                ListOf(Rule, UInt8Type.Default), ListOf(SourceRow, Int32Type.Default),
                ListOf(Missing, DoubleType.Default), ListOf(Kappa, DoubleType.Default), ListOf(Signal, DoubleType.Default),
                ListOf(Transport, Int8Type.Default), ListOf(Iterations, Int32Type.Default), ListOf(MarginalError, DoubleType.Default),
                ListOf(Counts, Int64Type.Default), ListOf(Seconds, DoubleType.Default),
            ],
            metadata);
    }

    private static Field ListOf(string name, IArrowType item) => new(name, new ListType(new Field("item", item, nullable: true)), nullable: true);
}
