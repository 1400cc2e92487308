using System.Globalization;

namespace PtaKernels.Corpus;

/// <summary>A folder of several files that appears under its name only when all of them are complete and on the disk.</summary>
/// <remarks>
/// The files are written into a folder beside it, which then takes its name. An older folder of that name is exchanged for the new one in one step
/// where the file system can (Linux: ext4, xfs, btrfs, tmpfs, overlay), and stays whole until then. What a stopped run left is removed by the next, unless it
/// says that it goes on with it. Of runs that several machines make of one folder, one that was given up may live on: <see cref="TakeOver"/> shuts it out where
/// the next goes on, and a name of its own where nothing is gone on with; whichever commits first has made the folder, and takes what the others left away.
/// </remarks>
internal sealed class AtomicFolder : IDisposable
{
    private readonly string _path;
    private readonly string _former;
    private readonly bool _replace;
    private readonly bool _resume, _own;
    private readonly Func<string, Stream> _open;
    private bool _done;

    private const string Partial = ".partial";

    /// <summary>Starts a folder beside the final one.</summary>
    /// <param name="path">The final one.</param>
    /// <param name="replace">Whether one that exists is replaced.</param>
    /// <param name="open">How a new file is opened; for tests.</param>
    /// <param name="resume">Keep what a stopped run left, and leave what this one does not commit to the next.</param>
    /// <param name="own">Write under a name that no other run has, so that several may try.</param>
    /// <exception cref="AlignmentDataException">The name is taken, or nothing can be written there.</exception>
    public AtomicFolder(string path, bool replace, Func<string, Stream>? open = null, bool resume = false, bool own = false)
    {
        _path = Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));
        _own = own;
        PartialPath = own ? $"{_path}{Partial}.{Guid.NewGuid():N}" : resume ? Newest() : _path + Partial;
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
    public string PartialPath { get; private set; }

    /// <summary>Moves what a stopped run left to a new name, with a new file to lock: should that run live on, it finds nothing under the old name, and what it holds open is no part of the folder any more.</summary>
    /// <param name="lockName">The file that a run holds as long as it writes; without one, or an empty one, there is nothing to take over.</param>
    /// <exception cref="AlignmentDataException">The run is alive as far as locks tell, or another one was faster.</exception>
    public void TakeOver(string lockName)
    {
        var file = new FileInfo(Path.Combine(PartialPath, lockName));
        if (!file.Exists || file.Length == 0)
            return;
        try
        {
            using var held = new FileStream(file.FullName, FileMode.Open, FileAccess.ReadWrite, FileShare.None, 1);
            string next = $"{_path}{Partial}.{NumberOf(PartialPath) + 1}";
            Directory.Move(PartialPath, next);
            PartialPath = next;
            string copy = Path.Combine(next, lockName + Partial), name = Path.Combine(next, lockName);
            using (var lines = new FileStream(copy, FileMode.Create, FileAccess.Write, FileShare.None))
            {
                held.CopyTo(lines);
                lines.Flush(flushToDisk: true);
            }

            File.Move(copy, name, overwrite: true);
            DurableFiles.FlushFolder(next);
        }
        catch (IOException e)
        {
            throw new AlignmentDataException($"{PartialPath}: another run is writing there ({e.Message.TrimEnd('.')}); wait for it, or name another output.", e);
        }
    }

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
            RemoveOthers();
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
        if (!_resume || (Directory.Exists(PartialPath) && !Directory.EnumerateFileSystemEntries(PartialPath).Any()))
            Remove(PartialPath);
    }

    /// <summary>What went wrong, and what the state of things is.</summary>
    private AlignmentDataException Sentence(Exception e)
    {
        if ((_resume || _own) && !Directory.Exists(PartialPath) && e is DirectoryNotFoundException)
            return new AlignmentDataException($"{_path}: {TakenOver}.", e);
        string former = Directory.Exists(_path) ? "what was there is unchanged" : "nothing was written there";
        return new AlignmentDataException($"{_path}: {DurableFiles.ReasonOf(e)} ({former}).", e);
    }

    /// <summary>What is said by a run that was given up and lived on.</summary>
    public const string TakenOver = "another run has taken this one over, or finished it; this one stops";

    /// <summary>What runs left that go on, the last one to take over.</summary>
    private string Newest() => Others().Where(f => NumberOf(f) > 0).MaxBy(NumberOf) ?? _path + Partial;

    private IEnumerable<string> Others()
    {
        string name = Path.GetFileName(_path) + Partial;
        string folder = Path.GetDirectoryName(_path)!;
        return !Directory.Exists(folder) ? [] : [.. Directory.EnumerateDirectories(folder, Path.GetFileName(_path) + Partial + "*").Where(f => Path.GetFileName(f) == name || Path.GetFileName(f).StartsWith(name + ".", StringComparison.Ordinal))];
    }

    /// <summary>1 for the first run's folder, 2 for the one that took it over, and so on; 0 for a name of another kind.</summary>
    private int NumberOf(string partial) => partial == _path + Partial ? 1
        : int.TryParse(partial.AsSpan(_path.Length + Partial.Length + 1), NumberStyles.None, CultureInfo.InvariantCulture, out int number) ? number : 0;

    /// <summary>Takes away what other runs left; one that is still at work there may keep some of it, which is in nobody's way.</summary>
    private void RemoveOthers()
    {
        foreach (string other in _resume || _own ? Others() : [])
        {
            try
            {
                Remove(other);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                continue;
            }
        }
    }

    private static void Remove(string folder)
    {
        if (Directory.Exists(folder))
            Directory.Delete(folder, recursive: true);
    }
}
