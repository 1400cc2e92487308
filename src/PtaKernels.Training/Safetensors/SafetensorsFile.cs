using System.Buffers.Binary;
using System.IO.MemoryMappedFiles;
using static TorchSharp.torch;

namespace PtaKernels.Training.Safetensors;

/// <summary>A safetensors file, mapped into memory: a tensor's bytes are read when they are asked for.</summary>
internal sealed unsafe class SafetensorsFile : IDisposable
{
    // Spans and TorchSharp's view of a tensor's bytes hold less than 2 GiB.
    private const int ChunkElements = 1 << 26;

    private readonly MemoryMappedFile _mapping;
    private readonly MemoryMappedViewAccessor _view;
    private readonly byte* _data;

    /// <summary>Opens a file and checks its header.</summary>
    /// <exception cref="AlignmentDataException">It is missing, damaged or of another format.</exception>
    public SafetensorsFile(string path)
    {
        FilePath = path;
        if (!File.Exists(path))
            throw new AlignmentDataException($"{path}: there is no such file; the checkpoint is incomplete, copy it again.");
        // The length of what a link points to, not of the link: model caches are made of links.
        using FileStream file = File.OpenRead(path);
        long length = file.Length;
        if (length < SafetensorsHeader.LengthBytes)
            throw new AlignmentDataException($"{path}: it has {length} bytes, too few for a safetensors file; copy it again.");
        _mapping = MemoryMappedFile.CreateFromFile(file, null, 0, MemoryMappedFileAccess.Read, HandleInheritability.None, leaveOpen: true);
        _view = _mapping.CreateViewAccessor(0, length, MemoryMappedFileAccess.Read);
        byte* start = null;
        _view.SafeMemoryMappedViewHandle.AcquirePointer(ref start);
        start += _view.PointerOffset;
        try
        {
            long headerLength = BinaryPrimitives.ReadInt64LittleEndian(new ReadOnlySpan<byte>(start, SafetensorsHeader.LengthBytes));
            if (headerLength is <= 0 or > SafetensorsHeader.MaxLength)
                throw new AlignmentDataException($"{path}: its first eight bytes give no length of a header; it is no safetensors file.");
            long dataLength = length - SafetensorsHeader.LengthBytes - headerLength;
            if (dataLength < 0)
                throw new AlignmentDataException($"{path}: it is cut short within its header; copy it again.");
            Header = SafetensorsHeader.Parse(path, new ReadOnlySpan<byte>(start + SafetensorsHeader.LengthBytes, (int)headerLength), dataLength);
            _data = start + SafetensorsHeader.LengthBytes + headerLength;
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>Where it is.</summary>
    public string FilePath { get; }

    /// <summary>What is in it.</summary>
    public SafetensorsHeader Header { get; }

    /// <summary>A part of a tensor's bytes; valid until the file is disposed.</summary>
    public ReadOnlySpan<byte> Bytes(SafetensorsEntry entry, long offset, int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(offset + count, entry.Length);
        return new ReadOnlySpan<byte>(_data + entry.Begin + offset, count);
    }

    /// <summary>A tensor with the file's bits, on the host; the caller owns it.</summary>
    /// <exception cref="AlignmentDataException">Its type is not one of weights.</exception>
    public Tensor Read(SafetensorsEntry entry)
    {
        ScalarType type = SafetensorsType.OfWeight(entry.Type)
            ?? throw new AlignmentDataException($"{FilePath}: weight '{entry.Name}' has type {entry.Type}; save the checkpoint as bfloat16, float16 or float32.");
        using var scope = NewDisposeScope();
        Tensor result = empty(entry.Shape, dtype: type);
        Tensor flat = result.view(-1);
        int size = SafetensorsType.Size(entry.Type);
        for (long at = 0; at < flat.shape[0]; at += ChunkElements)
        {
            long count = Math.Min(ChunkElements, flat.shape[0] - at);
            using Tensor chunk = flat.narrow(0, at, count);
            Bytes(entry, at * size, (int)count * size).CopyTo(chunk.bytes);
        }

        return result.MoveToOuterDisposeScope();
    }

    /// <summary>Copies a tensor's bytes as they are.</summary>
    public void CopyTo(SafetensorsEntry entry, Stream destination)
    {
        for (long at = 0; at < entry.Length; at += ChunkElements)
            destination.Write(Bytes(entry, at, (int)Math.Min(ChunkElements, entry.Length - at)));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _view.SafeMemoryMappedViewHandle.ReleasePointer();
        _view.Dispose();
        _mapping.Dispose();
    }

    /// <summary>Writes a tensor's bits in a type of the format.</summary>
    /// <param name="tensor">Float32, bfloat16 or float16, on any device.</param>
    /// <param name="type">Type in the file; finite values that do not fit into it are an error.</param>
    /// <param name="name">Named in errors.</param>
    /// <param name="destination">Where to.</param>
    /// <exception cref="AlignmentDataException">A finite value becomes infinite.</exception>
    public static void Write(Tensor tensor, ScalarType type, string name, Stream destination)
    {
        using var scope = NewDisposeScope();
        Tensor converted = tensor.detach().to(type).cpu().contiguous();
        if (type == ScalarType.Float16 && tensor.dtype != type
            && converted.isinf().sum().item<long>() > tensor.isinf().sum().item<long>())
        {
            throw new AlignmentDataException($"weight '{name}' has values above 65504 and does not fit into float16; save as bfloat16 or float32.");
        }

        Tensor flat = converted.view(-1);
        for (long at = 0; at < flat.shape[0]; at += ChunkElements)
        {
            using Tensor chunk = flat.narrow(0, at, Math.Min(ChunkElements, flat.shape[0] - at));
            destination.Write(chunk.bytes);
        }
    }
}
