using System.Buffers;
using System.Diagnostics;
using ILGPU;
using PtaKernels.Rules;

namespace PtaKernels.Gpu;

/// <summary>One chunk of documents through all stages, top to bottom: check, pair, decide, collect, transport, project, finish.</summary>
/// <remarks>A document that turns out to be bad input, or out of a kernel's range, is left out; the caller aligns it step by step, which says what is wrong.</remarks>
internal sealed class ChunkRun
{
    private readonly GpuBackend _backend;
    private readonly GpuDevice _device;
    private readonly PairOnDevice _pair;
    private readonly AlignmentOptions _options;
    private readonly int _preset;
    private readonly IReadOnlyList<DocumentPair> _documents;
    private readonly AlignmentReport _report;
    private readonly bool[] _refused;
    private readonly DocumentSpans?[] _sourceSpans, _targetSpans;
    private readonly HashSet<int> _repaired = [];
    private readonly Dictionary<int, ReadOnlyMemory<byte>> _prefixes = [];
    private ChunkRow[] _rowRoom = [];
    private int _rowCount;
    private long _clock = Stopwatch.GetTimestamp();

    /// <summary>A run over documents of one k per side.</summary>
    public ChunkRun(GpuBackend backend, PairOnDevice pair, in AlignmentOptions options, int preset, IReadOnlyList<DocumentPair> documents, bool[] refused, AlignmentReport report)
    {
        _backend = backend;
        _device = backend.Device;
        _pair = pair;
        _options = options;
        _preset = preset;
        _documents = documents;
        _refused = refused;
        _report = report;
        _sourceSpans = new DocumentSpans?[documents.Count];
        _targetSpans = new DocumentSpans?[documents.Count];
    }

    private Span<ChunkRow> Rows => _rowRoom.AsSpan(0, _rowCount);

    private VocabularyPair Vocabularies => _pair.Pair;

    private bool Official => _preset == FusedPreset.Reference;

    private bool ByBytes => _preset == FusedPreset.Bytes;

    private bool NeedsNearest => _options.MeasureSignal || (_options.Columns == CandidateColumns.Union && !ByBytes);

    /// <summary>Aligns the documents that are not refused.</summary>
    /// <param name="destination">[documents] receives them.</param>
    /// <returns>False when a document was refused after its rows had been counted: run again without it.</returns>
    public bool Align(AlignedDocument?[] destination)
    {
        using GpuLane lane = _device.Rent();
        _rowRoom = ArrayPool<ChunkRow>.Shared.Rent(_documents.Sum(static d => d.Target.Length));
        try
        {
            return Align(lane, destination);
        }
        finally
        {
            ArrayPool<ChunkRow>.Shared.Return(_rowRoom);
        }
    }

    private bool Align(GpuLane lane, AlignedDocument?[] destination)
    {
        var chunk = new DocumentChunk(lane, _documents, _options.Mass == MassRule.Tail);
        Check(lane, chunk);
        Decide(lane, chunk);
        Lap(AlignmentStage.Pairing);
        ResolveNearest();
        Lap(AlignmentStage.Mapping);
        var prepared = new PreparedRows(_backend, _pair, RowCandidates.Used(chunk.Source.K, _options.Window), ByBytes);
        PrepareRows(prepared);
        if (ByBytes)
            ResolveFits();
        using var work = new ChunkRows(_backend, lane, chunk, _pair, _options, _preset, Rows, prepared);
        work.Collect();
        Lap(AlignmentStage.Candidates);
        work.Transport();
        Lap(AlignmentStage.Transport);
        ChunkResults results = work.Finish();
        foreach (int row in results.Unfit)
            _refused[_rowRoom[row].Document] = true;
        if (results.Unfit.Count > 0)
            return false;
        Assemble(results, destination);
        Lap(AlignmentStage.Projection);
        return true;
    }

