namespace PtaKernels;

/// <summary>The three presets of SPEC A1. Each value's reason stands in SPEC A2 and A6.</summary>
public static class AlignmentPreset
{
    /// <summary>The preset used when none is named (SPEC A1): the one of the three that teaches, by rows fusion, paper and reference of the effect study (README, "What teaches").</summary>
    public const string Default = "fusion";

    /// <summary>Names in the order of the switch table.</summary>
    public static IReadOnlyList<string> Names { get; } = ["reference", "paper", "fusion"];

    /// <summary>The outputs of the official code, its quirks included.</summary>
    public static AlignmentOptions Reference => new()
    {
        Pairing = PairingRule.DtwStrings,
        Transfer = TransferRule.String,
        Fallback = FallbackRule.OneHotCurrent,
        Cost = CandidateCost.OfficialStrings,
        Columns = CandidateColumns.TargetTopk,
        Mass = MassRule.Official,
        Transport = TransportKind.Official,
        Projection = ProjectionRule.Top1,
        Output = OutputUnit.Official,
        Sources = SourceMerging.Independent,
        Fusion = FusionFunction.OfficialMinCe,
        FusionLevel = FusionLevel.Document,
        Window = 10,
        ProjectionColumns = 2,
        Epsilon = 1.0 / 30,
        Tolerance = 1e-5,
        MaxIterations = 1_000_000,
        Temperature = 1,
        Rho = 0.05,
        EmbeddingShare = 0.5,
        LossWeight = 0.9,
        MeasureSignal = true,
    };

    /// <summary>Equations 1-5 as published, done right.</summary>
    public static AlignmentOptions Paper => Reference with
    {
        Pairing = PairingRule.DtwTexts,
        Transfer = TransferRule.Groups,
        Fallback = FallbackRule.Mask,
        Cost = CandidateCost.Texts,
        Mass = MassRule.Renormalised,
        Transport = TransportKind.Balanced,
        Output = OutputUnit.Probabilities,
        Sources = SourceMerging.Recursive,
        Fusion = FusionFunction.None,
        Window = 0,
        LossWeight = 0.8,
    };

    /// <summary>Ours: what teaches a student, by the effect study; each value names the rows that it stands against.</summary>
    public static AlignmentOptions Fusion => Paper with
    {
        Pairing = PairingRule.ByteOffsets,
        Transfer = TransferRule.BoundaryPrefix, // string, boundary
        Fallback = FallbackRule.Mask, // label, own
        Columns = CandidateColumns.Union, // first-target-topk, where projection top1 reads them
        Mass = MassRule.Tail, // renormalised, first-t1.5
        Transport = TransportKind.SemiRelaxed, // balanced, and first-unbalanced, where projection top1 reads it
        Projection = ProjectionRule.Byte, // top1
        ByteTail = 2, // tail0, tail1, tail4
        Sources = SourceMerging.Independent,
        Fusion = FusionFunction.MinCe, // avg, first-avg-token, first-posterior
        FusionLevel = FusionLevel.Document, // min-token, row
        Fill = false, // fill
        LossWeight = 0.35, // w0.1, w0.2, w0.5, w0.65
    };

    /// <summary>A preset by name.</summary>
    /// <exception cref="ArgumentException">The name is none of <see cref="Names"/>.</exception>
    public static AlignmentOptions Named(string name) => name switch
    {
        "reference" => Reference,
        "paper" => Paper,
        "fusion" => Fusion,
        _ => throw new ArgumentException($"preset '{name}' is unknown; use {string.Join(", ", Names)}."),
    };
}
