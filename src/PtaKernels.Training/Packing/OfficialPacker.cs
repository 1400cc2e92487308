using System.Collections;

namespace PtaKernels.Training;

/// <summary>The official packing at metric level <c>sequence</c> (SPEC B 4): documents of a batch one after another, cut every <c>blockSize</c> tokens, the short rest of the batch kept; a block's metric is the mean over its tokens.</summary>
/// <remarks>Nothing keeps documents apart, and what comes out depends on the batch size: both by definition. A block is given out as soon as it is full, so that no more than one is in memory.</remarks>
/// <param name="blockSize">Tokens of a block.</param>
/// <param name="batchSize">Documents of a batch; the official code's is 1000.</param>
/// <param name="filterNaN">Leaves out documents with a metric that is not a number; they do not count into a batch.</param>
internal sealed class OfficialPacker(int blockSize, int batchSize = OfficialPacker.OfficialBatch, bool filterNaN = false)
{
    /// <summary>The default of <c>datasets.map</c>.</summary>
    public const int OfficialBatch = 1000;

    private readonly List<(string Name, OfficialKind Kind, IList Values)> _columns = [];
    private int _documents;

    /// <summary>Documents left out.</summary>
    public long Filtered { get; private set; }

    /// <summary>Adds a document.</summary>
    /// <returns>Blocks that are full with it, and the batch's last one where it ends here.</returns>
    public IEnumerable<OfficialRow> Add(OfficialRow document)
    {
        if (filterNaN && document.HasNaN())
        {
            Filtered++;
            yield break;
        }

        Append(document);
        while (Waiting >= blockSize)
            yield return Take(blockSize);
        if (++_documents < batchSize)
            yield break;
        foreach (OfficialRow rest in Finish())
            yield return rest;
    }

    /// <summary>Ends the batch.</summary>
    public IEnumerable<OfficialRow> Finish()
    {
        _documents = 0;
        if (Waiting > 0)
            yield return Take(Waiting);
    }

    private int Waiting => _columns.Count == 0 ? 0 : _columns[0].Values.Count;

    private void Append(OfficialRow document)
    {
        if (_columns.Count == 0)
        {
            foreach (string name in document.Names)
            {
                OfficialKind kind = OfficialColumns.KindOf(name)!.Value;
                _columns.Add((name, kind, kind switch
                {
                    OfficialKind.Integers => new List<int>(),
                    OfficialKind.TokenLists => new List<int[]>(),
                    OfficialKind.ValueLists => new List<double[]>(),
                    _ => new List<double>(),
                }));
            }
        }

        foreach ((string name, OfficialKind kind, IList values) in _columns)
        {
            switch (kind)
            {
                case OfficialKind.Integers:
                    ((List<int>)values).AddRange(document.Integers(name));
                    break;
                case OfficialKind.TokenLists:
                    ((List<int[]>)values).AddRange(document.TokenLists(name));
                    break;
                case OfficialKind.ValueLists:
                    ((List<double[]>)values).AddRange(document.ValueLists(name));
                    break;
                default:
                    ((List<double>)values).AddRange(Enumerable.Repeat(document.Metric(name), document.Length));
                    break;
            }
        }
    }

    private OfficialRow Take(int count)
    {
        var block = new OfficialRow();
        foreach ((string name, OfficialKind kind, IList values) in _columns)
        {
            block.Add(name, kind switch
            {
                OfficialKind.Integers => Take((List<int>)values, count),
                OfficialKind.TokenLists => Take((List<int[]>)values, count),
                OfficialKind.ValueLists => Take((List<double[]>)values, count),
                _ => Mean(Take((List<double>)values, count)),
            });
        }

        return block;
    }

    private static T[] Take<T>(List<T> values, int count)
    {
        T[] taken = [.. values.Take(count)];
        values.RemoveRange(0, count);
        return taken;
    }

    private static double Mean(double[] values)
    {
        double sum = 0;
        foreach (double value in values)
            sum += value;
        return sum / values.Length;
    }
}
