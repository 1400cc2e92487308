using System.Runtime.InteropServices;
using ILGPU;

namespace PtaKernels.Gpu;

/// <summary>Sixteen consecutive numbers of a vector, four to a word: one 16-byte access.</summary>
[StructLayout(LayoutKind.Sequential, Size = 16)]
internal struct VectorQuad
{
    /// <summary>Numbers 0..3.</summary>
    public int X;

    /// <summary>Numbers 4..7.</summary>
    public int Y;

    /// <summary>Numbers 8..11.</summary>
    public int Z;

    /// <summary>Numbers 12..15.</summary>
    public int W;
}

/// <summary>Embedding tables as kernels see them.</summary>
internal struct EmbeddingView
{
    /// <summary>Quads of a vector.</summary>
    public int Quads;

    /// <summary>[source tokens, <see cref="Quads"/>].</summary>
    public ArrayView<VectorQuad> Source;

    /// <summary>[target tokens, <see cref="Quads"/>].</summary>
    public ArrayView<VectorQuad> Target;

    /// <summary>[source tokens] 1 where a token has a vector.</summary>
    public ArrayView<byte> SourceKnown;

    /// <summary>[target tokens] likewise.</summary>
    public ArrayView<byte> TargetKnown;
}

/// <summary>The tables of a <see cref="TokenEmbeddings"/> in the memory of one device. Thread-safe.</summary>
/// <remarks>The memory lives as long as this object or the device, whichever ends first; keep the embeddings reachable until what uses them is synchronised.</remarks>
internal sealed class DeviceEmbeddings
{
    private readonly DeviceTapes _tapes;
    private readonly OwnedMemory _memory;

    /// <summary>Copies the tables to the device and waits for it.</summary>
    /// <exception cref="GpuException">The device is full.</exception>
    public DeviceEmbeddings(GpuDevice device, DeviceTapes tapes, TokenEmbeddings embeddings)
    {
        _tapes = tapes;
        _memory = tapes.AllocateOwned();
        try
        {
            using GpuLane lane = device.Rent();
            View = new EmbeddingView
            {
                Quads = embeddings.Dimensions / Marshal.SizeOf<VectorQuad>(),
                Source = Copy(lane, MemoryMarshal.Cast<sbyte, VectorQuad>(embeddings.Source)),
                Target = Copy(lane, MemoryMarshal.Cast<sbyte, VectorQuad>(embeddings.Target)),
                SourceKnown = Copy(lane, MemoryMarshal.AsBytes(embeddings.SourceKnown)),
                TargetKnown = Copy(lane, MemoryMarshal.AsBytes(embeddings.TargetKnown)),
            };
        }
        catch (GpuException)
        {
            tapes.Retire(_memory);
            throw;
        }
    }

    /// <summary>Gives the memory back: it may not be freed here, on the finalizer's thread.</summary>
    ~DeviceEmbeddings()
    {
        // A device that is full of other things gives none.
        if (_memory is not null)
            _tapes.Retire(_memory);
    }

    /// <summary>What kernels take.</summary>
    public EmbeddingView View { get; }

    /// <summary>Bytes that some embeddings take on a device.</summary>
    public static long BytesOf(TokenEmbeddings embeddings) =>
        (long)embeddings.Source.Length + embeddings.Target.Length + embeddings.SourceKnown.Length + embeddings.TargetKnown.Length;

    private ArrayView<T> Copy<T>(GpuLane lane, ReadOnlySpan<T> values)
        where T : unmanaged
    {
        ArrayView<T> view = _memory.Take<T>(values.Length);
        lane.Write(view, values);
        return view;
    }
}
