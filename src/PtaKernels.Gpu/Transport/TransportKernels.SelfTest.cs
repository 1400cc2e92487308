using System.Runtime.InteropServices;
using ILGPU;

namespace PtaKernels.Gpu;

internal sealed partial class TransportKernels
{
    private const int ComparedDivisions = 65_536;

    private readonly Lazy<bool> _hasCudaInstructions = new(() => !device.IsEmulator && AgreesWithItsTwin(device), LazyThreadSafetyMode.PublicationOnly);

    /// <summary>Whether transports go by <see cref="PlainInstructions"/>: on the emulator, and on a device whose own instructions differ from them.</summary>
    private bool IsPlain => !_hasCudaInstructions.Value;

    private static bool AgreesWithItsTwin(GpuDevice device)
    {
        // Ordinary quotients, and any bits at all: subnormal numbers, infinities, NaN, results at both ends of the range.
        var random = new Random(7);
        double[] inputs = new double[2 * ComparedDivisions];
        random.NextBytes(MemoryMarshal.AsBytes(inputs.AsSpan(inputs.Length / 2)));
        for (int i = 0; i < inputs.Length / 2; i++)
            inputs[i] = random.NextDouble() * Math.ScaleB(1, -random.Next(60));
        int[] different = new int[1];
        using GpuLane lane = device.Rent();
        ArrayView<int> result = lane.TakeZeroed<int>(1);
        device.Load<InstructionsProbe.Arguments>(InstructionsProbe.Compare).LaunchPerItem(
            lane.Stream, ComparedDivisions / 2, new InstructionsProbe.Arguments { Inputs = lane.Upload<double>(inputs), Different = result });
        lane.Download(result, different);
        if (different[0] != 0)
            device.AddNotice($"{device.Name} divides or votes otherwise by its own instructions than by plain code, so transports use plain code and are slower; please report the device and the driver.");
        return different[0] == 0;
    }
}
