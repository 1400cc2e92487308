using System.Runtime.CompilerServices;
using ILGPU;
using PtaKernels.Steps;

namespace PtaKernels.Gpu;

/// <summary>Compares a device's arithmetic with the host's before anything relies on it.</summary>
internal sealed class SelfTest
{
    /// <summary>Inputs of the packed cell, two cells each.</summary>
    public const int Inputs = 65_536;

    private static readonly ConditionalWeakTable<GpuDevice, SelfTest> Done = [];

    private SelfTest(bool packedCells) => PackedCells = packedCells;

    /// <summary>Runs a packed cell: <see cref="IPathCell{TValue}.Least"/> of the three neighbours, and <see cref="IPathCell{TValue}.Hold"/> of the diagonal.</summary>
    public delegate void Cell(ReadOnlySpan<uint> diagonal, ReadOnlySpan<uint> up, ReadOnlySpan<uint> left, Span<uint> least, Span<uint> held);

    /// <summary>Whether the packed cell of sm_90 may be used; otherwise its twin is.</summary>
    public bool PackedCells { get; }

    /// <summary>The self-test of a device, run on the first call.</summary>
    /// <exception cref="GpuException">Float64 arithmetic on the device is not the host's.</exception>
    public static SelfTest Of(GpuDevice device) => Done.GetValue(device, static device => Run(device, Packed(device)));

    /// <summary>Runs the self-test.</summary>
    /// <param name="device">Where; it gets a notice for a twin that has to step in.</param>
    /// <param name="packed">The packed cell, or null where the device has none.</param>
    /// <exception cref="GpuException">The twin, or float64 arithmetic, is not the host's: no kernel can be trusted.</exception>
    public static SelfTest Run(GpuDevice device, Cell? packed)
    {
        RequireExactFloat64(device);
        if (FirstDifference(TwinOf(device)) is { } wrong)
            throw new GpuException($"{device.Name} computes 16-bit cells that differ from the host's ({wrong}); use --backend native and report this device.");
        if (packed is null)
            return new SelfTest(packedCells: false);
        if (FirstDifference(packed) is not { } difference)
            return new SelfTest(packedCells: true);
        device.AddNotice($"the packed 16-bit minimum of {device.Name} differs from plain arithmetic ({difference}), so alignment paths use plain arithmetic and are slower; please report this device.");
        return new SelfTest(packedCells: false);
    }

    /// <summary>The twin as a kernel of the device.</summary>
    internal static Cell TwinOf(GpuDevice device) => (diagonal, up, left, least, held) => RunCell(device, CellProbe.Twin, diagonal, up, left, least, held);

    private static Cell? Packed(GpuDevice device) => device.IsEmulator || device.Capability < 90
        ? null
        : (diagonal, up, left, least, held) => RunCell(device, CellProbe.Packed, diagonal, up, left, least, held);

    /// <summary>Where a cell first differs from the twin on the host, or null.</summary>
    private static string? FirstDifference(Cell cell)
    {
        // Any bits at all, and values that meet at the limits and in ties.
        var random = new Random(65_536);
        uint[] near = [0, 1, 2, 3, 4, 0x7FFF, 0x8000, 0xDFFF, 0xE000, 0xE001, 0xFFFC, 0xFFFD, 0xFFFE, 0xFFFF];
        uint Next(int i) => i % 2 == 0
            ? (uint)random.NextInt64(1L << 32)
            : near[random.Next(near.Length)] | (near[random.Next(near.Length)] << 16);
        uint[] diagonal = new uint[Inputs], up = new uint[Inputs], left = new uint[Inputs], least = new uint[Inputs], held = new uint[Inputs];
        for (int i = 0; i < Inputs; i++)
            (diagonal[i], up[i], left[i]) = (Next(i), Next(i), Next(i));
        cell(diagonal, up, left, least, held);
        for (int i = 0; i < Inputs; i++)
        {
            uint expected = PackedTwin.Least(diagonal[i], up[i], left[i]), expectedHeld = PackedTwin.Hold(diagonal[i]);
            if (least[i] != expected)
                return $"{least[i]:x8} instead of {expected:x8} for {diagonal[i]:x8}, {up[i]:x8}, {left[i]:x8}";
            if (held[i] != expectedHeld)
                return $"{held[i]:x8} instead of {expectedHeld:x8} for {diagonal[i]:x8}";
        }

        return null;
    }

    private static void RequireExactFloat64(GpuDevice device)
    {
        var random = new Random(64);
        double[] inputs = [0, -0.0, 1, -1, 700, -700, .. Enumerable.Range(0, 1018).Select(_ => (random.NextDouble() - 0.5) * 200)];
        double[] stable = new double[inputs.Length], rounded = new double[inputs.Length];
        using (GpuLane lane = device.Rent())
        {
            ArrayView<double> stableView = lane.Take<double>(inputs.Length), roundedView = lane.Take<double>(inputs.Length);
            device.Load<ArithmeticProbe.Arguments>(ArithmeticProbe.Exponentials).LaunchPerItem(lane.Stream, inputs.Length, new ArithmeticProbe.Arguments
            {
                Count = inputs.Length,
                Powers = lane.Upload<double>(DeviceMath.Powers),
                Inputs = lane.Upload<double>(inputs),
                Stable = stableView,
                Plain = lane.Take<double>(inputs.Length),
                Rounded = roundedView,
            });
            lane.Download(stableView, stable);
            lane.Download(roundedView, rounded);
        }

        for (int i = 0; i < inputs.Length; i++)
        {
            double x = inputs[i];
            if (stable[i] != StableExp.Exp(x) || rounded[i] != (x * x) + x)
                throw new GpuException($"{device.Name} does not round float64 as the host does (at {x:R}), so its answers would differ; use --backend native and report this device.");
        }
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