    /// <summary>Finds bad ids and logits on the device, and the spans of both texts on the host meanwhile.</summary>
    private void Check(GpuLane lane, DocumentChunk chunk)
    {
        ArrayView<int> bad = lane.TakeZeroed<int>(_documents.Count);
        LoadedKernel<DocumentCheckKernel.Side> kernel = _device.Load<DocumentCheckKernel.Side>(DocumentCheckKernel.Positions);
        Queue(chunk.Source, _pair.SourceHasToken);
        Queue(chunk.Target, _pair.TargetHasToken);
        Staged<int> found = lane.Receive(bad);
        lane.Synchronize();
        for (int d = 0; d < _documents.Count; d++)
        {
            _refused[d] |= found.Span[d] != 0;
            if (!_refused[d] && !Official)
                _refused[d] = !FindSpans(d);
        }

        void Queue(ChunkSide side, byte[] tokens) => kernel.LaunchPerItem(lane.Stream, side.Count, new DocumentCheckKernel.Side
        {
            Count = side.Count,
            K = side.K,
            Vocabulary = tokens.Length,
            Official = Official ? 1 : 0,
            Tokens = lane.Upload<byte>(tokens),
            DocumentOf = side.DocumentOf,
            Ids = side.Ids,
            Candidates = side.Candidates,
            Logits = side.Logits,
            Bad = bad,
        });
    }

    private bool FindSpans(int d)
    {
        try
        {
            DocumentChecks.RequireLogSumExp(_documents[d].Source, "source", _options);
            if (_documents[d].Target.LogSumExp is not null)
                DocumentChecks.RequireLogSumExp(_documents[d].Target, "target", _options);
            _sourceSpans[d] = DocumentSpans.Of(_documents[d].Source, Vocabularies.Source);
            _targetSpans[d] = DocumentSpans.Of(_documents[d].Target, Vocabularies.Target);
            return true;
        }
        catch (AlignmentDataException)
        {
            return false;
        }
    }

    /// <summary>Which source row each target row receives.</summary>
    private void Decide(GpuLane lane, DocumentChunk chunk)
    {
        ChunkPairing? pairing = null;
        if (!FusedPreset.GoesByBoundaries(_preset))
        {
            pairing = Official
                ? new ChunkPairing(_backend, lane, chunk, Vocabularies.Official.SourceStripped, Vocabularies.Official.TargetStripped, _refused)
                : new ChunkPairing(_backend, lane, chunk, Vocabularies.Source.Texts, Vocabularies.Target.Texts, _refused);
        }

        var boundaries = new BoundaryMap?[_documents.Count];
        for (int d = 0; d < _documents.Count; d++)
        {
            if (!_refused[d] && !Official)
                _refused[d] = !FindBoundaries(d, boundaries);
        }

        if (pairing is not null)
        {
            lane.Synchronize();
            foreach (int d in pairing.TooFar)
                _refused[d] = true;
        }

        if (Official)
            ResolveOfficialIds();
        for (int d = 0; d < _documents.Count; d++)
        {
            if (_refused[d])
                continue;
            TokenPairing? pairs = pairing?.Of(d);
            for (int i = 0; i < _documents[d].Target.Length; i++)
            {
                StepDecision decision = _preset switch
                {
                    FusedPreset.Reference => StepTransfer.ByString(_documents[d], Vocabularies, pairs!, i, soft: true),
                    FusedPreset.Paper => StepTransfer.ByGroup(_documents[d], pairs!, i),
                    _ => StepTransfer.ByBoundary(_documents[d], _sourceSpans[d]!, _targetSpans[d]!, boundaries[d]!, Vocabularies, i, withPrefix: _options.Transfer == TransferRule.BoundaryPrefix),
                };
                if (!decision.Prefix.IsEmpty)
                    _prefixes.Add(_rowCount, decision.Prefix);
                _rowRoom[_rowCount++] = new ChunkRow
                {
                    Document = d,
                    Row = i,
                    SourceRow = decision.SourceRow,
                    Prepared = -1,
                    Kappa = 1,
                    Rule = decision.Rule,
                    StartsText = !Official && i < _targetSpans[d]!.FirstText,
                };
            }
        }
    }

    private bool FindBoundaries(int d, BoundaryMap?[] boundaries)
    {
        // Groups need no boundaries, only to know whether they could be made.
        if (_preset == FusedPreset.Paper && BoundaryMap.AreOfOneText(_sourceSpans[d]!, _targetSpans[d]!))
            return true;
        try
        {
            boundaries[d] = BoundaryMap.Between(_documents[d].Target.Id, _sourceSpans[d]!, _targetSpans[d]!);
            if (!boundaries[d]!.Exact)
                _repaired.Add(d);
            return true;
        }
        catch (AlignmentDataException)
        {
            return false;
        }
    }

