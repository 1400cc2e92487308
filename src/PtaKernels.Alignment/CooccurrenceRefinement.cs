using CommunityToolkit.HighPerformance;

namespace PtaKernels.Alignment;

/// <summary>
/// The official <c>co_occurrence</c> mode of the vocabulary map (SPEC B 3a): where several target tokens are equally near, the one whose neighbours in a
/// corpus resemble the source token's wins. Counts are sparse: only tokens that are tied, and only the columns both vocabularies share.
/// </summary>
/// <remarks>
/// Kept from the official code: the window of a token at i is [i - w, i + w), and each pair is counted from both sides; columns are the target tokens that some
/// source token maps to, the last such source token standing for it; similarity is dot / (|x| |y| + 1e-6), first maximum in id order. A token that the corpus does
/// not hold keeps its first minimum, as its similarities are all 0. Exact hits are never touched.
/// </remarks>
public sealed class CooccurrenceRefinement
{
    /// <summary>The official window size w.</summary>
    public const int DefaultWindow = 5;

    private readonly IKernelBackend _backend;
    private readonly VocabularyPair _pair;
    private readonly VocabularyMap _map;
    private readonly int _window;
    private readonly int[] _columnOfSource;
    private readonly int[] _columnOfTarget;
    private readonly Dictionary<(int Token, int Column), long> _source = [];
    private readonly Dictionary<(int Token, int Column), long> _target = [];
    private readonly HashSet<int> _seen = [];

    /// <summary>Prepares the counts; the official map of the pair must be resolved for every source token.</summary>
    /// <param name="backend">Finds the tied target tokens.</param>
    /// <param name="pair">The vocabularies.</param>
    /// <param name="window">w, at least 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">The window is under 1.</exception>
    public CooccurrenceRefinement(IKernelBackend backend, VocabularyPair pair, int window = DefaultWindow)
    {
        ArgumentNullException.ThrowIfNull(backend);
        ArgumentNullException.ThrowIfNull(pair);
        ArgumentOutOfRangeException.ThrowIfLessThan(window, 1);
        _backend = backend;
        _pair = pair;
        _map = pair.Official.Map;
        _window = window;
        int[] lastOwner = new int[pair.Target.Count];
        Array.Fill(lastOwner, -1);
        for (int id = 0; id < pair.Source.Count; id++)
        {
            if (pair.Source.HasToken(id) && _map[id] >= 0)
                lastOwner[_map[id]] = id;
        }

        _columnOfSource = new int[pair.Source.Count];
        _columnOfTarget = new int[pair.Target.Count];
        Array.Fill(_columnOfSource, -1);
        Array.Fill(_columnOfTarget, -1);
        for (int column = 0; column < lastOwner.Length; column++)
        {
            if (lastOwner[column] >= 0)
                _columnOfSource[lastOwner[column]] = _columnOfTarget[column] = column;
        }
    }

    /// <summary>Counts one document, tokenized by both; ids outside a vocabulary are left out.</summary>
    public void Count(ReadOnlySpan<int> sourceIds, ReadOnlySpan<int> targetIds)
    {
        foreach (int id in sourceIds)
            _seen.Add(id);
        CountSide(sourceIds, _columnOfSource, _source);
        CountSide(targetIds, _columnOfTarget, _target);
    }

    /// <summary>The source tokens whose nearest target token changes, in id order.</summary>
    public IReadOnlyList<(int SourceToken, int Before, int After)> Refine()
    {
        int[] open = [.. _seen.Where(id => _pair.Source.HasToken(id) && _map[id] >= 0 && _map.DistanceOf(id) > 0).Order()];
        ILookup<int, (int Column, long Count)> sourceRows = _source.ToLookup(static e => e.Key.Token, static e => (e.Key.Column, e.Value));
        ILookup<int, (int Column, long Count)> targetRows = _target.ToLookup(static e => e.Key.Token, static e => (e.Key.Column, e.Value));
        int[] after = new int[open.Length];
        Parallel.For(0, open.Length, i => after[i] = MostSimilar(sourceRows[open[i]], TiedTargets(open[i]), targetRows));
        return [.. open.Index().Where(o => after[o.Index] != _map[o.Item]).Select(o => (o.Item, _map[o.Item], after[o.Index]))];
    }

    private void CountSide(ReadOnlySpan<int> ids, int[] columns, Dictionary<(int Token, int Column), long> counts)
    {
        for (int i = 0; i < ids.Length; i++)
        {
            for (int j = Math.Max(0, i - _window); j < Math.Min(i + _window, ids.Length); j++)
            {
                if (i == j)
                    continue;
                Add(ids[i], ids[j]);
                Add(ids[j], ids[i]);
            }
        }

        void Add(int token, int neighbour)
        {
            if ((uint)token >= (uint)columns.Length || (uint)neighbour >= (uint)columns.Length || columns[neighbour] < 0)
                return;
            System.Runtime.InteropServices.CollectionsMarshal.GetValueRefOrAddDefault(counts, (token, columns[neighbour]), out _)++;
        }
    }

    /// <summary>Every target token at the smallest distance, in id order.</summary>
    private int[] TiedTargets(int sourceToken)
    {
        OfficialStrings official = _pair.Official;
        int[] all = [.. Enumerable.Range(0, _pair.Target.Count)];
        ushort[] distances = new ushort[all.Length];
        _backend.ComputeCostMatrix(official.Keys, [sourceToken], official.TargetStrings, all, new Span2D<ushort>(distances, 1, all.Length));
        int nearest = _map.DistanceOf(sourceToken);
        return Array.FindAll(all, id => distances[id] == nearest && _pair.Target.HasToken(id));
    }

    private static int MostSimilar(IEnumerable<(int Column, long Count)> source, int[] tied, ILookup<int, (int Column, long Count)> targetRows)
    {
        Dictionary<int, long> vector = source.ToDictionary(static e => e.Column, static e => e.Count);
        double norm = Math.Sqrt(vector.Values.Sum(static v => (double)v * v));
        int best = tied[0];
        double highest = double.NegativeInfinity;
        foreach (int candidate in tied)
        {
            double dot = 0, squares = 0;
            foreach ((int column, long count) in targetRows[candidate])
            {
                dot += (double)count * vector.GetValueOrDefault(column);
                squares += (double)count * count;
            }

            double similarity = dot / ((norm * Math.Sqrt(squares)) + 1e-6);
            if (similarity > highest)
                (best, highest) = (candidate, similarity);
        }

        return best;
    }
}
