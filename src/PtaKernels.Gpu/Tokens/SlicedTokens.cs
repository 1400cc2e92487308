using ILGPU;
using ILGPU.Runtime;

namespace PtaKernels.Gpu;

/// <summary>A list of tokens on the device, sorted by length and with the masks that bit-sliced distances need.</summary>
/// <param name="View">The groups; without the classes of the queries.</param>
/// <param name="Ids">The list.</param>
/// <param name="Slots">[groups, 1024] positions in it, or -1.</param>
/// <param name="Places">[list, rounded up to fours] see <see cref="LengthSort.Arguments.Places"/>; empty where the list is one tile.</param>
internal sealed record SlicedTokens(SlicedView View, ArrayView<int> Ids, ArrayView<int> Slots, ArrayView<ushort> Places)
{
    /// <summary>Sorts and fills on a lane's stream. Waits for the number of masks, so that their memory can be taken.</summary>
    /// <param name="device">The device.</param>
    /// <param name="lane">Stream; scratch and <paramref name="take"/>n memory come from it where the index is for one call.</param>
    /// <param name="take">Takes memory for what stays.</param>
    /// <param name="tape">Tape of the tokens.</param>
    /// <param name="ids">Ids on it.</param>
    /// <param name="tileTokens">Tokens of a tile.</param>
    /// <param name="tileGroups">Groups of a tile: enough for its words.</param>
    /// <param name="forMatrix">Whether holes count as tokens and places are wanted.</param>
    public static SlicedTokens Build(
        GpuDevice device, GpuLane lane, IDeviceMemory take, DeviceTape tape, ArrayView<int> ids, int tileTokens, int tileGroups, bool forMatrix)
    {
        int tiles = checked((int)((ids.Length + tileTokens - 1) / tileTokens)), groups = tiles * tileGroups;
        ArrayView<int> slots = take.Take<int>((long)groups * LengthSort.GroupSlots), wordLengths = take.Take<int>((long)groups * 32);
        ArrayView<ushort> places = forMatrix ? take.Take<ushort>((ids.Length + 3) / 4 * 4) : ArrayView<ushort>.Empty;
        slots.MemSet(lane.Stream, byte.MaxValue);
        wordLengths.MemSetToZero(lane.Stream);
        if (forMatrix)
            places.MemSetToZero(lane.Stream);
        device.Load<LengthSort.Arguments>(LengthSort.Sort).Launch(lane.Stream, tiles, new LengthSort.Arguments
        {
            Tape = tape.View,
            Ids = ids,
            TileTokens = tileTokens,
            TileSlots = tileGroups * LengthSort.GroupSlots,
            WithHoles = forMatrix ? 1 : 0,
            Slots = slots,
            WordLengths = wordLengths,
            Places = places,
        });

        int classCount = tape.Alphabet.Length + 1;
        ArrayView<int> numbers = take.Take<int>((long)groups * classCount);
        numbers.MemSetToZero(lane.Stream);
        var arguments = new SlicedMasks.Arguments
        {
            Tape = tape.View,
            Ids = ids,
            Slots = slots,
            WordLengths = wordLengths,
            Classes = ClassesOf(device, lane, tape, tape),
            ClassCount = classCount,
            Numbers = numbers,
            Groups = take.Take<SlicedGroup>(groups),
            Masks = ArrayView<uint>.Empty,
        };
        device.Load<SlicedMasks.Arguments>(SlicedMasks.Mark).LaunchPerItem(lane.Stream, slots.Length, arguments);
        device.Load<SlicedMasks.Arguments>(SlicedMasks.Number).Launch(lane.Stream, groups, arguments);

        var described = new SlicedGroup[groups];
        lane.Download(arguments.Groups, described);
        int rows = 0;
        foreach (ref SlicedGroup group in described.AsSpan())
        {
            group.FirstRow = rows;
            rows = checked(rows + ((group.Symbols + 1) * group.Longest));
        }

        arguments.Groups.CopyFromCPU(lane.Stream, described.AsSpan());
        // A walk may read past the rows of the last symbol.
        arguments.Masks = take.Take<uint>(32L * (rows + SlicedWalk.RowsRead));
        arguments.Masks.MemSetToZero(lane.Stream);
        device.Load<SlicedMasks.Arguments>(SlicedMasks.Fill).LaunchPerItem(lane.Stream, slots.Length, arguments);
        lane.Synchronize();
        var view = new SlicedView { Groups = arguments.Groups, Numbers = numbers, ClassCount = classCount, Masks = arguments.Masks, WordLengths = wordLengths };
        return new SlicedTokens(view, ids, slots, places);
    }

    /// <summary>Queues the classes of a tape's symbols in another tape's alphabet.</summary>
    /// <param name="device">The device.</param>
    /// <param name="lane">Stream and scratch.</param>
    /// <param name="tape">Whose symbols.</param>
    /// <param name="alphabet">Whose alphabet.</param>
    /// <returns>[quads, 4], and four more so that an empty token at the end has a place.</returns>
    public static ArrayView<int> ClassesOf(GpuDevice device, GpuLane lane, DeviceTape tape, DeviceTape alphabet)
    {
        ArrayView<SymbolQuad> quads = tape.View.Quads;
        ArrayView<int> classes = lane.Take<int>(4 * (quads.Length + 1));
        device.Load<SlicedMasks.ClassArguments>(SlicedMasks.Classify).LaunchPerItem(lane.Stream, 4 * quads.Length, new SlicedMasks.ClassArguments
        {
            Quads = quads,
            Alphabet = lane.Upload(alphabet.Alphabet),
            Classes = classes,
        });
        return classes;
    }
}
