namespace PtaKernels.Gpu;

/// <summary>A device that is missing, too old, lost or out of memory: one sentence that says what to do.</summary>
public sealed class GpuException : Exception
{
    /// <summary>A problem without an inner cause.</summary>
    public GpuException()
    {
    }

    /// <summary>A problem without an inner cause.</summary>
    public GpuException(string message)
        : base(message)
    {
    }

    /// <summary>A problem and what the driver said.</summary>
    public GpuException(string message, Exception? innerException)
        : base(message, innerException)
    {
    }

    /// <summary>The device's memory is used up: a smaller batch may fit.</summary>
    public bool OutOfMemory { get; init; }
}
