using System.Runtime.InteropServices;

namespace PtaKernels.Native;

/// <summary>From a status to the exception that <see cref="IKernelBackend"/> documents.</summary>
internal static unsafe class NativeErrors
{
    /// <summary>What the last failed call on this thread said.</summary>
    public static string Text => Marshal.PtrToStringUTF8((nint)NativeMethods.LastError())!;

    /// <summary>Throws unless the call gave an answer; to be asked on the thread that made the call, before its next one.</summary>
    public static NativeStatus Require(NativeStatus status) => status switch
    {
        NativeStatus.Ok or NativeStatus.Range => status,
        NativeStatus.Argument or NativeStatus.Isa => throw new ArgumentException(Text),
        NativeStatus.Memory => throw new InsufficientMemoryException(Text),
        _ => throw new InvalidOperationException($"{NativeLibraryFile.Path}: {Text}"),
    };

    /// <summary>An answer as the contract's status.</summary>
    public static KernelStatus KernelStatusOf(NativeStatus status) => Require(status) == NativeStatus.Range ? KernelStatus.Range : KernelStatus.Ok;
}
