using System.Runtime.CompilerServices;
using CommunityToolkit.HighPerformance;

namespace PtaKernels.Native;

public sealed unsafe partial class NativeBackend
{
    /// <inheritdoc/>
    public KernelStatus ComputeCostMatrix(
        TokenTape source, ReadOnlySpan<int> sourceTokens, TokenTape target, ReadOnlySpan<int> targetTokens, Span2D<byte> cost)
    {
        Shapes.RequireMatrix(cost.Height, cost.Width, sourceTokens.Length, targetTokens.Length);
        using TapeLease rows = NativeTapes.Of(source), columns = NativeTapes.Of(target);
        using Lease lease = Rent();
        fixed (int* s = sourceTokens, t = targetTokens)
        fixed (byte* c = cost)
            return NativeErrors.KernelStatusOf(NativeMethods.CostMatrix(lease.Workspace, rows.Handle, s, sourceTokens.Length, columns.Handle, t, targetTokens.Length, c, StrideOf<byte>(cost)));
    }

    /// <inheritdoc/>
    public KernelStatus ComputeCostMatrix(
        TokenTape source, ReadOnlySpan<int> sourceTokens, TokenTape target, ReadOnlySpan<int> targetTokens, Span2D<ushort> cost)
    {
        Shapes.RequireMatrix(cost.Height, cost.Width, sourceTokens.Length, targetTokens.Length);
        using TapeLease rows = NativeTapes.Of(source), columns = NativeTapes.Of(target);
        using Lease lease = Rent();
        fixed (int* s = sourceTokens, t = targetTokens)
        fixed (ushort* c = cost)
            return NativeErrors.KernelStatusOf(NativeMethods.CostMatrix(lease.Workspace, rows.Handle, s, sourceTokens.Length, columns.Handle, t, targetTokens.Length, c, StrideOf<ushort>(cost)));
    }

    /// <inheritdoc/>
    public KernelStatus ComputeCostMatrices(
        TokenTape source, ReadOnlySpan<int> sourceTokens, TokenTape target, ReadOnlySpan<int> targetTokens, int rows, int columns, Span<byte> cost)
    {
        int batch = Shapes.RequireMatrices(sourceTokens.Length, targetTokens.Length, rows, columns, cost.Length);
        using TapeLease sourceTape = NativeTapes.Of(source), targetTape = NativeTapes.Of(target);
        using Lease lease = Rent();
        fixed (int* s = sourceTokens, t = targetTokens)
        fixed (byte* c = cost)
            return NativeErrors.KernelStatusOf(NativeMethods.CostMatrices(lease.Workspace, sourceTape.Handle, s, targetTape.Handle, t, batch, rows, columns, c));
    }

    /// <inheritdoc/>
    public void FindNearestTokens(TokenTape source, ReadOnlySpan<int> sourceTokens, TokenTape target, Span<int> nearest, Span<int> distance)
    {
        Shapes.RequireResults(sourceTokens.Length, nearest.Length, distance.Length);
        using TapeLease queries = NativeTapes.Of(source), searched = NativeTapes.Of(target);
        using Lease lease = Rent();
        fixed (int* s = sourceTokens, found = nearest, far = distance)
            NativeErrors.Require(NativeMethods.FindNearestTokens(lease.Workspace, queries.Handle, s, sourceTokens.Length, searched.Handle, found, far));
    }

    /// <summary>Elements from one row to the next.</summary>
    private static long StrideOf<T>(ReadOnlySpan2D<T> matrix) => matrix.Height < 2 || matrix.Width == 0
        ? matrix.Width
        : Unsafe.ByteOffset(ref matrix.DangerousGetReferenceAt(0, 0), ref matrix.DangerousGetReferenceAt(1, 0)) / Unsafe.SizeOf<T>();
}
