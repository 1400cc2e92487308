namespace PtaKernels.Alignment;

/// <summary>The counts of an <see cref="AlignmentRunReport"/> as plain values, without its seconds: the same for the same documents, whoever aligned them and when.</summary>
/// <param name="Sources">By source.</param>
/// <param name="Gold">By source: how its rows predict the next token.</param>
/// <param name="MergedGold">The same of the merged rows.</param>
/// <param name="MergedRows">Merged rows by the letter of their rule; only those that occur.</param>
public sealed record AlignmentCounts(
    IReadOnlyList<SourceCounts> Sources, IReadOnlyList<GoldCounts> Gold, GoldCounts MergedGold, IReadOnlyDictionary<string, long> MergedRows);

/// <summary>Counts of one source.</summary>
/// <param name="RepairedDocuments"><see cref="AlignmentReport.RepairedDocuments"/>.</param>
/// <param name="SourceTokens"><see cref="AlignmentReport.SourceTokens"/>.</param>
/// <param name="Iterations"><see cref="AlignmentReport.Iterations"/>.</param>
/// <param name="ProjectionTies"><see cref="AlignmentReport.ProjectionTies"/>.</param>
/// <param name="SignalRows"><see cref="AlignmentReport.SignalRows"/>.</param>
/// <param name="SignalKept"><see cref="AlignmentReport.SignalKept"/>.</param>
/// <param name="Rows">Rows by the letter of their rule; only those that occur.</param>
/// <param name="Transports">Transports by how they ended; only those that occur.</param>
/// <param name="Notices"><see cref="AlignmentReport.Notices"/>.</param>
public sealed record SourceCounts(
    long RepairedDocuments, long SourceTokens, long Iterations, long ProjectionTies, long SignalRows, double SignalKept,
    IReadOnlyDictionary<string, long> Rows, IReadOnlyDictionary<string, long> Transports, IReadOnlyList<string> Notices);

/// <summary>The values of a <see cref="GoldStatistics"/>.</summary>
/// <param name="Rows"><see cref="GoldStatistics.Rows"/>.</param>
/// <param name="FusedHits"><see cref="GoldStatistics.FusedHits"/>.</param>
/// <param name="TargetHits"><see cref="GoldStatistics.TargetHits"/>.</param>
/// <param name="FusedProbability"><see cref="GoldStatistics.FusedProbability"/>.</param>
public sealed record GoldCounts(long Rows, long FusedHits, long TargetHits, double FusedProbability);
