using CommunityToolkit.HighPerformance;

namespace PtaKernels.Rules;

/// <summary>Costs between the distinct tokens of two documents: about 1/22 of all position pairs on real text, and all the path needs.</summary>
public sealed class UniqueTokenCosts
{
    private readonly int[] _sourceTokens;
    private readonly int[] _targetTokens;
    private readonly byte[] _narrow;
    private readonly ushort[]? _wide;

    /// <summary>Computes the table; distances over 254 switch it to 16 bits.</summary>
    /// <param name="backend">Does the distances.</param>
    /// <param name="sourceTape">Tape of the source tokens.</param>
    /// <param name="source">[n] source ids.</param>
    /// <param name="targetTape">Tape of the target tokens.</param>
    /// <param name="target">[m] target ids.</param>
    /// <exception cref="AlignmentDataException">A distance is over 65,534.</exception>
    public UniqueTokenCosts(IKernelBackend backend, TokenTape sourceTape, ReadOnlySpan<int> source, TokenTape targetTape, ReadOnlySpan<int> target)
    {
        ArgumentNullException.ThrowIfNull(backend);
        (_sourceTokens, SourceRows) = Distinct(source);
        (_targetTokens, TargetColumns) = Distinct(target);
        _narrow = new byte[_sourceTokens.Length * _targetTokens.Length];
        var narrow = new Span2D<byte>(_narrow, _sourceTokens.Length, _targetTokens.Length);
        if (backend.ComputeCostMatrix(sourceTape, _sourceTokens, targetTape, _targetTokens, narrow) == KernelStatus.Ok)
            return;
        _wide = new ushort[_narrow.Length];
        var wide = new Span2D<ushort>(_wide, _sourceTokens.Length, _targetTokens.Length);
        if (backend.ComputeCostMatrix(sourceTape, _sourceTokens, targetTape, _targetTokens, wide) != KernelStatus.Ok)
            throw new AlignmentDataException("two tokens are over 65,534 edits apart; remove such a token from the document.");
    }

    /// <summary>[n] row of the table for each source position.</summary>
    public int[] SourceRows { get; }

    /// <summary>[m] column of the table for each target position.</summary>
    public int[] TargetColumns { get; }

    /// <summary>The cheapest path of the two documents through this table.</summary>
    public void FindPath(IKernelBackend backend, AlignmentPath path)
    {
        ArgumentNullException.ThrowIfNull(backend);
        if (_wide is null)
            backend.FindAlignmentPath(SourceRows, TargetColumns, new ReadOnlySpan2D<byte>(_narrow, _sourceTokens.Length, _targetTokens.Length), path);
        else
            backend.FindAlignmentPath(SourceRows, TargetColumns, new ReadOnlySpan2D<ushort>(_wide, _sourceTokens.Length, _targetTokens.Length), path);
    }

    /// <summary>Distinct ids in order of first appearance, and each position's index among them.</summary>
    private static (int[] Tokens, int[] Positions) Distinct(ReadOnlySpan<int> ids)
    {
        var index = new Dictionary<int, int>(ids.Length);
        var tokens = new List<int>();
        int[] positions = new int[ids.Length];
        for (int i = 0; i < ids.Length; i++)
        {
            if (!index.TryGetValue(ids[i], out positions[i]))
            {
                index[ids[i]] = positions[i] = tokens.Count;
                tokens.Add(ids[i]);
            }
        }

        return ([.. tokens], positions);
    }
}
