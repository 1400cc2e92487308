using ILGPU;

namespace PtaKernels.Gpu;

/// <summary>Marks problems that no kernel takes.</summary>
internal static class HandOverKernel
{
    /// <summary>One thread per problem.</summary>
    [GpuKernel(threads: 128, registers: 32)]
    public static void Run(TransportArguments arguments)
    {
        int problem = Grid.GlobalIndex.X;
        if (problem < arguments.Queue.Batch && arguments.RowsOf(problem) > 0)
            arguments.Queue.Outcomes[problem] = new DeviceOutcome { Status = DeviceOutcome.Handed };
    }
}
