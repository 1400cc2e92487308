namespace PtaKernels.Corpus;

/// <summary>A file that appears under its final name only when it is complete: written beside it, flushed to disk, then renamed.</summary>
public sealed class AtomicFile : IDisposable
{
    private readonly string _path;
    private readonly string _partial;
    private readonly bool _replace;
    private FileStream? _stream;

    /// <summary>Opens the partial file, emptying one that an earlier run left.</summary>
    /// <exception cref="AlignmentDataException">The final name is taken and may not be replaced, or its folder does not exist.</exception>
    public AtomicFile(string path, bool replace)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        _path = Path.GetFullPath(path);
        _replace = replace;
        if (!replace && File.Exists(_path))
            throw new AlignmentDataException($"{path}: exists already; name another file or add --force.");
        if (Path.GetDirectoryName(_path) is { } folder && !Directory.Exists(folder))
            throw new AlignmentDataException($"{path}: its folder does not exist; make it first.");
        _partial = _path + ".partial";
        _stream = new FileStream(_partial, FileMode.Create, FileAccess.Write, FileShare.None, 1 << 16);
    }

    /// <summary>Writes a whole file, in the place of one that is there.</summary>
    /// <exception cref="AlignmentDataException">Its folder does not exist.</exception>
    public static void Write(string path, ReadOnlySpan<byte> content)
    {
        using var file = new AtomicFile(path, replace: true);
        file.Stream.Write(content);
        file.Commit();
    }

    /// <summary>The same of a text, as UTF-8.</summary>
    /// <inheritdoc cref="Write(string, ReadOnlySpan{byte})"/>
    public static void Write(string path, string text) => Write(path, System.Text.Encoding.UTF8.GetBytes(text));

    /// <summary>Where to write.</summary>
    public Stream Stream => _stream ?? throw new ObjectDisposedException(nameof(AtomicFile));

    /// <summary>Publishes the file.</summary>
    public void Commit()
    {
        var stream = (FileStream)Stream;
        stream.Flush(flushToDisk: true);
        stream.Dispose();
        _stream = null;
        File.Move(_partial, _path, _replace);
    }

    /// <summary>Removes what was not committed.</summary>
    public void Dispose()
    {
        if (_stream is null)
            return;
        _stream.Dispose();
        _stream = null;
        File.Delete(_partial);
    }
}
