namespace PtaKernels.Pipeline;

/// <summary>Documents to be opened token by token: a list in which each one opens into the viewer. Several blocks on a page share one style and one script.</summary>
internal sealed record ViewerBlock(IReadOnlyList<ViewerDocument> Documents) : ReportBlock;
