using System.Buffers;
using System.IO.MemoryMappedFiles;
using System.Runtime.InteropServices;

namespace PtaKernels.Corpus.Folders;

/// <summary>A whole file, at most 2 GiB, as memory: pages are read when they are first looked at.</summary>
/// <remarks>
/// Arrow arrays point into the mapping, so it is not unmapped while one of them is alive: nothing disposes it, and the view's own handle unmaps it once the
/// last array is collected.
/// </remarks>
internal sealed unsafe partial class MappedFile : MemoryManager<byte>
{
    private const int DontNeed = 4; // MADV_DONTNEED, the same number on Linux and macOS

    private readonly MemoryMappedViewAccessor _view;
    private readonly byte* _start;
    private readonly int _length;

    /// <summary>Maps a file.</summary>
    public MappedFile(FileStream file)
    {
        _length = checked((int)file.Length);
        using var mapping = MemoryMappedFile.CreateFromFile(file, null, 0, MemoryMappedFileAccess.Read, HandleInheritability.None, leaveOpen: true);
        _view = mapping.CreateViewAccessor(0, _length, MemoryMappedFileAccess.Read);
        byte* start = null;
        _view.SafeMemoryMappedViewHandle.AcquirePointer(ref start);
        _view.SafeMemoryMappedViewHandle.ReleasePointer(); // the handle is kept alive by this object, not by a count
        _start = start + _view.PointerOffset;
    }

    /// <inheritdoc/>
    public override Span<byte> GetSpan() => new(_start, _length);

    /// <inheritdoc/>
    public override MemoryHandle Pin(int elementIndex = 0) => new(_start + elementIndex, pinnable: this);

    /// <inheritdoc/>
    public override void Unpin()
    {
    }

    /// <summary>Gives back the pages looked at so far; looking again reads them again. Keeps a corpus larger than the memory from filling it.</summary>
    public void Forget()
    {
        if (!OperatingSystem.IsWindows())
            _ = Advise((nint)_start, (nuint)_length, DontNeed); // only advice: a refusal costs memory, nothing else
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
    }

    [LibraryImport("libc", EntryPoint = "madvise")]
    private static partial int Advise(nint address, nuint length, int advice);
}
