using System.Runtime.InteropServices;
using ILGPU;

namespace PtaKernels.Gpu;

/// <summary>Edit distances and nearest tokens on one device. Everything is queued on the lane's stream; nothing here waits for it. Thread-safe.</summary>
/// <remarks>
/// What is queued reads the tapes: keep them reachable until the lane is synchronised. Ids are not checked here: each must lie on its tape, or be -1 where
/// a method says so.
/// </remarks>
internal sealed partial class TokenKernels(GpuDevice device)
{
    // Scratch of long pairs: as many warps as keep within it, at most those that a large device holds at once.
    private const long LargestCarry = 64L << 20;
    private const int MostLongWarps = 2048;

    private readonly Lazy<bool> _hasLop3 = new(() => !device.IsEmulator && AgreesWithItsTwin(device), LazyThreadSafetyMode.PublicationOnly);

    /// <summary>The tapes on the device.</summary>
    public DeviceTapes Tapes { get; } = new(device);

    /// <summary>The device.</summary>
    public GpuDevice Device => device;

    /// <summary>Cost matrices between the distinct tokens of documents, u8.</summary>
    /// <param name="lane">Stream and memory.</param>
    /// <param name="source">Tape of the rows.</param>
    /// <param name="target">Tape of the columns.</param>
    /// <param name="sourceIds">Ids on the source tape; document d has <c>[SourceStart .. + SourceCount]</c>.</param>
    /// <param name="targetIds">Ids on the target tape; document d has <c>[TargetStart .. + TargetCount]</c>.</param>
    /// <param name="documents">The tables; they are copied.</param>
    /// <param name="cost">Row-major tables from their <c>CostStart</c>, rows of <c>TargetCount</c>; distances over 254 become 255.</param>
    /// <param name="range">[documents] becomes 1 where a distance is over 254, else stays as it is.</param>
    public void QueueTables(
        GpuLane lane, DeviceTape source, DeviceTape target, ArrayView<int> sourceIds, ArrayView<int> targetIds, ReadOnlySpan<DocumentTable> documents,
        ArrayView<byte> cost, ArrayView<int> range) =>
        QueueTables(lane, source, target, sourceIds, targetIds, documents, cost, range, EditDistanceTables.Bytes, EditDistanceLong.TableBytes);

    /// <summary>The same, u16: distances over 65,534 become 65,535.</summary>
    /// <inheritdoc cref="QueueTables(GpuLane, DeviceTape, DeviceTape, ArrayView{int}, ArrayView{int}, ReadOnlySpan{DocumentTable}, ArrayView{byte}, ArrayView{int})"/>
    public void QueueTables(
        GpuLane lane, DeviceTape source, DeviceTape target, ArrayView<int> sourceIds, ArrayView<int> targetIds, ReadOnlySpan<DocumentTable> documents,
        ArrayView<ushort> cost, ArrayView<int> range) =>
        QueueTables(lane, source, target, sourceIds, targetIds, documents, cost, range, EditDistanceTables.Words, EditDistanceLong.TableWords);

    /// <summary>Many small cost matrices of one shape, u8.</summary>
    /// <param name="lane">Stream and memory.</param>
    /// <param name="source">Tape of the rows.</param>
    /// <param name="sourceIds">[batch, n] ids, -1 for an empty slot.</param>
    /// <param name="target">Tape of the columns.</param>
    /// <param name="targetIds">[batch, m] ids, -1 for an empty slot.</param>
    /// <param name="batch">Problems; batch * n is below 2^31.</param>
    /// <param name="n">Rows, at least 1.</param>
    /// <param name="m">Columns, at least 1.</param>
    /// <param name="cost">[batch, n, m]; 0 beside an empty slot, 255 for distances over 254.</param>
    /// <param name="range">[batch] becomes 1 where a distance is over 254, else stays as it is.</param>
    public void QueueBlocks(
        GpuLane lane, DeviceTape source, ArrayView<int> sourceIds, DeviceTape target, ArrayView<int> targetIds, int batch, int n, int m,
        ArrayView<byte> cost, ArrayView<int> range)
    {
        long entries = (long)batch * n * m;
        if (entries == 0)
            return;
        var arguments = new EditDistanceBlocks.Arguments
        {
            Source = source.View,
            Target = target.View,
            SourceIds = sourceIds.SubView(0, (long)batch * n),
            TargetIds = targetIds.SubView(0, (long)batch * m),
            Rows = n,
            Columns = m,
            Cost = cost.SubView(0, entries),
            Range = range,
        };
        device.Load<EditDistanceBlocks.Arguments>(EditDistanceBlocks.Bytes).LaunchPerItem(lane.Stream, entries, arguments);
        if (TryPlanLongPairs(lane, source, target, (long)batch * n, out LongPlan plan))
        {
            arguments.Carry = plan.Carry;
            arguments.CarryLength = plan.CarryLength;
            device.Load<EditDistanceBlocks.Arguments>(EditDistanceBlocks.LongPairs).LaunchPerWarp(lane.Stream, plan.Warps, arguments);
        }
    }

