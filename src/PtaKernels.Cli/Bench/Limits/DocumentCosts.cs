using CommunityToolkit.HighPerformance;
using PtaKernels.Native;

namespace PtaKernels.Cli.Bench;

/// <summary>A document's tokens as rows and columns of the costs between its distinct tokens, for counting what a path needs.</summary>
/// <param name="Rows">Distinct source tokens.</param>
/// <param name="Columns">Distinct target tokens.</param>
/// <param name="Source">[n] row of each position.</param>
/// <param name="Target">[m] column of each position.</param>
/// <param name="Cost">[rows, columns].</param>
internal sealed record DocumentCosts(int[] Rows, int[] Columns, int[] Source, int[] Target, byte[] Cost)
{
    /// <summary>The costs of a document on two tapes.</summary>
    /// <returns>Null where two tokens are over 254 edits apart.</returns>
    public static DocumentCosts? Of(DocumentPair document, TokenTape source, TokenTape target)
    {
        int[] rows = [.. document.Source.Ids.Distinct()], columns = [.. document.Target.Ids.Distinct()];
        Dictionary<int, int> rowOf = rows.Index().ToDictionary(static p => p.Item, static p => p.Index), columnOf = columns.Index().ToDictionary(static p => p.Item, static p => p.Index);
        byte[] cost = new byte[rows.Length * columns.Length];
        KernelStatus status = new NativeBackend().ComputeCostMatrix(source, rows, target, columns, new Span2D<byte>(cost, rows.Length, columns.Length));
        return status != KernelStatus.Ok ? null : new DocumentCosts(rows, columns, [.. document.Source.Ids.Select(t => rowOf[t])], [.. document.Target.Ids.Select(t => columnOf[t])], cost);
    }

    /// <summary>The steps of its path.</summary>
    public PathStrips Strips(int width) => PathStrips.Of(Source, Target, Cost, Columns.Length, width);

    /// <summary>Finds its path.</summary>
    public void Find(IKernelBackend backend, AlignmentPath path) => backend.FindAlignmentPath(Source, Target, new ReadOnlySpan2D<byte>(Cost, Rows.Length, Columns.Length), path);
}
