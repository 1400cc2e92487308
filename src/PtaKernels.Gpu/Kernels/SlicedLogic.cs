using System.Runtime.CompilerServices;
using ILGPU;
using ILGPU.Runtime.Cuda;

namespace PtaKernels.Gpu;

/// <summary>The two functions of three words in a bit-sliced cell.</summary>
/// <remarks>
/// Written in C#, ptxas takes the functions of neighbouring cells apart and makes nine instructions of a cell (12.4); an instruction that is written out it leaves
/// alone, and there are five.
/// </remarks>
internal interface ISlicedLogic
{
    /// <summary>a | b | c.</summary>
    static abstract uint Any(uint a, uint b, uint c);

    /// <summary>falls | ~(level | rose).</summary>
    static abstract uint Rises(uint falls, uint level, uint rose);
}

/// <summary>Plain C#: for the emulator, and to compare with.</summary>
internal readonly struct PlainLogic : ISlicedLogic
{
    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Any(uint a, uint b, uint c) => a | b | c;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Rises(uint falls, uint level, uint rose) => falls | ~(level | rose);
}

/// <summary>One instruction each; CUDA only.</summary>
internal readonly struct Lop3Logic : ISlicedLogic
{
    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Any(uint a, uint b, uint c)
    {
        CudaAsm.Emit("lop3.b32 %0, %1, %2, %3, 0xFE;", out uint any, a, b, c);
        return any;
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Rises(uint falls, uint level, uint rose)
    {
        CudaAsm.Emit("lop3.b32 %0, %1, %2, %3, 0xF1;", out uint rises, falls, level, rose);
        return rises;
    }
}

/// <summary>Compares both forms of the cell on a device.</summary>
internal static class SlicedProbe
{
    /// <summary>A cell per thread: sets a bit of the result wherever the two forms differ.</summary>
    [GpuKernel(threads: 256, registers: 32)]
    public static void Compare(Arguments arguments)
    {
        int i = (Grid.IdxX * Group.DimX) + Group.IdxX;
        if (5 * (i + 1) > arguments.Inputs.Length)
            return;
        var left = new SlicedDifference { Positive = arguments.Inputs[5 * i], Negative = arguments.Inputs[(5 * i) + 1] };
        var above = new SlicedDifference { Positive = arguments.Inputs[(5 * i) + 2], Negative = arguments.Inputs[(5 * i) + 3] };
        uint equal = arguments.Inputs[(5 * i) + 4];
        SlicedCell plain = SlicedCell.Of<PlainLogic>(equal, left, above), packed = SlicedCell.Of<Lop3Logic>(equal, left, above);
        uint different = (plain.Right.Positive ^ packed.Right.Positive) | (plain.Right.Negative ^ packed.Right.Negative)
            | (plain.Below.Positive ^ packed.Below.Positive) | (plain.Below.Negative ^ packed.Below.Negative);
        if (different != 0)
            Atomic.Or(ref arguments.Different[0], different);
    }

    /// <summary>Arguments of <see cref="Compare"/>.</summary>
    internal struct Arguments
    {
        /// <summary>[cells, 5] random words.</summary>
        public ArrayView<uint> Inputs;

        /// <summary>[1] 0 where both agree.</summary>
        public ArrayView<uint> Different;
    }
}
