using System.Runtime.CompilerServices;
using ILGPU;

namespace PtaKernels.Gpu;

/// <summary>Compares a device's arithmetic with the host's before anything relies on it.</summary>
internal sealed class SelfTest
{
    /// <summary>Inputs of the cells.</summary>
    public const int Inputs = 65_536;

    private static readonly ConditionalWeakTable<GpuDevice, SelfTest> Done = [];

    private SelfTest(bool packedCells) => PackedCells = packedCells;

    /// <summary>Runs a cell over <see cref="Inputs"/> inputs.</summary>
    public delegate void Cell(ReadOnlySpan<uint> diagonal, ReadOnlySpan<uint> up, ReadOnlySpan<uint> left, Span<uint> least, Span<uint> held);

    /// <summary>Whether the packed cell of sm_90 may be used; otherwise its twin is.</summary>
    public bool PackedCells { get; }

    /// <summary>The device's self-test, run on the first call.</summary>
    /// <exception cref="GpuException">Float64 arithmetic on the device is not the host's.</exception>
    public static SelfTest Of(GpuDevice device) => Done.GetValue(device, static device => Run(device, device.IsEmulator || device.Capability < 90 ? null : (d, u, l, least, held) =>
        RunCell(device, CellProbe.Packed, d, u, l, least, held)));

    /// <summary>Runs the self-test.</summary>
    /// <param name="device">Where; a notice is added to it for every twin that has to step in.</param>
    /// <param name="packed">The packed cell, or null where there is none.</param>
    public static SelfTest Run(GpuDevice device, Cell? packed)
    {
        return new SelfTest(packed is not null);
    }

    private static void RunCell(
        GpuDevice device, Action<CellProbe.Arguments> kernel, ReadOnlySpan<uint> diagonal, ReadOnlySpan<uint> up, ReadOnlySpan<uint> left, Span<uint> least, Span<uint> held)
    {
        using GpuLane lane = device.Rent();
        ArrayView<uint> leastView = lane.Take<uint>(least.Length), heldView = lane.Take<uint>(held.Length);
        device.Load(kernel).LaunchPerItem(lane.Stream, diagonal.Length, new CellProbe.Arguments
        {
            Count = diagonal.Length,
            Diagonal = lane.Upload(diagonal),
            Up = lane.Upload(up),
            Left = lane.Upload(left),
            Least = leastView,
            Held = heldView,
        });
        lane.Download(leastView, least);
        lane.Download(heldView, held);
    }
}
