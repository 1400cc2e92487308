using System.Buffers;
using System.Runtime.InteropServices;
using PtaKernels.Rules;

namespace PtaKernels.Native;

/// <summary>One call over several documents: their arrays pinned, room for their results, and what came back as aligned documents.</summary>
internal sealed unsafe class DocumentCall : IDisposable
{
    private readonly NativeDocument[] _documents;
    private readonly Results[] _results;
    private readonly List<GCHandle> _pins;
    private int _count;

    public DocumentCall(int capacity)
    {
        _documents = GC.AllocateArray<NativeDocument>(capacity, pinned: true);
        _results = new Results[capacity];
        _pins = new List<GCHandle>(capacity * 16);
    }

    /// <summary>Adds a document whose arrays agree in their lengths.</summary>
    public void Add(DocumentPair pair, in NativeAlignOptions options)
    {
        NativeAlignOptions native = options;
        int length = pair.Target.Length;
        long capacity = NativeMethods.AlignCapacity(&native, length, pair.Source.Candidates.K, pair.Target.Candidates.K);
        if (capacity < 0)
            throw new ArgumentException(NativeErrors.Text);
        var results = new Results(length, checked((int)capacity));
        _results[_count] = results;
        ref NativeDocument document = ref _documents[_count++];
        document.Source = ViewOf(pair.Source);
        document.Target = ViewOf(pair.Target);
        if (pair.Prior is { } prior)
        {
            document.PriorStarts = (int*)Pin(prior.Starts.ToArray());
            document.PriorTokens = (int*)Pin(prior.Indices.ToArray());
            document.PriorValues = (double*)Pin(prior.Values.ToArray());
        }

        document.Capacity = capacity;
        document.Starts = (int*)Pin(results.Starts);
        document.Tokens = (int*)Pin(results.Tokens);
        document.Values = (double*)Pin(results.Values);
        document.Rows = (NativeRow*)Pin(results.Rows);
    }

    /// <summary>Aligns them.</summary>
    public NativeStatus Run(WorkspaceHandle workspace, VocabularyPairHandle pair, in NativeAlignOptions options)
    {
        NativeAlignOptions native = options;
        fixed (NativeDocument* documents = _documents)
            return NativeMethods.AlignBatch(workspace, pair, &native, documents, _count);
    }

    /// <summary>One aligned document with its fallback rows, counted; null where it was refused as bad input.</summary>
    public AlignedDocument? Result(int index, TokenizedDocument target, in AlignmentOptions options, AlignmentReport report)
    {
        ref readonly NativeDocument document = ref _documents[index];
        if (document.Status != (int)NativeStatus.Ok)
            return null;
        Results results = _results[index];
        AlignedDocument aligned = options.Fallback == FallbackRule.Mask ? results.AsTheyAre(target, options) : results.WithFallback(target, options);
        for (int t = 0; t < aligned.Rows; t++)
            report.CountRow(aligned[t]);
        for (int stage = 0; stage < 5; stage++)
            report.AddSeconds((AlignmentStage)stage, document.Seconds[stage]);
        report.Documents++;
        report.TargetTokens += target.Length;
        report.SourceTokens += document.Source.Length;
        report.RepairedDocuments += document.Repaired;
        report.ProjectionTies += document.Ties;
        return aligned;
    }

    public void Dispose()
    {
        foreach (GCHandle pin in _pins)
            pin.Free();
        for (int d = 0; d < _count; d++)
            _results[d].Dispose();
    }

    private NativeTokenizedDocument ViewOf(TokenizedDocument document) => new()
    {
        Ids = (int*)Pin(document.Ids),
        Indices = (int*)Pin(document.Candidates.Indices),
        Values = (double*)Pin(document.Candidates.Values),
        LogSumExp = document.LogSumExp is { } lse ? (double*)Pin(lse) : null,
        Spans = document.Spans is { } spans ? (int*)Pin(MemoryMarshal.Cast<(int, int), int>(spans).ToArray()) : null,
        Length = document.Length,
        K = document.Candidates.K,
    };

    private void* Pin(Array array)
    {
        var pin = GCHandle.Alloc(array, GCHandleType.Pinned);
        _pins.Add(pin);
        return (void*)pin.AddrOfPinnedObject();
    }

    /// <summary>One document's results, in borrowed arrays that may be longer than asked for.</summary>
    private readonly struct Results(int length, int capacity) : IDisposable
    {
        public int[] Starts { get; } = ArrayPool<int>.Shared.Rent(length + 1);

        public int[] Tokens { get; } = ArrayPool<int>.Shared.Rent(Math.Max(1, capacity));

        public double[] Values { get; } = ArrayPool<double>.Shared.Rent(Math.Max(1, capacity));

        public NativeRow[] Rows { get; } = ArrayPool<NativeRow>.Shared.Rent(length);

        /// <summary>Rows that nothing was transferred to stay empty.</summary>
        public AlignedDocument AsTheyAre(TokenizedDocument target, in AlignmentOptions options)
        {
            int entries = Starts[length];
            var provenance = new RowProvenance[length];
            for (int t = 0; t < length; t++)
                provenance[t] = Rows[t].Rule == 0 ? new RowProvenance(RowRule.None) : ProvenanceOf(Rows[t]);
            return new AlignedDocument(target.Id, options.Output, Starts[..(length + 1)], Tokens[..entries], Values[..entries], provenance);
        }

        /// <summary>Rows that nothing was transferred to hold the fallback.</summary>
        public AlignedDocument WithFallback(TokenizedDocument target, in AlignmentOptions options)
        {
            var aligned = new AlignedDocument(target.Id, options.Output, length, Starts[length] + length);
            for (int t = 0; t < length; t++)
            {
                RowProvenance row = ProvenanceOf(Rows[t]);
                if (row.Transferred)
                    aligned.AddRow(Tokens.AsSpan(Starts[t]..Starts[t + 1]), Values.AsSpan(Starts[t]..Starts[t + 1]), row);
                else
                    RowFallback.Add(aligned, target, options, row.Rule);
            }

            return aligned;
        }

        public void Dispose()
        {
            ArrayPool<int>.Shared.Return(Starts);
            ArrayPool<int>.Shared.Return(Tokens);
            ArrayPool<double>.Shared.Return(Values);
            ArrayPool<NativeRow>.Shared.Return(Rows);
        }

        private static RowProvenance ProvenanceOf(in NativeRow row) => new(
            (RowRule)row.Rule, row.SourceRow, -1, row.Missing, row.Kappa, row.Signal,
            row.TransportStatus < 0 ? null : new TransportOutcome((TransportStatus)row.TransportStatus, row.Iterations, row.MarginalError));
    }
}