    private void ResolveOfficialIds()
    {
        OfficialStrings official = Vocabularies.Official;
        _pair.Resolve(official.Map, () => Taken().SelectMany(d => Owned(d.Source)));

        IEnumerable<int> Owned(TokenizedDocument source)
        {
            int owner = official.Prefixed(source.Ids[0]).KeyOwner;
            return owner < 0 ? source.Ids : source.Ids.Append(owner);
        }
    }

    private IEnumerable<DocumentPair> Taken() => _documents.Where((_, d) => !_refused[d]);

    /// <summary>Nearest tokens of every candidate that a later stage asks for.</summary>
    private void ResolveNearest()
    {
        if (Official)
            _pair.Resolve(Vocabularies.Official.Map, Candidates);
        if (NeedsNearest)
            _pair.Resolve(Vocabularies.NearestText, Candidates);
        if (ByBytes)
            _pair.ResolvePartners();

        IEnumerable<int> Candidates() => _rowRoom.Take(_rowCount).Where(static r => r.Transfers)
            .SelectMany(r => _documents[r.Document].Source.Candidates.IndicesOf(r.SourceRow).ToArray()).Distinct();
    }

    /// <summary>Collects on the host the rows whose texts are shortened, and drops those of rule (b) that keep too little.</summary>
    private void PrepareRows(PreparedRows prepared)
    {
        if (Official)
            return;
        bool sourceAdds = Vocabularies.Source.AddsDummyPrefix, targetAdds = Vocabularies.Target.AddsDummyPrefix;
        for (int r = 0; r < _rowCount; r++)
        {
            ref ChunkRow row = ref _rowRoom[r];
            if (!row.Transfers)
                continue;
            bool sourceStart = row.SourceRow < _sourceSpans[row.Document]!.FirstText;
            if (row.Rule != RowRule.Prefix && !(sourceStart && sourceAdds) && !(row.StartsText && targetAdds))
                continue;
            var decision = new StepDecision(row.Rule, row.SourceRow, _prefixes.GetValueOrDefault(r));
            row.Prepared = prepared.Add(_documents[row.Document].Source, decision, sourceStart, row.StartsText, _options, NeedsNearest, out double kappa);
            if (row.Prepared < 0)
                (row.Rule, row.SourceRow) = (RowRule.None, -1);
            else
                row.Kappa = kappa;
        }
    }

    /// <summary>What fits the candidates of the rows that the device collects.</summary>
    private void ResolveFits()
    {
        foreach (ref readonly ChunkRow row in Rows)
        {
            if (!row.Transfers || row.Prepared >= 0)
                continue;
            TopKLogits candidates = _documents[row.Document].Source.Candidates;
            _pair.ResolveFits(candidates.IndicesOf(row.SourceRow)[..RowCandidates.Used(candidates.K, _options.Window)]);
        }
    }

    /// <summary>Results, fallbacks and counts, document by document.</summary>
    private void Assemble(ChunkResults results, AlignedDocument?[] destination)
    {
        int r = 0;
        for (int d = 0; d < _documents.Count; d++)
        {
            if (_refused[d])
                continue;
            TokenizedDocument target = _documents[d].Target;
            int fallback = _options.Fallback == FallbackRule.Target ? target.Candidates.K : 1;
            var aligned = new AlignedDocument(target.Id, _options.Output, target.Length, results.EntriesOf(r, target.Length, fallback));
            for (int i = 0; i < target.Length; i++, r++)
            {
                ref readonly ChunkRow row = ref _rowRoom[r];
                if (!results.Add(aligned, r, row, out RowProvenance provenance))
                    provenance = RowFallback.Add(aligned, target, _options, row.Transfers ? RowRule.None : row.Rule);
                _report.CountRow(provenance);
            }

            _report.Documents++;
            _report.TargetTokens += target.Length;
            _report.SourceTokens += _documents[d].Source.Length;
            destination[d] = aligned;
        }

        _report.ProjectionTies += results.Ties;
        _report.RepairedDocuments += _repaired.Count(d => !_refused[d]);
    }

    private void Lap(AlignmentStage stage) => _clock = _report.AddTime(stage, _clock);
}
