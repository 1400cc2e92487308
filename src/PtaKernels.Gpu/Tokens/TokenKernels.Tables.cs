using ILGPU;

namespace PtaKernels.Gpu;

internal sealed partial class TokenKernels
{
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
        ArrayView<byte> cost, ArrayView<int> range)
    {
        int[] firstBlocks = new int[documents.Length], firstColumns = new int[documents.Length];
        int rows = 0, columns = 0, blocks = 0;
        for (int d = 0; d < documents.Length; d++)
        {
            (firstBlocks[d], firstColumns[d]) = (blocks, columns);
            rows = checked(rows + documents[d].SourceCount);
            columns = checked(columns + documents[d].TargetCount);
            blocks = checked(blocks + EditDistancePacked.BlocksFor(documents[d].SourceCount, documents[d].TargetCount));
        }

        if (blocks == 0)
            return;
        ArrayView<DocumentTable> tables = lane.Upload(documents);
        ArrayView<int> columnsBefore = lane.Upload<int>(firstColumns), order = lane.Take<int>(columns);
        ArrayView<ClassCounts> counts = lane.Take<ClassCounts>(documents.Length);
        device.Load<ColumnClasses.Arguments>(ColumnClasses.Sort).Launch(lane.Stream, documents.Length, new ColumnClasses.Arguments
        {
            Target = target.View,
            TargetIds = targetIds,
            Documents = tables,
            FirstColumns = columnsBefore,
            Order = order,
            Counts = counts,
        });
        var arguments = new EditDistancePacked.Arguments
        {
            Source = source.View,
            Target = target.View,
            SourceIds = sourceIds,
            TargetIds = targetIds,
            Documents = tables,
            FirstBlocks = lane.Upload<int>(firstBlocks),
            FirstColumns = columnsBefore,
            Order = order,
            Counts = counts,
            Left = lane.TakeZeroed<byte>(blocks),
            Cost = cost,
            Range = range,
        };
        device.Load<EditDistancePacked.Arguments>(EditDistancePacked.Bytes).Launch(lane.Stream, blocks, arguments);
        device.Load<EditDistancePacked.Arguments>(EditDistancePacked.Rest).Launch(lane.Stream, blocks, arguments);
        QueueLongTables(lane, source, target, sourceIds, targetIds, tables, rows, cost, range, EditDistanceLong.TableBytes);
    }

    /// <summary>The same, u16: distances over 65,534 become 65,535.</summary>
    /// <inheritdoc cref="QueueTables(GpuLane, DeviceTape, DeviceTape, ArrayView{int}, ArrayView{int}, ReadOnlySpan{DocumentTable}, ArrayView{byte}, ArrayView{int})"/>
    public void QueueTables(
        GpuLane lane, DeviceTape source, DeviceTape target, ArrayView<int> sourceIds, ArrayView<int> targetIds, ReadOnlySpan<DocumentTable> documents,
        ArrayView<ushort> cost, ArrayView<int> range)
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
        device.Load<EditDistanceTables.Arguments>(EditDistanceTables.Words).LaunchPerWarp(lane.Stream, (long)rows * pieces, new EditDistanceTables.Arguments
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
        QueueLongTables(lane, source, target, sourceIds, targetIds, tables, rows, cost, range, EditDistanceLong.TableWords);
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
}
