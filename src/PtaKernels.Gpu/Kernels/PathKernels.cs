using ILGPU;

namespace PtaKernels.Gpu;

/// <summary>Queues the alignment paths of a batch of documents: expanded costs, tables, walks back.</summary>
/// <remarks>Sums are tried in 16 bits; a document whose total needs more is done again in 32 or 64, which the device finds out itself.</remarks>
/// <param name="device">Where.</param>
/// <param name="narrowest">The cells to begin with; wider ones than needed only cost time.</param>
/// <param name="bands">Tries a part of the table first where a document of 8-bit costs is large enough; null: whole tables only.</param>
internal sealed class PathKernels(GpuDevice device, PathKernels.Width narrowest = PathKernels.Width.Packed, BandKernels? bands = null)
{
    private readonly Lazy<LoadedKernel<WavefrontExpand.Arguments<byte>>> _expandBytes = new(() => device.Load<WavefrontExpand.Arguments<byte>>(WavefrontExpand.Bytes));
    private readonly Lazy<LoadedKernel<WavefrontExpand.Arguments<ushort>>> _expandShorts = new(() => device.Load<WavefrontExpand.Arguments<ushort>>(WavefrontExpand.Shorts));
    private readonly Lazy<LoadedKernel<WavefrontArguments<uint>>> _packed = new(() => SelfTest.Of(device).PackedCells
        ? device.Load<WavefrontArguments<uint>>(WavefrontKernel.Packed)
        : device.Load<WavefrontArguments<uint>>(WavefrontKernel.Twin));

    private readonly Lazy<LoadedKernel<WavefrontArguments<IntPair>>> _int = new(() => device.Load<WavefrontArguments<IntPair>>(WavefrontKernel.Int));
    private readonly Lazy<LoadedKernel<WavefrontArguments<LongPair>>> _long = new(() => device.Load<WavefrontArguments<LongPair>>(WavefrontKernel.Long));
    private readonly Lazy<LoadedKernel<WavefrontArguments<IntPair>>> _shortInt = new(() => device.Load<WavefrontArguments<IntPair>>(WavefrontKernel.ShortInt));
    private readonly Lazy<LoadedKernel<WavefrontArguments<LongPair>>> _shortLong = new(() => device.Load<WavefrontArguments<LongPair>>(WavefrontKernel.ShortLong));
    private readonly Lazy<LoadedKernel<WavefrontTraceback.Arguments>> _walk = new(() => device.Load<WavefrontTraceback.Arguments>(WavefrontTraceback.Walk));

    /// <summary>Bits of a cell.</summary>
    internal enum Width
    {
        /// <summary>16, two in a register; 8-bit costs only.</summary>
        Packed,

        /// <summary>32.</summary>
        Int,

        /// <summary>64.</summary>
        Long,
    }

    /// <summary>Device memory that <see cref="QueuePaths(GpuLane, ReadOnlySpan{DocumentPath}, ArrayView{int}, ArrayView{int}, ArrayView{byte}, ArrayView{int}, ArrayView{int}, ArrayView{long})"/> takes for a document.</summary>
    public static long BytesFor(in DocumentPath document) => Sizes.Of(document, parts: 1).Bytes + BandKernels.BytesFor(document);

