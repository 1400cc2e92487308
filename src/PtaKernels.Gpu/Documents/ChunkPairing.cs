using ILGPU;
using PtaKernels.Rules;

namespace PtaKernels.Gpu;

/// <summary>Pairs the tokens of a chunk's documents on the device: tables of costs between distinct tokens, then cheapest paths.</summary>
internal sealed class ChunkPairing
{
    private readonly DocumentChunk _chunk;
    private readonly Staged<int> _first, _last, _range;

    /// <summary>Queues everything; the pairings may be read after the lane is synchronised.</summary>
    /// <param name="backend">The kernels.</param>
    /// <param name="lane">The chunk's lane.</param>
    /// <param name="chunk">The chunk.</param>
    /// <param name="sourceTape">Tape of the source's tokens.</param>
    /// <param name="targetTape">Tape of the target's.</param>
    /// <param name="refused">[documents] documents that take no part: their ids may lie off the tapes.</param>
    public ChunkPairing(GpuBackend backend, GpuLane lane, DocumentChunk chunk, TokenTape sourceTape, TokenTape targetTape, bool[] refused)
    {
        _chunk = chunk;
        int count = chunk.Documents.Count;
        var source = new DistinctTokens(lane, chunk.Source.Count, sourceTape.Count);
        var target = new DistinctTokens(lane, chunk.Target.Count, targetTape.Count);
        var tables = new List<DocumentTable>(count);
        var paths = new List<DocumentPath>(count);
        long cells = 0;
        for (int d = 0; d < count; d++)
        {
            if (refused[d])
                continue;
            (int sourceStart, int rows) = source.Add(chunk.Documents[d].Source.Ids, chunk.Source.Starts[d]);
            (int targetStart, int columns) = target.Add(chunk.Documents[d].Target.Ids, chunk.Target.Starts[d]);
            tables.Add(new DocumentTable { SourceStart = sourceStart, SourceCount = rows, TargetStart = targetStart, TargetCount = columns, CostStart = cells });
            paths.Add(new DocumentPath
            {
                SourceStart = chunk.Source.Starts[d],
                SourceLength = chunk.Documents[d].Source.Length,
                TargetStart = chunk.Target.Starts[d],
                TargetLength = chunk.Documents[d].Target.Length,
                TableRows = rows,
                TableColumns = columns,
                CostStart = cells,
            });
            cells += (long)rows * columns;
        }

        Tables = tables;
        DocumentOfTable = [.. Enumerable.Range(0, count).Where(d => !refused[d])];
        ArrayView<byte> cost = lane.Take<byte>(cells);
        ArrayView<int> range = lane.TakeZeroed<int>(tables.Count), first = lane.Take<int>(chunk.Target.Count), last = lane.Take<int>(chunk.Target.Count);
        ArrayView<long> total = lane.Take<long>(tables.Count);
        backend.Tokens.QueueTables(
            lane, backend.Tokens.Tapes.Of(sourceTape), backend.Tokens.Tapes.Of(targetTape), source.SendDistinct(), target.SendDistinct(),
            System.Runtime.InteropServices.CollectionsMarshal.AsSpan(tables), cost, range);
        backend.Paths.QueuePaths(
            lane, System.Runtime.InteropServices.CollectionsMarshal.AsSpan(paths), source.SendPositions(), target.SendPositions(), cost, first, last, total);
        _range = lane.Receive(range);
        _first = lane.Receive(first);
        _last = lane.Receive(last);
    }

    private List<DocumentTable> Tables { get; }

    private int[] DocumentOfTable { get; }

    /// <summary>Documents with a distance over 254, whose tables are no good.</summary>
    public IEnumerable<int> TooFar => Enumerable.Range(0, Tables.Count).Where(t => _range.Span[t] != 0).Select(t => DocumentOfTable[t]);

    /// <summary>The pairing of one document.</summary>
    public TokenPairing Of(int document)
    {
        int start = _chunk.Target.Starts[document], length = _chunk.Documents[document].Target.Length;
        return new TokenPairing(_first.Span.Slice(start, length), _last.Span.Slice(start, length));
    }

    /// <summary>Device bytes that one document's pairing takes, so that a chunk can be sized.</summary>
    public static long BytesFor(DocumentPair document)
    {
        // Every token distinct is the worst case.
        long rows = document.Source.Length, columns = document.Target.Length;
        return (rows * columns) + PathKernels.BytesFor(new DocumentPath
        {
            SourceLength = (int)rows, TargetLength = (int)columns, TableRows = (int)rows, TableColumns = (int)columns,
        });
    }

    /// <summary>Distinct ids of one document after the other, and each position's index among its own document's.</summary>
    private sealed class DistinctTokens(GpuLane lane, int positions, int vocabulary)
    {
        private readonly Staged<int> _distinct = lane.Stage<int>(positions), _positions = lane.Stage<int>(positions);
        private readonly int[] _index = new int[vocabulary], _seen = new int[vocabulary];
        private int _count, _documents;

        public (int Start, int Count) Add(int[] ids, int position)
        {
            int start = _count, mark = ++_documents;
            Span<int> distinct = _distinct.Span, at = _positions.Span[position..];
            for (int i = 0; i < ids.Length; i++)
            {
                int id = ids[i];
                if (_seen[id] != mark)
                {
                    _seen[id] = mark;
                    _index[id] = _count - start;
                    distinct[_count++] = id;
                }

                at[i] = _index[id];
            }

            return (start, _count - start);
        }

        public ArrayView<int> SendDistinct() => _count == 0 ? ArrayView<int>.Empty : lane.Send(new Staged<int>(_distinct.View.SubView(0, _count)));

        public ArrayView<int> SendPositions() => lane.Send(_positions);
    }
}
