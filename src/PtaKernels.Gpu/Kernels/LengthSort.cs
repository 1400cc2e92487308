using ILGPU;
using ILGPU.Algorithms;
using ILGPU.Algorithms.ScanReduceOperations;

namespace PtaKernels.Gpu;

/// <summary>Counting sort of tokens by their number of symbols, the first step towards bit-sliced distances.</summary>
/// <remarks>
/// Ordinary tokens of 1 to <see cref="LongestSliced"/> symbols get a slot; 32 slots make a word of tokens of one length, 32 words a group, and words ascend by length.
/// The sort is stable: within a word the tokens keep the order of the list. A list may be cut into tiles, each sorted for itself.
/// </remarks>
internal static class LengthSort
{
    /// <summary>Most symbols of a token with a slot.</summary>
    public const int LongestSliced = 16;

    /// <summary>Slots of a group: 32 lanes of 32 bits.</summary>
    public const int GroupSlots = 1024;

    /// <summary>Groups of a tile of a cost matrix.</summary>
    public const int TileGroups = 4;

    /// <summary>Columns of a tile of a cost matrix: with up to 31 empty slots for each length they fit its groups.</summary>
    public const int TileColumns = (TileGroups * GroupSlots) - 512;

    private const int Threads = 256;

    /// <summary>Sorts each tile; a block per tile.</summary>
    [GpuKernel(threads: Threads, registers: 64)]
    public static void Sort(Arguments arguments)
    {
        ArrayView<int> counts = SharedMemory.Allocate1D<int>(LongestSliced * Threads).AsContiguous();
        ArrayView<int> total = SharedMemory.Allocate1D<int>(1).AsContiguous();
        int thread = Group.IdxX, threads = Group.DimX, first = Grid.IdxX * arguments.TileTokens;
        int end = Math.Min(first + arguments.TileTokens, (int)arguments.Ids.Length);
        int chunk = (end - first + threads - 1) / threads;
        int begin = Math.Min(first + (thread * chunk), end), stop = Math.Min(begin + chunk, end);
        for (int length = 0; length < LongestSliced; length++)
            counts[(length * Threads) + thread] = 0;
        for (int at = begin; at < stop; at++)
        {
            TokenEntry token = arguments.Tape.Tokens[arguments.Ids[at]];
            if (HasSlot(token, arguments.WithHoles))
                counts[((token.Length - 1) * Threads) + thread]++;
        }

        Group.Barrier();
        int start = 0;
        ArrayView<int> lengths = arguments.WordLengths.SubView(Grid.IdxX * (arguments.TileSlots / 32), arguments.TileSlots / 32);
        for (int length = 0; length < LongestSliced; length++)
        {
            int count = counts[(length * Threads) + thread];
            int before = GroupExtensions.ExclusiveScan<int, AddInt32>(count);
            counts[(length * Threads) + thread] = start + before;
            if (thread == threads - 1)
                total[0] = before + count;
            Group.Barrier();
            int words = (total[0] + 31) >> 5;
            for (int word = thread; word < words; word += threads)
                lengths[(start >> 5) + word] = length + 1;
            start += 32 * words;
            // The total is read before the next length's overwrites it.
            Group.Barrier();
        }

        ArrayView<int> slots = arguments.Slots.SubView(Grid.IdxX * arguments.TileSlots, arguments.TileSlots);
        for (int at = begin; at < stop; at++)
        {
            TokenEntry token = arguments.Tape.Tokens[arguments.Ids[at]];
            if (!HasSlot(token, arguments.WithHoles))
                continue;
            int counter = ((token.Length - 1) * Threads) + thread, slot = counts[counter];
            counts[counter] = slot + 1;
            slots[slot] = at;
            if (arguments.Places.Length != 0)
                arguments.Places[at] = PlaceOf(slot);
        }
    }

    /// <summary>Whether a token is compared bit-sliced.</summary>
    public static bool HasSlot(TokenEntry token, int withHoles) =>
        !token.IsSpecial && token.Length >= 1 && token.Length <= LongestSliced && (withHoles != 0 || (token.Roles & (int)TokenRoles.Hole) == 0);

    // Where EditDistanceSliced.Rows leaves the byte of a slot: a lane's word becomes eight times four bytes, of the bits k, k + 8, k + 16, k + 24.
    private static ushort PlaceOf(int slot)
    {
        int bit = slot & 31, lane = (slot >> 5) & 31, group = slot / GroupSlots;
        return (ushort)((group * GroupSlots) + ((((bit & 7) * 32) + lane) * 4) + (bit >> 3));
    }

    /// <summary>Arguments of <see cref="Sort"/>.</summary>
    internal struct Arguments
    {
        /// <summary>The tape.</summary>
        public TapeView Tape;

        /// <summary>[tokens] ids on it.</summary>
        public ArrayView<int> Ids;

        /// <summary>Tokens of a tile; the last may have fewer.</summary>
        public int TileTokens;

        /// <summary>Slots of a tile, a multiple of <see cref="GroupSlots"/>.</summary>
        public int TileSlots;

        /// <summary>Not 0: holes are ordinary tokens, as cost matrices take them; 0: they get no slot.</summary>
        public int WithHoles;

        /// <summary>[tiles, <see cref="TileSlots"/>] positions in the list, -1 before.</summary>
        public ArrayView<int> Slots;

        /// <summary>[tiles, <see cref="TileSlots"/> / 32] symbols of the tokens of each word; 0 before, and where a word is empty.</summary>
        public ArrayView<int> WordLengths;

        /// <summary>[tokens] the byte of a row's scratch that gets the distance to a token with a slot; or empty.</summary>
        public ArrayView<ushort> Places;
    }
}