    /// <summary>Queues the paths of a batch on the lane's stream. Nothing is waited for but the upload of the plan; device memory comes from the lane.</summary>
    /// <param name="lane">The stream and the memory.</param>
    /// <param name="documents">The documents.</param>
    /// <param name="sourceRows">Row of its document's table for each source position.</param>
    /// <param name="targetColumns">Column of its document's table for each target position.</param>
    /// <param name="cost">The tables, row-major with a stride of <see cref="DocumentPath.TableColumns"/>.</param>
    /// <param name="first">Receives for each target position the first source position paired with it, counted from its document's start.</param>
    /// <param name="last">Receives the last one.</param>
    /// <param name="total">[documents] receives the sums of the costs along the paths.</param>
    /// <returns>What becomes of the documents whose table is tried in part.</returns>
    /// <exception cref="GpuException">The device is full.</exception>
    public ArrayView<BandOutcome> QueuePaths(
        GpuLane lane,
        ReadOnlySpan<DocumentPath> documents,
        ArrayView<int> sourceRows,
        ArrayView<int> targetColumns,
        ArrayView<byte> cost,
        ArrayView<int> first,
        ArrayView<int> last,
        ArrayView<long> total)
    {
        if (documents.IsEmpty)
            return ArrayView<BandOutcome>.Empty;
        long longest = LongestPath(documents) * byte.MaxValue;
        PathPlan[] plans = Plan(documents, parts: 1, out Sizes all);
        Memory memory = Take(lane, plans, all, longest);
        _expandBytes.Value.Launch(lane.Stream, documents.Length, new WavefrontExpand.Arguments<byte>
        {
            Plans = memory.Plans,
            Table = cost,
            SourceRows = sourceRows,
            TargetColumns = targetColumns,
            Words = memory.Words,
            Costs = memory.Costs,
            Rows = memory.Rows,
            Totals = total,
        });
        // Where the part is enough the whole table's kernels find the total and leave at once.
        ArrayView<BandOutcome> outcomes = bands is null || narrowest == Width.Long
            ? ArrayView<BandOutcome>.Empty
            : bands.Queue(lane, plans, narrowest == Width.Packed, memory.Words, sourceRows, targetColumns, memory.Arguments<uint>(total), memory.Arguments<IntPair>(total));
        if (narrowest == Width.Packed)
            _packed.Value.Launch(lane.Stream, documents.Length, memory.Arguments<uint>(total));
        if (narrowest == Width.Int || (narrowest < Width.Int && longest >= PackedCell.Limit))
            _int.Value.Launch(lane.Stream, documents.Length, memory.Arguments<IntPair>(total));
        if (narrowest == Width.Long || longest >= IntCell.Limit)
            _long.Value.Launch(lane.Stream, documents.Length, memory.Arguments<LongPair>(total));
        Walk(lane, documents.Length, memory, first, last);
        return outcomes;
    }

    /// <summary>The same for 16-bit costs, always from whole tables.</summary>
    /// <inheritdoc cref="QueuePaths(GpuLane, ReadOnlySpan{DocumentPath}, ArrayView{int}, ArrayView{int}, ArrayView{byte}, ArrayView{int}, ArrayView{int}, ArrayView{long})"/>
    public void QueuePaths(
        GpuLane lane,
        ReadOnlySpan<DocumentPath> documents,
        ArrayView<int> sourceRows,
        ArrayView<int> targetColumns,
        ArrayView<ushort> cost,
        ArrayView<int> first,
        ArrayView<int> last,
        ArrayView<long> total)
    {
        if (documents.IsEmpty)
            return;
        long longest = LongestPath(documents) * ushort.MaxValue;
        PathPlan[] plans = Plan(documents, parts: 2, out Sizes all);
        Memory memory = Take(lane, plans, all, longest);
        _expandShorts.Value.Launch(lane.Stream, documents.Length, new WavefrontExpand.Arguments<ushort>
        {
            Plans = memory.Plans,
            Table = cost,
            SourceRows = sourceRows,
            TargetColumns = targetColumns,
            Costs = memory.Costs,
            Rows = memory.Rows,
            Totals = total,
        });
        if (narrowest <= Width.Int)
            _shortInt.Value.Launch(lane.Stream, documents.Length, memory.Arguments<IntPair>(total));
        if (narrowest == Width.Long || longest >= IntCell.Limit)
            _shortLong.Value.Launch(lane.Stream, documents.Length, memory.Arguments<LongPair>(total));
        Walk(lane, documents.Length, memory, first, last);
    }

