using System.Runtime.CompilerServices;
using ILGPU;
using ILGPU.Runtime.Cuda;

namespace PtaKernels.Gpu;

/// <summary>Two 16-bit cells in a register: what <see cref="PackedCell"/> and its twin share.</summary>
internal static class PackedValues
{
    /// <summary>4 times the limit. Eight costs of 255 and a direction above it still fit 16 bits.</summary>
    private const uint Most = 57_344;

    public const long Limit = Most / 4;

    public const uint Outside = Most | (Most << 16);

    public const uint Start = Most << 16;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Directions(uint least) => least & 0x0003_0003;

    // No half ever carries into the other, so plain 32-bit arithmetic serves both.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Add(uint least, uint directions, uint costs) => least - directions + (costs * 4);

    // The lesser of the whole words has the lesser high half.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Lesser(uint one, uint other) => (Math.Min(one, other) & 0xFFFF_0000) | Math.Min(one & 0xFFFF, other & 0xFFFF);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Join(uint left, uint own) => (left >> 16) | (own << 16);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint FromLaneBefore(uint value) => (uint)Warp.ShuffleUp((int)value, 1);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint FromLaneAfter(uint value) => (uint)Warp.ShuffleDown((int)value, 1);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static long Sum(uint value, int high) => ((value >> (16 * high)) & 0xFFFF) >> 2;
}

/// <summary>Two 16-bit cells by the packed minimum of sm_90: totals below 14,336, costs up to 255.</summary>
internal readonly struct PackedCell : IPathCell<uint>
{
    public static long Limit => PackedValues.Limit;

    public static uint Outside() => PackedValues.Outside;

    public static uint Start() => PackedValues.Start;

    // One piece of PTX, so that ptxas joins each addition with its minimum.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Least(uint diagonal, uint up, uint left)
    {
        CudaAsm.Emit(
            "{ .reg .b32 one, two, a, b; mov.b32 one, 0x00010001; mov.b32 two, 0x00020002; add.u16x2 a, %2, one; min.u16x2 a, a, %1; add.u16x2 b, %3, two; min.u16x2 %0, b, a; }",
            out uint least,
            diagonal,
            up,
            left);
        return least;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Hold(uint value)
    {
        CudaAsm.Emit("{ .reg .b32 most; mov.b32 most, 0xE000E000; min.u16x2 %0, %1, most; }", out uint held, value);
        return held;
    }

    public static uint Directions(uint least) => PackedValues.Directions(least);

    public static uint Add(uint least, uint directions, uint costs) => PackedValues.Add(least, directions, costs);

    public static uint Lesser(uint one, uint other) => PackedValues.Lesser(one, other);

    public static uint Join(uint left, uint own) => PackedValues.Join(left, own);

    public static uint FromLaneBefore(uint value) => PackedValues.FromLaneBefore(value);

    public static uint FromLaneAfter(uint value) => PackedValues.FromLaneAfter(value);

    public static long Sum(uint value, int high) => PackedValues.Sum(value, high);
}

/// <summary>The twin of <see cref="PackedCell"/> in plain C#: the same bits for every input.</summary>
internal readonly struct PackedTwin : IPathCell<uint>
{
    public static long Limit => PackedValues.Limit;

    public static uint Outside() => PackedValues.Outside;

    public static uint Start() => PackedValues.Start;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Least(uint diagonal, uint up, uint left)
    {
        uint low = Math.Min(Math.Min((up + 1) & 0xFFFF, diagonal & 0xFFFF), (left + 2) & 0xFFFF);
        uint high = Math.Min(Math.Min(((up >> 16) + 1) & 0xFFFF, diagonal >> 16), ((left >> 16) + 2) & 0xFFFF);
        return low | (high << 16);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Hold(uint value) =>
        Math.Min(value & 0xFFFF, PackedValues.Outside & 0xFFFF) | (Math.Min(value >> 16, PackedValues.Outside >> 16) << 16);

    public static uint Directions(uint least) => PackedValues.Directions(least);

    public static uint Add(uint least, uint directions, uint costs) => PackedValues.Add(least, directions, costs);

    public static uint Lesser(uint one, uint other) => PackedValues.Lesser(one, other);

    public static uint Join(uint left, uint own) => PackedValues.Join(left, own);

    public static uint FromLaneBefore(uint value) => PackedValues.FromLaneBefore(value);

    public static uint FromLaneAfter(uint value) => PackedValues.FromLaneAfter(value);

    public static long Sum(uint value, int high) => PackedValues.Sum(value, high);
}
