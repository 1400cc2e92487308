using PtaKernels.Corpus.Sampling;

namespace PtaKernels.Pipeline;

/// <summary>A random sample of rows that FuseLLM hard and both presets took from a source: the same rows of every group.</summary>
internal sealed class RowSample
{
    private readonly Reservoir<SparseRow[]> _rows;
    private readonly int[] _methods;

    /// <summary>An empty sample.</summary>
    /// <param name="methods">All methods.</param>
    /// <param name="most">Rows kept at most.</param>
    /// <param name="seed">Which ones.</param>
    public RowSample(AlignmentMethod[] methods, int most, long seed)
    {
        _rows = new Reservoir<SparseRow[]>(most, seed);
        _methods = [.. Groups.Skip(1).Select(name => Array.FindIndex(methods, m => m.Name == name))];
    }

    /// <summary>The groups: the target's own rows, and those of the methods.</summary>
    public static IReadOnlyList<string> Groups { get; } = ["target", AlignmentMethod.Hard, AlignmentMethod.Paper, AlignmentMethod.Fusion];

    /// <summary>Rows that could have been drawn.</summary>
    public long Shown => _rows.Shown;

    /// <summary>[rows][groups] the rows drawn.</summary>
    public SparseRow[][] Rows => [.. _rows.Kept];

    /// <summary>Shows the rows of a document.</summary>
    public void Add(MethodDocument document)
    {
        TokenizedDocument target = document.Pair.Target;
        for (int i = 0; i < target.Length; i++)
        {
            int row = i;
            if (!Array.TrueForAll(_methods, m => document.Taught(m, row)))
                continue;
            double[] own = new double[target.Candidates.K];
            Rules.RowMass.Softmax(target.Candidates.ValuesOf(i), 1, own);
            _rows.Add([new SparseRow(target.Candidates.IndicesOf(i), own), .. _methods.Select(m => new SparseRow(document.Rows[m]!.IndicesOf(row), document.Seen(m, row)))]);
        }
    }
}
