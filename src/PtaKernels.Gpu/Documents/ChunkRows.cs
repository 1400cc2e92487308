using System.Buffers;
using System.Runtime.InteropServices;
using ILGPU;
using PtaKernels.Rules;

namespace PtaKernels.Gpu;

/// <summary>The rows of a chunk that receive something, on the device: candidates, costs, transports, projections, results.</summary>
internal sealed class ChunkRows : IDisposable
{
    private readonly GpuBackend _backend;
    private readonly GpuLane _lane;
    private readonly DocumentChunk _chunk;
    private readonly PairOnDevice _pair;
    private readonly AlignmentOptions _options;
    private readonly int _preset;
    private readonly int[] _places;
    private readonly int _count;
    private readonly ArrayView<int> _range, _ties;
    private readonly ArrayView<DeviceOutcome> _outcomes;
    private readonly RowArguments _rows;

    /// <summary>Stages the rows and takes the memory of every stage.</summary>
    /// <param name="backend">The kernels.</param>
    /// <param name="lane">The chunk's lane.</param>
    /// <param name="chunk">The chunk.</param>
    /// <param name="pair">The vocabularies.</param>
    /// <param name="options">All switches.</param>
    /// <param name="preset">Which preset they are.</param>
    /// <param name="all">Every target row of the chunk.</param>
    /// <param name="prepared">Rows that the host collected.</param>
    public ChunkRows(
        GpuBackend backend, GpuLane lane, DocumentChunk chunk, PairOnDevice pair, in AlignmentOptions options, int preset, ReadOnlySpan<ChunkRow> all, PreparedRows prepared)
    {
        _backend = backend;
        _lane = lane;
        _chunk = chunk;
        _pair = pair;
        _options = options;
        _preset = preset;
        _count = all.Length;
        _places = ArrayPool<int>.Shared.Rent(_count);
        int count = 0;
        foreach (ref readonly ChunkRow row in all)
            count += row.Transfers ? 1 : 0;
        Staged<int> sourceRow = lane.Stage<int>(count), targetRow = lane.Stage<int>(count), ofPrepared = lane.Stage<int>(count);
        Staged<byte> dropsSpace = lane.Stage<byte>(count);
        bool addsPrefix = preset != FusedPreset.Reference && pair.Pair.Target.AddsDummyPrefix;
        Span<int> sourceRows = sourceRow.Span, targetRows = targetRow.Span, places = ofPrepared.Span;
        Span<byte> drops = dropsSpace.Span;
        int at = 0;
        for (int r = 0; r < all.Length; r++)
        {
            ref readonly ChunkRow row = ref all[r];
            _places[r] = row.Transfers ? at : -1;
            if (!row.Transfers)
                continue;
            sourceRows[at] = chunk.Source.Starts[row.Document] + row.SourceRow;
            targetRows[at] = chunk.Target.Starts[row.Document] + row.Row;
            places[at] = row.Prepared;
            drops[at] = (byte)(addsPrefix && row.StartsText ? 1 : 0);
            at++;
        }

        int used = RowCandidates.Used(chunk.Source.K, options.Window), columnsUsed = RowCandidates.Used(chunk.Target.K, options.Window);
        bool official = preset == FusedPreset.Reference, signal = options.MeasureSignal, bytes = preset == FusedPreset.Bytes, semantic = SemanticCosts.Reads(options.Cost);
        bool union = options.Columns == CandidateColumns.Union && !bytes;
        // Projection byte reads neither columns nor a prior, and moves nothing.
        int prior = bytes ? 0 : LongestPrior(chunk), moved = bytes ? 0 : count;
        int room = bytes ? 0 : prior > 0 ? prior : union ? Math.Min(TopKLogits.MaxK, columnsUsed + used) : columnsUsed;
        int kept = options.FusedK > 0 ? options.FusedK : chunk.Target.K;
        int resultRoom = bytes ? kept : Math.Max(Math.Max(chunk.Source.K, chunk.Target.K), Math.Max(used, room));
        _range = lane.TakeZeroed<int>(moved);
        _ties = lane.TakeZeroed<int>(bytes ? 0 : 1);
        _outcomes = lane.TakeZeroed<DeviceOutcome>(moved);
        _rows = new RowArguments
        {
            Count = count,
            SourceK = chunk.Source.K,
            TargetK = chunk.Target.K,
            Used = used,
            ColumnsUsed = columnsUsed,
            ColumnRoom = room,
            ResultRoom = resultRoom,
            Kept = kept,
            Tail = options.Mass == MassRule.Tail ? 1 : 0,
            Union = union ? 1 : 0,
            Signal = signal ? 1 : 0,
            Temperature = options.Temperature,
            Powers = lane.Upload<double>(DeviceMath.Powers),
            SourceRow = lane.Send(sourceRow),
            TargetRow = lane.Send(targetRow),
            Prepared = lane.Send(ofPrepared),
            DropsSpace = lane.Send(dropsSpace),
            SourceCandidates = chunk.Source.Candidates,
            SourceLogits = chunk.Source.Logits,
            LogSumExp = chunk.Source.LogSumExp,
            TargetCandidates = chunk.Target.Candidates,
            TargetLogits = chunk.Target.Logits,
            OfficialMap = official ? lane.Upload(pair.Pair.Official.Map.Known) : default,
            NearestText = signal || union ? lane.Upload(pair.Pair.NearestText.Known) : default,
            FitOfToken = bytes ? lane.Upload(pair.FitOfToken) : default,
            WithoutSpace = addsPrefix && !bytes ? lane.Upload<int>(pair.WithoutSpace) : default,
            PriorStarts = prior > 0 ? lane.Upload<int>(PriorStarts(chunk)) : default,
            PriorTokens = prior > 0 ? lane.Upload<int>([.. chunk.Documents.SelectMany(static d => d.Prior!.Indices.ToArray())]) : default,
            PriorValues = prior > 0 ? lane.Upload<double>([.. chunk.Documents.SelectMany(static d => d.Prior!.Values.ToArray())]) : default,
            PreparedCount = lane.Upload<int>(CollectionsMarshal.AsSpan(prepared.Counts)),
            PreparedIds = lane.Upload<int>(CollectionsMarshal.AsSpan(prepared.Ids)),
            PreparedTokens = lane.Upload<int>(CollectionsMarshal.AsSpan(prepared.Tokens)),
            PreparedMass = lane.Upload<double>(CollectionsMarshal.AsSpan(prepared.Mass)),
            PreparedNearest = lane.Upload<int>(CollectionsMarshal.AsSpan(prepared.Nearest)),
            PreparedMissing = lane.Upload<double>(CollectionsMarshal.AsSpan(prepared.Missing)),
            RowIds = lane.Take<int>((long)count * used),
            RowTokens = lane.Take<int>(semantic ? (long)count * used : 0),
            ColumnIds = lane.Take<int>((long)count * room),
            ColumnTokens = lane.Take<int>((long)count * room),
            RowMass = lane.Take<double>((long)count * used),
            ColumnMass = lane.Take<double>((long)count * room),
            RowCounts = lane.TakeZeroed<int>(count),
            ColumnCounts = lane.TakeZeroed<int>(moved),
            MappedCounts = lane.Take<int>(official ? count : 0),
            MappedTokens = lane.Take<int>(official ? (long)count * chunk.Source.K : 0),
            MappedLogits = lane.Take<double>(official ? (long)count * chunk.Source.K : 0),
            WholeMass = lane.Take<double>(official ? (long)count * chunk.Source.K : 0),
            Nearest = lane.Take<int>(official || (bytes && !signal) ? 0 : (long)count * used),
            Chosen = lane.Take<byte>((long)moved * used),
            ChosenMass = lane.Take<double>((long)moved * used),
            Missing = lane.TakeZeroed<double>(count),
            ResultCounts = lane.TakeZeroed<int>(count),
            ResultTokens = lane.Take<int>((long)count * resultRoom),
            ResultValues = lane.Take<double>((long)count * resultRoom),
            Scratch = lane.Take<double>(official && signal ? (long)count * resultRoom : 0),
            SignalTokens = lane.Take<int>(signal ? (long)count * chunk.Source.K : 0),
            SignalMass = lane.Take<double>(signal ? (long)count * chunk.Source.K : 0),
            SignalKept = lane.TakeZeroed<double>(signal ? count : 0),
        };
    }

