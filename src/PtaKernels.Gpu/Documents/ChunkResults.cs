using ILGPU;

namespace PtaKernels.Gpu;

/// <summary>What came back of a chunk's rows; to be read once the lane is synchronised and before it is given back.</summary>
internal sealed class ChunkResults
{
    private readonly ReadOnlyMemory<int> _places;
    private readonly bool _official;
    private readonly int _room;
    private readonly Staged<int> _counts, _tokens, _range, _ties, _transported, _mapped;
    private readonly Staged<double> _values, _missing, _signal;
    private readonly Staged<DeviceOutcome> _outcomes;
    private readonly List<int> _unfit = [];

    /// <summary>Queues the copies.</summary>
    /// <param name="lane">The chunk's lane.</param>
    /// <param name="rows">The rows.</param>
    /// <param name="places">[target rows] place of each among them, or -1.</param>
    /// <param name="range">[rows] 1 where a distance is over 254; empty where nothing is transported.</param>
    /// <param name="ties">[1] ties; empty likewise.</param>
    /// <param name="outcomes">[rows]; empty likewise.</param>
    /// <param name="official">Preset <c>reference</c>.</param>
    public ChunkResults(
        GpuLane lane, in RowArguments rows, ReadOnlyMemory<int> places, ArrayView<int> range, ArrayView<int> ties, ArrayView<DeviceOutcome> outcomes, bool official)
    {
        _places = places;
        _official = official;
        _room = rows.ResultRoom;
        _counts = lane.Receive(rows.ResultCounts);
        _tokens = lane.Receive(rows.ResultTokens);
        _values = lane.Receive(rows.ResultValues);
        _missing = lane.Receive(rows.Missing);
        _signal = lane.Receive(rows.SignalKept);
        _transported = outcomes.Length == 0 ? default : lane.Receive(rows.RowCounts);
        _mapped = lane.Receive(rows.MappedCounts);
        _range = lane.Receive(range);
        _ties = lane.Receive(ties);
        _outcomes = lane.Receive(outcomes);
    }

    /// <summary>Choices of a heaviest column that only the tie rule decided.</summary>
    public int Ties => _ties.Length == 0 ? 0 : _ties.Span[0];

    /// <summary>Rows of documents that only the stepwise form can take or explain: distances over 254, a candidate missing from a given map, a loop that did not stop.</summary>
    public IReadOnlyList<int> Unfit => _unfit;

    /// <summary>Fills <see cref="Unfit"/>.</summary>
    public void FindUnfit()
    {
        if (_outcomes.Length == 0)
            return;
        ReadOnlySpan<int> places = _places.Span, transported = _transported.Span, range = _range.Span, mapped = _mapped.Span;
        ReadOnlySpan<DeviceOutcome> outcomes = _outcomes.Span;
        for (int r = 0; r < places.Length; r++)
        {
            int at = places[r];
            if (at < 0)
                continue;
            bool endless = transported[at] > 0 && outcomes[at].Status == (int)TransportStatus.IterationLimit;
            if (range[at] != 0 || endless || (_official && mapped[at] < 0))
                _unfit.Add(r);
        }
    }

    /// <summary>Entries of some rows, at most <paramref name="fallback"/> for each that received nothing.</summary>
    /// <param name="first">The first row's index in the chunk.</param>
    /// <param name="count">How many.</param>
    /// <param name="fallback">Entries of a fallback row.</param>
    public int EntriesOf(int first, int count, int fallback)
    {
        ReadOnlySpan<int> places = _places.Span.Slice(first, count), counts = _counts.Span;
        int entries = 0;
        foreach (int at in places)
        {
            int own = at < 0 ? -1 : counts[at];
            entries += own >= 0 ? own : at >= 0 && _official ? _mapped.Span[at] : fallback;
        }

        return entries;
    }

    /// <summary>Adds a row to its document; false where it received nothing after all.</summary>
    /// <param name="aligned">The document.</param>
    /// <param name="r">The row's index in the chunk.</param>
    /// <param name="row">What was decided for it.</param>
    /// <param name="provenance">Where it came from.</param>
    public bool Add(AlignedDocument aligned, int r, in ChunkRow row, out RowProvenance provenance)
    {
        provenance = default;
        int at = _places.Span[r];
        if (at < 0)
            return false;
        int count = _counts.Span[at];
        RowRule rule = row.Rule;
        bool transported = _transported.Length > 0 && _transported.Span[at] > 0;
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
        provenance = new RowProvenance(
            rule, row.SourceRow, -1, _missing.Span[at], row.Kappa, _signal.Length == 0 ? double.NaN : _signal.Span[at],
            transported ? new TransportOutcome((TransportStatus)outcome.Status, outcome.Iterations, outcome.MarginalError) : null);
        aligned.AddRow(_tokens.Span.Slice(start, count), _values.Span.Slice(start, count), provenance);
        return true;
    }
}
