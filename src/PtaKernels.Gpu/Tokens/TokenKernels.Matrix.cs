using ILGPU;

namespace PtaKernels.Gpu;

internal sealed partial class TokenKernels
{
    // Below these a matrix has too few words of tokens of one length, or too few rows for what sorting costs.
    private const int LeastSlicedColumns = 2048;
    private const int LeastSlicedRows = 64;

    /// <summary>Whether large matrices and searches go bit-sliced whatever their size; for tests of small shapes.</summary>
    public bool AlwaysSlice { get; init; }

    /// <summary>One cost matrix, u8, by the kernel that suits its size. May wait for the lane.</summary>
    /// <param name="lane">Stream and memory.</param>
    /// <param name="source">Tape of the rows.</param>
    /// <param name="sourceIds">[n] ids on it.</param>
    /// <param name="target">Tape of the columns.</param>
    /// <param name="targetIds">[m] ids on it.</param>
    /// <param name="cost">[n, m]; distances over 254 become 255.</param>
    /// <param name="range">[1] becomes 1 where a distance is over 254.</param>
    public void QueueMatrix(
        GpuLane lane, TokenTape source, ReadOnlySpan<int> sourceIds, TokenTape target, ReadOnlySpan<int> targetIds, ArrayView<byte> cost, ArrayView<int> range)
    {
        DeviceTape sourceTape = Tapes.Of(source), targetTape = Tapes.Of(target);
        ArrayView<int> rows = lane.Upload(sourceIds), columns = lane.Upload(targetIds);
        var whole = new DocumentTable { SourceCount = sourceIds.Length, TargetCount = targetIds.Length };
        if (!AlwaysSlice && (sourceIds.Length < LeastSlicedRows || targetIds.Length < LeastSlicedColumns))
        {
            QueueTables(lane, sourceTape, targetTape, rows, columns, [whole], cost, range);
            return;
        }

        SlicedTokens sliced = SlicedTokens.Build(
            device, lane, new LaneMemory(lane), targetTape, columns, LengthSort.TileColumns, LengthSort.TileGroups, forMatrix: true);
        SlicedView view = sliced.View;
        view.QueryClasses = SlicedTokens.ClassesOf(device, lane, sourceTape, targetTape);
        int tiles = (targetIds.Length + LengthSort.TileColumns - 1) / LengthSort.TileColumns;
        LoadedKernel<EditDistanceSliced.Arguments> kernel = device.Load<EditDistanceSliced.Arguments>(HasLop3 ? EditDistanceSliced.Rows : EditDistanceSliced.RowsPlain);
        // Four waves of five blocks a multiprocessor, or as many as there are rows.
        int warps = kernel.Threads / 32, most = (4 * 5 * device.Accelerator.NumMultiprocessors / tiles) + 1;
        int blocks = Math.Min(most, (sourceIds.Length + warps - 1) / warps);
        kernel.Launch(lane.Stream, (long)blocks * tiles, new EditDistanceSliced.Arguments
        {
            Source = sourceTape.View,
            SourceIds = rows,
            View = view,
            Places = sliced.Places.Cast<EditDistanceSliced.PlaceQuad>(),
            WordStores = targetIds.Length % 4 == 0 ? 1 : 0,
            Tiles = tiles,
            Columns = targetIds.Length,
            Cost = cost,
        });
        QueueRest(lane, source, sourceIds, rows, target, targetIds, columns, cost, range);
        QueueLongTables(lane, sourceTape, targetTape, rows, columns, lane.Upload<DocumentTable>([whole]), sourceIds.Length, cost, range, EditDistanceLong.TableBytes);
    }

    /// <summary>Rows and columns that are not bit-sliced: special tokens, empty and long ones.</summary>
    private void QueueRest(
        GpuLane lane, TokenTape source, ReadOnlySpan<int> sourceIds, ArrayView<int> rows, TokenTape target, ReadOnlySpan<int> targetIds, ArrayView<int> columns,
        ArrayView<byte> cost, ArrayView<int> range)
    {
        List<int> rowList = [], columnList = [];
        for (int i = 0; i < sourceIds.Length; i++)
        {
            if (!SlicedWalk.Takes(EntryOf(source, sourceIds[i])))
                rowList.Add(i);
        }

        for (int j = 0; j < targetIds.Length; j++)
        {
            if (!LengthSort.HasSlot(EntryOf(target, targetIds[j]), withHoles: 1))
                columnList.Add(j);
        }

        var arguments = new EditDistanceSliced.RestArguments
        {
            Source = Tapes.Of(source).View,
            Target = Tapes.Of(target).View,
            SourceIds = rows,
            TargetIds = columns,
            AllRows = 1,
            RowList = lane.Upload<int>([.. rowList]),
            ColumnList = lane.Upload<int>([.. columnList]),
            Cost = cost,
            Range = range,
        };
        LoadedKernel<EditDistanceSliced.RestArguments> kernel = device.Load<EditDistanceSliced.RestArguments>(EditDistanceSliced.Rest);
        kernel.LaunchPerItem(lane.Stream, (long)sourceIds.Length * columnList.Count, arguments);
        arguments.AllRows = 0;
        kernel.LaunchPerItem(lane.Stream, (long)rowList.Count * targetIds.Length, arguments);
    }

    private static TokenEntry EntryOf(TokenTape tape, int id) => new() { Length = tape.Offsets[id + 1] - tape.Offsets[id], Roles = (int)tape.RolesOf(id) };
}
