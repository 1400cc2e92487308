using ILGPU;

namespace PtaKernels.Gpu;

/// <summary>What came back of a chunk's rows; to be read once the lane is synchronised and before it is given back.</summary>
internal sealed class ChunkResults
{
    private readonly int[] _places;
    private readonly bool _official;
    private readonly int _room;
    private readonly Staged<int> _counts, _tokens, _range, _ties, _transported, _mapped;
    private readonly Staged<double> _values, _missing, _signal;
    private readonly Staged<DeviceOutcome> _outcomes;
    private readonly List<int> _unfit = [];

    /// <summary>Queues the copies.</summary>
    public ChunkResults(
        GpuLane lane, in RowArguments rows, int[] places, ArrayView<int> range, ArrayView<int> ties, ArrayView<DeviceOutcome> outcomes, bool official)
    {
        _places = places;
        _official = official;
        _room = rows.ResultRoom;
        _counts = lane.Receive(rows.ResultCounts);
        _tokens = lane.Receive(rows.ResultTokens);
        _values = lane.Receive(rows.ResultValues);
        _missing = lane.Receive(rows.Missing);
        _signal = lane.Receive(rows.SignalKept);
        _transported = lane.Receive(rows.RowCounts);
        _mapped = lane.Receive(rows.MappedCounts);
        _range = lane.Receive(range);
        _ties = lane.Receive(ties);
        _outcomes = lane.Receive(outcomes);
    }

    /// <summary>Choices of a heaviest column that only the tie rule decided.</summary>
    public int Ties => _ties.Span[0];

    /// <summary>Rows of documents that only the stepwise form can take or explain: distances over 254, a candidate missing from a given map, a loop that did not stop.</summary>
    public IReadOnlyList<int> Unfit => _unfit;

    /// <summary>Fills <see cref="Unfit"/>.</summary>
    public void FindUnfit()
    {
        for (int r = 0; r < _places.Length; r++)
        {
            int at = _places[r];
            if (at < 0)
                continue;
            bool endless = _transported.Span[at] > 0 && _outcomes.Span[at].Status == (int)TransportStatus.IterationLimit;
            if (_range.Span[at] != 0 || endless || (_official && _mapped.Span[at] < 0))
                _unfit.Add(r);
        }
    }

    /// <summary>Adds a row to its document; false where it received nothing after all.</summary>
    /// <param name="aligned">The document.</param>
    /// <param name="r">The row's index in the chunk.</param>
    /// <param name="row">What was decided for it.</param>
    public bool Add(AlignedDocument aligned, int r, in ChunkRow row)
    {
        int at = _places[r];
        if (at < 0)
            return false;
        int count = _counts.Span[at];
        RowRule rule = row.Decision.Rule;
        bool transported = _transported.Span[at] > 0;
        if (_official)
        {
            if (!transported)
                rule = RowRule.Soft;
            else if (count < 0)
                (rule, count) = (RowRule.SoftNotFinite, _mapped.Span[at]);
        }
        else if (count < 0)
        {
            return false;
        }

        DeviceOutcome outcome = transported ? _outcomes.Span[at] : default;
        int start = at * _room;
        aligned.AddRow(_tokens.Span.Slice(start, count), _values.Span.Slice(start, count), new RowProvenance(
            rule, row.Decision.SourceRow, -1, _missing.Span[at], row.Kappa, _signal.Length == 0 ? double.NaN : _signal.Span[at],
            transported ? new TransportOutcome((TransportStatus)outcome.Status, outcome.Iterations, outcome.MarginalError) : null));
        return true;
    }
}