    /// <summary>Gives the host's memory back; the results may not be read any more.</summary>
    public void Dispose() => ArrayPool<int>.Shared.Return(_places);

    private bool Official => _preset == FusedPreset.Reference;

    private bool ByBytes => _preset == FusedPreset.Bytes;

    /// <summary>Queues candidates and columns.</summary>
    public void Collect()
    {
        Launch(Official ? RowCandidatesKernel.Mapped : ByBytes ? RowCandidatesKernel.Fits : RowCandidatesKernel.Texts);
    }

    private void Launch(Action<RowArguments> kernel) => _backend.Device.Load(kernel).LaunchPerItem(_lane.Stream, _rows.Count, _rows);

    /// <summary>Queues cost matrices, transports and projections; what the device could not certify is solved on the host.</summary>
    public void Transport()
    {
        if (_rows.Count == 0 || ByBytes)
            return;
        int n = _rows.Used, m = _rows.ColumnRoom;
        ArrayView<byte> cost = _lane.Take<byte>((long)_rows.Count * n * m);
        DeviceTape rowTape, columnTape;
        if (Official)
        {
            rowTape = _backend.Tokens.Tapes.Of(_pair.Pair.Official.TargetWithoutSourceMarker);
            columnTape = _backend.Tokens.Tapes.Of(_pair.Pair.Official.TargetStripped);
        }
        else
        {
            _pair.RowTexts.Flush(_lane);
            _pair.ColumnTexts.Flush(_lane);
            rowTape = _pair.RowTexts;
            columnTape = _pair.ColumnTexts;
        }

        _backend.Tokens.QueueBlocks(_lane, rowTape, _rows.RowIds, columnTape, _rows.ColumnIds, _rows.Count, n, m, cost, _range);
        if (SemanticCosts.Reads(_options.Cost))
            _backend.Embeddings.QueueCosts(_lane, _backend.Embeddings.Of(_pair.Pair.Embeddings!), _rows, rowTape, columnTape, SemanticCosts.ShareOf(_options), cost);
        TransportKernels transports = _backend.Transports;
        var queue = new TransportQueue
        {
            Batch = _rows.Count,
            Rows = n,
            Columns = m,
            Cost = cost,
            A = _rows.RowMass,
            B = _rows.ColumnMass,
            RowCounts = _rows.RowCounts,
            ColumnCounts = _rows.ColumnCounts,
            Plan = _lane.Take<double>((long)_rows.Count * n * m),
            Outcomes = _outcomes,
        };
        TransportOptions options = _options.TransportOptions;
        transports.QueueSolve(_lane, queue, options);
        if (options.Kind == TransportKind.Balanced)
            transports.HandOver(_lane, queue, options);
        // The official argmax is strict; elsewhere near-ties go to the first column.
        transports.QueueProject(
            _lane, queue.Plan, _rows.RowCounts, _rows.ColumnCounts, _rows.Count, n, m, _rows.Chosen, _rows.ChosenMass, _ties, Official ? 0 : PlanProjection.TieTolerance);
    }

