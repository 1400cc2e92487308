using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;

namespace PtaKernels.Native;

/// <summary>A target's encoder as the native side calls it.</summary>
internal sealed class TargetEncoder : IDisposable
{
    /// <summary>What a failed call answers; the native side stops at it.</summary>
    private const int Failed = -2;

    private readonly IFirstToken _encoder;
    private GCHandle _self;
    private ExceptionDispatchInfo? _failure;

    public TargetEncoder(IFirstToken encoder)
    {
        _encoder = encoder;
        _self = GCHandle.Alloc(this);
    }

    /// <summary>What the native side hands back with every call.</summary>
    public nint User => GCHandle.ToIntPtr(_self);

    /// <summary>The first token of some bytes, -1 for none.</summary>
    [UnmanagedCallersOnly]
    public static unsafe int FirstToken(nint user, byte* text, int length)
    {
        var encoder = (TargetEncoder)GCHandle.FromIntPtr(user).Target!;
        try
        {
            return encoder._encoder.FirstToken(new ReadOnlySpan<byte>(text, length)) ?? VocabularyMap.None;
        }
#pragma warning disable CA1031 // No exception may pass through native frames: it goes on in the call that they serve.
        catch (Exception e)
#pragma warning restore CA1031
        {
            encoder._failure = ExceptionDispatchInfo.Capture(e);
            return Failed;
        }
    }

    /// <summary>Throws what the encoder threw since it was last asked.</summary>
    public void ThrowFailure() => Interlocked.Exchange(ref _failure, null)?.Throw();

    public void Dispose() => _self.Free();
}
