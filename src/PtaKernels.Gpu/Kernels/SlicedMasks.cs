using ILGPU;
using ILGPU.Algorithms;
using ILGPU.Algorithms.ScanReduceOperations;

namespace PtaKernels.Gpu;

/// <summary>A group of 1,024 slots whose masks lie together.</summary>
internal struct SlicedGroup
{
    /// <summary>Its first mask row, in rows of 32 words.</summary>
    public int FirstRow;

    /// <summary>Symbols of its shortest token.</summary>
    public int Shortest;

    /// <summary>Symbols of its longest token; 0 for an empty group.</summary>
    public int Longest;

    /// <summary>Distinct symbols.</summary>
    public int Symbols;
}

/// <summary>
/// The masks of equal symbols for bit-sliced distances: for each group a table [symbol][position][lane] of words, a bit per slot. Symbols are numbered for the
/// whole tape (their class: the position among its distinct symbols) and again for each group, where 0 stands for all that it does not have.
/// </summary>
internal static class SlicedMasks
{
    /// <summary>Classes of all symbols of a tape; a thread per symbol, padding included.</summary>
    [GpuKernel(threads: 256, registers: 32)]
    public static void Classify(ClassArguments arguments)
    {
        long at = ((long)Grid.IdxX * Group.DimX) + Group.IdxX;
        if (at >= 4 * arguments.Quads.Length)
            return;
        arguments.Classes[at] = ClassOf(arguments.Alphabet, SymbolOf(arguments.Quads[at >> 2], (int)at & 3));
    }

    /// <summary>Marks the classes that each group has; a thread per slot.</summary>
    [GpuKernel(threads: 256, registers: 32)]
    public static void Mark(Arguments arguments)
    {
        int slot = (Grid.IdxX * Group.DimX) + Group.IdxX;
        if (slot >= arguments.Slots.Length || arguments.Slots[slot] < 0)
            return;
        TokenEntry token = arguments.Tape.Tokens[arguments.Ids[arguments.Slots[slot]]];
        long numbers = (long)(slot / LengthSort.GroupSlots) * arguments.ClassCount;
        for (int i = 0; i < token.Length; i++)
            arguments.Numbers[numbers + arguments.Classes[(4L * token.Start) + i]] = 1;
    }

    /// <summary>Numbers the marked classes of each group from 1 and describes it; a block per group.</summary>
    [GpuKernel(threads: 256, registers: 32)]
    public static void Number(Arguments arguments)
    {
        ArrayView<int> numbers = arguments.Numbers.SubView((long)Grid.IdxX * arguments.ClassCount, arguments.ClassCount);
        int given = 0;
        for (int first = 0; first < arguments.ClassCount; first += Group.DimX)
        {
            int at = first + Group.IdxX, mark = at < arguments.ClassCount ? numbers[at] : 0;
            int before = GroupExtensions.ExclusiveScan<int, AddInt32>(mark);
            if (mark != 0)
                numbers[at] = given + before + 1;
            given += GroupExtensions.AllReduce<int, AddInt32>(mark);
        }

        if (Group.IdxX != 0)
            return;
        var group = new SlicedGroup { Symbols = given };
        for (int word = 0; word < 32; word++)
        {
            int length = arguments.WordLengths[(Grid.IdxX * 32) + word];
            group.Shortest = word == 0 ? length : group.Shortest;
            group.Longest = length > 0 ? length : group.Longest;
        }

        arguments.Groups[Grid.IdxX] = group;
    }

    /// <summary>Sets the bits; a thread per slot.</summary>
    [GpuKernel(threads: 256, registers: 40)]
    public static void Fill(Arguments arguments)
    {
        int slot = (Grid.IdxX * Group.DimX) + Group.IdxX;
        if (slot >= arguments.Slots.Length || arguments.Slots[slot] < 0)
            return;
        TokenEntry token = arguments.Tape.Tokens[arguments.Ids[arguments.Slots[slot]]];
        int g = slot / LengthSort.GroupSlots, lane = (slot >> 5) & 31;
        SlicedGroup group = arguments.Groups[g];
        for (int i = 0; i < token.Length; i++)
        {
            int number = arguments.Numbers[((long)g * arguments.ClassCount) + arguments.Classes[(4L * token.Start) + i]];
            Atomic.Or(ref arguments.Masks[(32L * (group.FirstRow + (number * group.Longest) + i)) + lane], 1u << (slot & 31));
        }
    }

    /// <summary>Position of a symbol in a sorted list, or its length.</summary>
    private static int ClassOf(ArrayView<int> alphabet, int symbol)
    {
        int low = 0, high = (int)alphabet.Length;
        while (low < high)
        {
            int middle = (low + high) >> 1;
            bool below = alphabet[middle] < symbol;
            low = below ? middle + 1 : low;
            high = below ? high : middle;
        }

        return low < alphabet.Length && alphabet[low] == symbol ? low : (int)alphabet.Length;
    }

    private static int SymbolOf(SymbolQuad quad, int symbol)
    {
        int low = (symbol & 1) == 0 ? quad.X : quad.Y, high = (symbol & 1) == 0 ? quad.Z : quad.W;
        return (symbol & 2) == 0 ? low : high;
    }

    /// <summary>Arguments of <see cref="Classify"/>.</summary>
    internal struct ClassArguments
    {
        /// <summary>The symbols.</summary>
        public ArrayView<SymbolQuad> Quads;

        /// <summary>Distinct symbols, ascending.</summary>
        public ArrayView<int> Alphabet;

        /// <summary>[quads, 4] classes; the length of the alphabet for a symbol that it lacks.</summary>
        public ArrayView<int> Classes;
    }

    /// <summary>Arguments of the kernels that make the masks.</summary>
    internal struct Arguments
    {
        /// <summary>The tape.</summary>
        public TapeView Tape;

        /// <summary>The list that was sorted.</summary>
        public ArrayView<int> Ids;

        /// <summary>[groups, 1024] positions in it, or -1.</summary>
        public ArrayView<int> Slots;

        /// <summary>[groups, 32] symbols of the tokens of a word.</summary>
        public ArrayView<int> WordLengths;

        /// <summary>[quads, 4] classes of the tape's symbols.</summary>
        public ArrayView<int> Classes;

        /// <summary>Classes, and one for what the alphabet lacks.</summary>
        public int ClassCount;

        /// <summary>[groups, <see cref="ClassCount"/>] the group's number of a class; all 0 before.</summary>
        public ArrayView<int> Numbers;

        /// <summary>[groups].</summary>
        public ArrayView<SlicedGroup> Groups;

        /// <summary>The masks, all 0 before.</summary>
        public ArrayView<uint> Masks;
    }
}