    /// <summary>Finishes the rows and brings them to the host.</summary>
    public ChunkResults Finish()
    {
        if (ByBytes)
            ProjectBytes();
        else
            Launch(Official ? FusedRowKernel.Official : FusedRowKernel.Probabilities);
        var results = new ChunkResults(_lane, _rows, _places.AsMemory(0, _count), _range, _ties, _outcomes, Official);
        _lane.Synchronize();
        results.FindUnfit();
        return results;
    }

    private void ProjectBytes()
    {
        long candidates = (long)_rows.Count * _rows.Used, own = (long)_rows.Count * _rows.ColumnsUsed;
        var arguments = new ByteProjectionKernel.Arguments
        {
            Rows = _rows,
            Fit = _lane.Take<int>(candidates),
            First = _lane.Take<int>(candidates),
            FirstLength = _lane.Take<int>(candidates),
            Length = _lane.Take<int>(candidates),
            Start = _lane.Take<int>(candidates),
            End = _lane.Take<int>(candidates),
            Mass = _lane.Take<double>(candidates),
            Sum = _lane.Take<double>(candidates),
            Other = _lane.Take<double>(candidates),
            OwnToken = _lane.Take<int>(own),
            OwnPlace = _lane.Take<int>(own),
            OwnLength = _lane.Take<int>(own),
            OwnWeight = _lane.Take<double>(own),
        };
        _pair.Fits(_options.ByteTail).Send(_lane, ref arguments);
        _backend.Device.Load<ByteProjectionKernel.Arguments>(ByteProjectionKernel.Rows).LaunchPerItem(_lane.Stream, _rows.Count, arguments);
    }

    private static int LongestPrior(DocumentChunk chunk)
    {
        if (chunk.Documents[0].Prior is null)
            return 0;
        int longest = 1;
        foreach (DocumentPair pair in chunk.Documents)
        {
            for (int row = 0; row < pair.Prior!.Rows; row++)
                longest = Math.Max(longest, pair.Prior.IndicesOf(row).Length);
        }

        return Math.Min(longest, TopKLogits.MaxK);
    }

    private static int[] PriorStarts(DocumentChunk chunk)
    {
        var starts = new List<int>(chunk.Target.Count + 1) { 0 };
        foreach (DocumentPair pair in chunk.Documents)
        {
            int before = starts[^1];
            foreach (int start in pair.Prior!.Starts[1..])
                starts.Add(before + start);
        }

        return [.. starts];
    }
}
