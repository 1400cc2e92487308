using CommunityToolkit.HighPerformance;
using CommunityToolkit.HighPerformance.Buffers;
using ILGPU;

namespace PtaKernels.Gpu;

public sealed partial class GpuBackend
{
    private TokenKernels? _tokens;

    /// <summary>Token kernels and tapes of the device.</summary>
    internal TokenKernels Tokens => LazyInitializer.EnsureInitialized(ref _tokens, () => new TokenKernels(Device));

    /// <inheritdoc/>
    public KernelStatus ComputeCostMatrix(
        TokenTape source, ReadOnlySpan<int> sourceTokens, TokenTape target, ReadOnlySpan<int> targetTokens, Span2D<byte> cost)
    {
        Shapes.RequireMatrix(cost.Height, cost.Width, sourceTokens.Length, targetTokens.Length);
        RequireOnTape(source, sourceTokens, nameof(source));
        RequireOnTape(target, targetTokens, nameof(target));
        if (cost.Length == 0)
            return KernelStatus.Ok;
        using GpuLane lane = Device.Rent();
        ArrayView<byte> costs = lane.Take<byte>(cost.Length);
        ArrayView<int> range = lane.TakeZeroed<int>(1);
        Tokens.QueueMatrix(lane, source, sourceTokens, target, targetTokens, costs, range);
        Download(lane, costs, cost);
        return Finish(lane, range, source, target);
    }

    /// <inheritdoc/>
    public KernelStatus ComputeCostMatrix(
        TokenTape source, ReadOnlySpan<int> sourceTokens, TokenTape target, ReadOnlySpan<int> targetTokens, Span2D<ushort> cost)
    {
        Shapes.RequireMatrix(cost.Height, cost.Width, sourceTokens.Length, targetTokens.Length);
        RequireOnTape(source, sourceTokens, nameof(source));
        RequireOnTape(target, targetTokens, nameof(target));
        if (cost.Length == 0)
            return KernelStatus.Ok;
        using GpuLane lane = Device.Rent();
        ArrayView<ushort> costs = lane.Take<ushort>(cost.Length);
        ArrayView<int> range = lane.TakeZeroed<int>(1);
        Tokens.QueueTables(lane, Tokens.Tapes.Of(source), Tokens.Tapes.Of(target), lane.Upload(sourceTokens), lane.Upload(targetTokens),
            [new DocumentTable { SourceCount = cost.Height, TargetCount = cost.Width }], costs, range);
        Download(lane, costs, cost);
        return Finish(lane, range, source, target);
    }

    /// <inheritdoc/>
    public KernelStatus ComputeCostMatrices(
        TokenTape source, ReadOnlySpan<int> sourceTokens, TokenTape target, ReadOnlySpan<int> targetTokens, int rows, int columns, Span<byte> cost)
    {
        int batch = Shapes.RequireMatrices(sourceTokens.Length, targetTokens.Length, rows, columns, cost.Length);
        RequireOnTape(source, sourceTokens, nameof(source));
        RequireOnTape(target, targetTokens, nameof(target));
        if (batch == 0)
            return KernelStatus.Ok;
        using GpuLane lane = Device.Rent();
        ArrayView<byte> costs = lane.Take<byte>(cost.Length);
        ArrayView<int> range = lane.TakeZeroed<int>(batch);
        Tokens.QueueBlocks(lane, Tokens.Tapes.Of(source), lane.Upload(sourceTokens), Tokens.Tapes.Of(target), lane.Upload(targetTokens), batch, rows, columns, costs, range);
        lane.Download(costs, cost);
        return Finish(lane, range, source, target);
    }

    /// <inheritdoc/>
    public void FindNearestTokens(TokenTape source, ReadOnlySpan<int> sourceTokens, TokenTape target, Span<int> nearest, Span<int> distance)
    {
        Shapes.RequireResults(sourceTokens.Length, nearest.Length, distance.Length);
        RequireOnTape(source, sourceTokens, nameof(source));
        if (sourceTokens.IsEmpty)
            return;
        using GpuLane lane = Device.Rent();
        ArrayView<int> nearestOnDevice = lane.Take<int>(sourceTokens.Length), distanceOnDevice = lane.Take<int>(sourceTokens.Length);
        Tokens.QueueNearest(lane, Tokens.Tapes.Of(source), lane.Upload(sourceTokens), Tokens.Tapes.Of(target), nearestOnDevice, distanceOnDevice);
        lane.Download(nearestOnDevice, nearest);
        lane.Download(distanceOnDevice, distance);
        GC.KeepAlive(source);
        GC.KeepAlive(target);
    }

    private static void Download<T>(GpuLane lane, ArrayView<T> costs, Span2D<T> destination)
        where T : unmanaged
    {
        if (destination.TryGetSpan(out Span<T> whole))
        {
            lane.Download(costs, whole);
            return;
        }

        using SpanOwner<T> dense = SpanOwner<T>.Allocate(checked((int)costs.Length));
        lane.Download(costs, dense.Span);
        for (int i = 0; i < destination.Height; i++)
            dense.Span.Slice(i * destination.Width, destination.Width).CopyTo(destination.GetRowSpan(i));
    }

    /// <summary>Reads the range flags; the tapes are in use until then.</summary>
    private static KernelStatus Finish(GpuLane lane, ArrayView<int> range, TokenTape source, TokenTape target)
    {
        using SpanOwner<int> flags = SpanOwner<int>.Allocate(checked((int)range.Length));
        lane.Download(range, flags.Span);
        GC.KeepAlive(source);
        GC.KeepAlive(target);
        return flags.Span.ContainsAnyExcept(0) ? KernelStatus.Range : KernelStatus.Ok;
    }

    private static void RequireOnTape(TokenTape tape, ReadOnlySpan<int> tokens, string side)
    {
        foreach (int token in tokens)
        {
            if ((uint)token >= (uint)tape.Count)
                throw new ArgumentException($"The {side} id {token} lies off its tape of {tape.Count} tokens.");
        }
    }
}