    private void QueueTables<T>(
        GpuLane lane, DeviceTape source, DeviceTape target, ArrayView<int> sourceIds, ArrayView<int> targetIds, ReadOnlySpan<DocumentTable> documents,
        ArrayView<T> cost, ArrayView<int> range, Action<EditDistanceTables.Arguments<T>> kernel, Action<EditDistanceLong.Arguments<T>> longKernel)
        where T : unmanaged
    {
        var firstRows = new int[documents.Length];
        int rows = 0, columns = 0;
        for (int d = 0; d < documents.Length; d++)
        {
            firstRows[d] = rows;
            rows = checked(rows + documents[d].SourceCount);
            columns = Math.Max(columns, documents[d].TargetCount);
        }

        if (rows == 0 || columns == 0)
            return;
        ArrayView<DocumentTable> tables = lane.Upload(documents);
        int pieces = (columns + EditDistanceTables.PieceColumns - 1) / EditDistanceTables.PieceColumns;
        device.Load(kernel).LaunchPerWarp(lane.Stream, (long)rows * pieces, new EditDistanceTables.Arguments<T>
        {
            Source = source.View,
            Target = target.View,
            SourceIds = sourceIds,
            TargetIds = targetIds,
            Documents = tables,
            FirstRows = lane.Upload<int>(firstRows),
            Rows = rows,
            Pieces = pieces,
            Cost = cost,
            Range = range,
        });
        QueueLongTables(lane, source, target, sourceIds, targetIds, tables, rows, cost, range, longKernel);
    }

    private void QueueLongTables<T>(
        GpuLane lane, DeviceTape source, DeviceTape target, ArrayView<int> sourceIds, ArrayView<int> targetIds, ArrayView<DocumentTable> tables, int rows,
        ArrayView<T> cost, ArrayView<int> range, Action<EditDistanceLong.Arguments<T>> kernel)
        where T : unmanaged
    {
        if (!TryPlanLongPairs(lane, source, target, rows, out LongPlan plan))
            return;
        device.Load(kernel).LaunchPerWarp(lane.Stream, plan.Warps, new EditDistanceLong.Arguments<T>
        {
            Source = source.View,
            Target = target.View,
            SourceIds = sourceIds,
            TargetIds = targetIds,
            Documents = tables,
            Cost = cost,
            Range = range,
            Carry = plan.Carry,
            CarryLength = plan.CarryLength,
        });
    }

    /// <summary>Warps and scratch for pairs of two long tokens; false where the tapes have none.</summary>
    private static bool TryPlanLongPairs(GpuLane lane, DeviceTape source, DeviceTape target, long rows, out LongPlan plan)
    {
        plan = default;
        int shorter = Math.Min(source.LongestToken, target.LongestToken), longer = Math.Max(source.LongestToken, target.LongestToken);
        if (shorter <= EditDistancePair.LongestPattern)
            return false;
        // Warps come in blocks of several; each needs its own scratch, so the count is rounded up here.
        long warps = Math.Min(MostLongWarps, (rows + 7) / 8 * 8), carry = 0;
        if (shorter > EditDistanceLong.StripRows)
        {
            carry = longer;
            warps = Math.Min(warps, Math.Max(8, LargestCarry / carry / 8 * 8));
        }

        plan = new LongPlan((int)warps, lane.Take<byte>(warps * carry), carry);
        return true;
    }

    /// <summary>Whether bit-sliced cells go by written-out instructions: on CUDA, after 65,536 cells agreed with their twins in C#.</summary>
    private bool HasLop3 => _hasLop3.Value;

    private static bool AgreesWithItsTwin(GpuDevice device)
    {
        const int cells = 65_536;
        using GpuLane lane = device.Rent();
        uint[] inputs = new uint[5 * cells], different = new uint[1];
        new Random(5).NextBytes(MemoryMarshal.AsBytes(inputs.AsSpan()));
        ArrayView<uint> result = lane.TakeZeroed<uint>(1);
        device.Load<SlicedProbe.Arguments>(SlicedProbe.Compare).LaunchPerItem(
            lane.Stream, cells, new SlicedProbe.Arguments { Inputs = lane.Upload<uint>(inputs), Different = result });
        lane.Download(result, different);
        if (different[0] != 0)
            device.AddNotice("the bit-sliced distances of this device differ from those of its plain code, so the plain code is used; please report the device and the driver.");
        return different[0] == 0;
    }

    private readonly record struct LongPlan(int Warps, ArrayView<byte> Carry, long CarryLength);
}