    private static long LongestPath(ReadOnlySpan<DocumentPath> documents)
    {
        long longest = 0;
        foreach (ref readonly DocumentPath document in documents)
            longest = Math.Max(longest, (long)document.SourceLength + document.TargetLength - 1);
        return longest;
    }

    private static PathPlan[] Plan(ReadOnlySpan<DocumentPath> documents, int parts, out Sizes all)
    {
        var plans = new PathPlan[documents.Length];
        all = default;
        for (int d = 0; d < plans.Length; d++)
        {
            Sizes sizes = Sizes.Of(documents[d], parts);
            if (sizes.Costs > int.MaxValue)
                throw new GpuException("a document's expanded costs are over 32 GiB; it is too long for the device.") { OutOfMemory = true };
            plans[d] = new PathPlan
            {
                Document = documents[d], Index = d, Words = checked((int)all.Words), Costs = all.Costs, Rows = checked((int)all.Rows), Directions = all.Directions, Border = checked((int)all.Border),
            };
            all.Add(sizes);
        }

        // The longest first, so that no warp starts a long document when the others are done.
        Array.Sort(plans, static (a, b) => ((long)b.Strips * b.Document.SourceLength).CompareTo((long)a.Strips * a.Document.SourceLength));
        return plans;
    }

    private Memory Take(GpuLane lane, PathPlan[] plans, in Sizes all, long longest)
    {
        int borderBytes = narrowest == Width.Long || longest >= IntCell.Limit ? 16 : 8;
        return new Memory(
            lane.Upload<PathPlan>(plans), lane.Take<uint>(all.Words), lane.Take<CostVector>(all.Costs), lane.Take<int>(all.Rows), lane.Take<uint>(all.Directions), lane.Take<byte>(all.Border * borderBytes));
    }

    private void Walk(GpuLane lane, int documents, Memory memory, ArrayView<int> first, ArrayView<int> last) =>
        _walk.Value.Launch(lane.Stream, documents, new WavefrontTraceback.Arguments { Plans = memory.Plans, Directions = memory.Directions, First = first, Last = last });

    /// <summary>Device memory of a document or a batch, in elements.</summary>
    private struct Sizes
    {
        public long Words;
        public long Costs;
        public long Rows;
        public long Directions;
        public long Border;

        public readonly long Bytes => (Words * 4) + (Costs * 16) + (Rows * 4) + (Directions * 4) + (Border * 8) + Interop.SizeOf<PathPlan>();

        public static Sizes Of(in DocumentPath document, int parts)
        {
            int strips = (int)(((long)document.TargetLength + WavefrontKernel.StripColumns - 1) / WavefrontKernel.StripColumns);
            long steps = (long)document.SourceLength + WavefrontKernel.ExtraSteps;
            long quads = ((long)document.TableRows + 3) / 4;
            return new Sizes
            {
                Words = parts == 1 ? quads * document.TableColumns : 0,
                Costs = quads * 4 * strips * 32 * parts,
                Rows = (long)document.SourceLength + WavefrontKernel.RowsBefore + WavefrontKernel.RowsAfter,
                Directions = strips * steps * 32,
                Border = strips > 1 ? steps + 32 : 0,
            };
        }

        public void Add(in Sizes other)
        {
            Words += other.Words;
            Costs += other.Costs;
            Rows += other.Rows;
            Directions += other.Directions;
            Border += other.Border;
        }
    }

    private readonly record struct Memory(
        ArrayView<PathPlan> Plans, ArrayView<uint> Words, ArrayView<CostVector> Costs, ArrayView<int> Rows, ArrayView<uint> Directions, ArrayView<byte> Border)
    {
        public WavefrontArguments<TValue> Arguments<TValue>(ArrayView<long> total)
            where TValue : unmanaged => new()
            {
                Plans = Plans,
                Costs = Costs,
                Rows = Rows,
                Directions = Directions,
                Border = Border.Cast<TValue>(),
                Totals = total,
            };
    }
}
