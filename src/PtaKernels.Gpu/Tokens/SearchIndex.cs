using ILGPU;
using ILGPU.Runtime;

namespace PtaKernels.Gpu;

/// <summary>A tape ready to be searched for nearest tokens. Its memory belongs to the tape.</summary>
/// <param name="Tokens">The tokens with slots, by length; null where there are none.</param>
/// <param name="Filled">[groups, 32] a bit per slot that holds a token.</param>
/// <param name="All">All ids, ascending.</param>
/// <param name="Rest">Ids of the tokens without a slot that may be nearest tokens: special, empty and long ones.</param>
internal sealed record SearchIndex(SlicedTokens? Tokens, ArrayView<uint> Filled, ArrayView<int> All, ArrayView<int> Rest)
{
    /// <summary>Builds the index and waits for it.</summary>
    public static SearchIndex Build(GpuDevice device, GpuLane lane, OwnedMemory memory, DeviceTape tape)
    {
        ArrayView<int> all = Copy(lane, memory, [.. Enumerable.Range(0, tape.Count)]), rest = Copy(lane, memory, tape.Rest);
        int groups = tape.SlicedGroups;
        if (groups == 0)
            return new SearchIndex(null, ArrayView<uint>.Empty, all, rest);
        SlicedTokens tokens = SlicedTokens.Build(device, lane, memory, tape, all, tape.Count, groups, forMatrix: false);
        ArrayView<uint> filled = memory.Take<uint>(32L * groups);
        device.Load<NearestTokenSliced.FilledArguments>(NearestTokenSliced.FindFilled).LaunchPerItem(
            lane.Stream, filled.Length, new NearestTokenSliced.FilledArguments { Slots = tokens.Slots, Filled = filled });
        lane.Synchronize();
        return new SearchIndex(tokens, filled, all, rest);
    }

    private static ArrayView<int> Copy(GpuLane lane, OwnedMemory memory, ReadOnlySpan<int> values)
    {
        ArrayView<int> view = memory.Take<int>(values.Length);
        if (!values.IsEmpty)
            view.CopyFromCPU(lane.Stream, values);
        lane.Synchronize();
        return view;
    }
}
