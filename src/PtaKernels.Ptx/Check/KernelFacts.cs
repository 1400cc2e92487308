namespace PtaKernels.Ptx.Check;

/// <summary>All that is known of one kernel on one architecture.</summary>
/// <param name="Entry">What it promises.</param>
/// <param name="Architecture">What it was assembled for.</param>
/// <param name="Ptx">Its text; null when there is none.</param>
/// <param name="Assembled">ptxas's report; null when ptxas was not asked.</param>
/// <param name="Sass">Its instructions; null when it was not assembled.</param>
/// <param name="UncontractedSass">The same assembled with <c>-fmad=false</c>; null where no exact float64 is promised.</param>
/// <param name="Newer">Architectures newer than its own that ptxas knows and refuses it for, each with ptxas's words.</param>
internal sealed record KernelFacts(
    ListedKernel Entry, Architecture Architecture, PtxText? Ptx, PtxasReport? Assembled, SassListing? Sass, SassListing? UncontractedSass,
    IReadOnlyList<(string Architecture, string Error)> Newer)
{
    /// <summary>Static and dynamic bytes per block.</summary>
    public int Shared => (Assembled?.StaticShared ?? 0) + Entry.DynamicShared;

    public Occupancy Occupancy => Occupancy.Of(Architecture, Entry.Threads, Assembled?.Registers ?? 0, Shared);
}
