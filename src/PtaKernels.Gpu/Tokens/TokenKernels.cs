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
