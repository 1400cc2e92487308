namespace PtaKernels.Corpus;

/// <summary>A folder of several files that appears under its name only when all of them are complete and on the disk.</summary>
/// <remarks>
/// The files are written into a folder beside it, which then takes its name. An older folder of that name is exchanged for the new one in one step
/// where the file system can (Linux: ext4, xfs, btrfs, tmpfs, overlay), and stays whole until then. What a stopped run left is removed by the next, unless it
/// says that it goes on with it.
/// </remarks>
internal sealed class AtomicFolder : IDisposable
{
    private readonly string _path;
    private readonly string _former;
    private readonly bool _replace;
    private readonly bool _resume;
    private readonly Func<string, Stream> _open;
    private bool _done;

    /// <summary>Starts a folder beside the final one.</summary>
    /// <param name="path">The final one.</param>
    /// <param name="replace">Whether one that exists is replaced.</param>
    /// <param name="open">How a new file is opened; for tests.</param>
    /// <param name="resume">Keep what a stopped run left, and leave what this one does not commit to the next.</param>
    /// <exception cref="AlignmentDataException">The name is taken, or nothing can be written there.</exception>
    public AtomicFolder(string path, bool replace, Func<string, Stream>? open = null, bool resume = false)
    {
        _path = Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));
        PartialPath = _path + ".partial";
        _former = _path + ".former";
        _replace = replace;
        _resume = resume;
        _open = open ?? (static file => new FileStream(file, FileMode.CreateNew, FileAccess.Write, FileShare.None, 1 << 20));
        if (File.Exists(_path))
            throw new AlignmentDataException($"{path}: this is a file; name a folder.");
        try
        {
            // Stopped between the two renames of a file system that cannot exchange.
            if (Directory.Exists(_former) && !Directory.Exists(_path))
                Directory.Move(_former, _path);
            if (!replace && Directory.Exists(_path) && Directory.EnumerateFileSystemEntries(_path).Any())
                throw new AlignmentDataException($"{path}: exists already; name another folder.");
            Remove(_former);
            if (!resume)
                Remove(PartialPath);
            Directory.CreateDirectory(PartialPath);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Sentence(e);
        }
    }

    /// <summary>Where the files are until <see cref="Commit"/>.</summary>
    public string PartialPath { get; }

    /// <summary>Writes one file and flushes it to the disk.</summary>
    /// <param name="name">Its name within the folder.</param>
    /// <param name="write">Writes its bytes.</param>
    /// <exception cref="AlignmentDataException">The disk is full or refuses.</exception>
    public void Write(string name, Action<Stream> write)
    {
        try
        {
            using Stream stream = _open(Path.Combine(PartialPath, name));
            write(stream);
            stream.Flush();
            (stream as FileStream)?.Flush(flushToDisk: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Sentence(e);
        }
    }

    /// <summary>Writes one file of these bytes.</summary>
    public void Write(string name, byte[] bytes) => Write(name, stream => stream.Write(bytes));

    /// <summary>Gives the folder its name.</summary>
    public void Commit()
    {
        try
        {
            DurableFiles.FlushFolder(PartialPath);
            if (!Directory.Exists(_path))
            {
                Directory.Move(PartialPath, _path);
            }
            else if (!_replace)
            {
                Directory.Delete(_path); // was empty; if not any more, this refuses
                Directory.Move(PartialPath, _path);
            }
            else if (!DurableFiles.TryExchange(PartialPath, _path))
            {
                Directory.Move(_path, _former);
                Directory.Move(PartialPath, _path);
            }

            _done = true;
            DurableFiles.FlushFolder(Path.GetDirectoryName(_path)!);
            Remove(PartialPath); // the former folder, after an exchange
            Remove(_former);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Sentence(e);
        }
    }

    /// <summary>Removes what was not committed, where the next run does not go on with it.</summary>
    public void Dispose()
    {
        if (_done)
            return;
        _done = true;
        if (!_resume || !Directory.EnumerateFileSystemEntries(PartialPath).Any())
            Remove(PartialPath);
    }

    /// <summary>What went wrong, and what the state of things is.</summary>
    private AlignmentDataException Sentence(Exception e)
    {
        string former = Directory.Exists(_path) ? "what was there is unchanged" : "nothing was written there";
        return new AlignmentDataException($"{_path}: {DurableFiles.ReasonOf(e)} ({former}).", e);
    }

    private static void Remove(string folder)
    {
        if (Directory.Exists(folder))
            Directory.Delete(folder, recursive: true);
    }
}
