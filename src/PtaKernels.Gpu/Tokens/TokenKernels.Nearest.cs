using ILGPU;
using ILGPU.Runtime;

namespace PtaKernels.Gpu;

internal sealed partial class TokenKernels
{
    // Fewer pairs than this are found sooner than a tape is sorted, unless it is already.
    private const long LeastSlicedPairs = 1L << 22;

    /// <summary>Nearest target token of each source token.</summary>
    /// <remarks>The first large search of a tape sorts it and waits for that; later ones are only queued.</remarks>
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
        var arguments = new NearestTokenPairs.Arguments { Source = source.View, Target = target.View, Queries = sourceIds, Keys = keys };
        LoadedKernel<NearestTokenPairs.Arguments> listed = device.Load<NearestTokenPairs.Arguments>(NearestTokenPairs.Listed);
        bool sliced = target is not ExtendedTape && (AlwaysSlice || target.HasSearch || sourceIds.Length * target.Count >= LeastSlicedPairs);
        if (sliced)
        {
            SearchIndex index = target.Search(device, lane);
            QueueSliced(lane, source, sourceIds, target, index, keys);
            arguments.TargetIds = index.Rest;
            listed.LaunchPerWarp(lane.Stream, index.Rest.Length == 0 ? 0 : sourceIds.Length, arguments);
            arguments.TargetIds = index.All;
            arguments.OnlyRest = index.Tokens is null ? 0 : 1;
        }
        else
        {
            arguments.TargetIds = lane.Upload<int>([.. Enumerable.Range(0, checked((int)arguments.Target.Tokens.Length))]);
        }

        listed.LaunchPerWarp(lane.Stream, sourceIds.Length, arguments);
        if (TryPlanLongPairs(lane, source, target, sourceIds.Length, out LongPlan plan))
        {
            arguments.Carry = plan.Carry;
            arguments.CarryLength = plan.CarryLength;
            device.Load<NearestTokenPairs.Arguments>(NearestTokenPairs.LongPairs).LaunchPerWarp(lane.Stream, plan.Warps, arguments);
        }

        device.Load<NearestTokenPairs.FinishArguments>(NearestTokenPairs.Finish).LaunchPerItem(
            lane.Stream, sourceIds.Length, new NearestTokenPairs.FinishArguments { Keys = keys, Nearest = nearest, Distance = distance });
    }

    private void QueueSliced(GpuLane lane, DeviceTape source, ArrayView<int> sourceIds, DeviceTape target, SearchIndex index, ArrayView<ulong> keys)
    {
        if (index.Tokens is not { } tokens)
            return;
        SlicedView view = tokens.View;
        view.QueryClasses = SlicedTokens.ClassesOf(device, lane, source, target);
        device.Load<NearestTokenSliced.Arguments>(HasLop3 ? NearestTokenSliced.Search : NearestTokenSliced.SearchPlain).LaunchPerWarp(lane.Stream, sourceIds.Length, new NearestTokenSliced.Arguments
        {
            Source = source.View,
            Queries = sourceIds,
            View = view,
            Slots = tokens.Slots,
            Ids = tokens.Ids,
            Filled = index.Filled,
            Keys = keys,
        });
    }
}
