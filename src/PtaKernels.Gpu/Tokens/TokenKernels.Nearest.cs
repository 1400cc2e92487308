using ILGPU;
using ILGPU.Runtime;

namespace PtaKernels.Gpu;

internal sealed partial class TokenKernels
{
    /// <summary>Nearest target token of each source token.</summary>
    /// <param name="lane">Stream and memory.</param>
    /// <param name="source">Tape of the queries.</param>
    /// <param name="sourceIds">[n] ids on it.</param>
    /// <param name="target">Tape that is searched, all of it.</param>
    /// <param name="nearest">[n] target ids, or <see cref="VocabularyMap.None"/>; ties by smallest id.</param>
    /// <param name="distance">[n] distances; 0 where there is none.</param>
    public void QueueNearest(GpuLane lane, DeviceTape source, ArrayView<int> sourceIds, DeviceTape target, ArrayView<int> nearest, ArrayView<int> distance)
    {
        if (sourceIds.Length == 0)
            return;
        ArrayView<ulong> keys = lane.Take<ulong>(sourceIds.Length);
        keys.MemSet(lane.Stream, byte.MaxValue);
        var arguments = new NearestTokenPairs.Arguments
        {
            Source = source.View,
            Target = target.View,
            Queries = sourceIds,
            TargetIds = Identity(lane, target.Count),
            Keys = keys,
        };
        device.Load<NearestTokenPairs.Arguments>(NearestTokenPairs.Listed).LaunchPerWarp(lane.Stream, sourceIds.Length, arguments);
        if (TryPlanLongPairs(lane, source, target, sourceIds.Length, out LongPlan plan))
        {
            arguments.Carry = plan.Carry;
            arguments.CarryLength = plan.CarryLength;
            device.Load<NearestTokenPairs.Arguments>(NearestTokenPairs.LongPairs).LaunchPerWarp(lane.Stream, plan.Warps, arguments);
        }

        device.Load<NearestTokenPairs.FinishArguments>(NearestTokenPairs.Finish).LaunchPerItem(
            lane.Stream, sourceIds.Length, new NearestTokenPairs.FinishArguments { Keys = keys, Nearest = nearest, Distance = distance });
    }

    private static ArrayView<int> Identity(GpuLane lane, int count) => lane.Upload<int>([.. Enumerable.Range(0, count)]);
}
