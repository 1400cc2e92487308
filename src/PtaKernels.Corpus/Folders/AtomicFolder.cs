namespace PtaKernels.Corpus.Folders;

/// <summary>A dataset folder that appears under its final name only when it is complete: written as <c>OUT.partial</c>, then renamed.</summary>
internal sealed class AtomicFolder : IDisposable
{
    private readonly string _path;
    private bool _committed;

    /// <summary>Checks that the name is free, and empties what an earlier run left.</summary>
    /// <param name="path">The final name.</param>
    /// <param name="replace">Whether a dataset of that name may be replaced.</param>
    /// <param name="inputs">What is read while it is written.</param>
    /// <exception cref="AlignmentDataException">The output exists and may not be replaced, or holds an input.</exception>
    public AtomicFolder(string path, bool replace, IEnumerable<string> inputs)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        _path = Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));
        Partial = _path + ".partial";
        RequireFree(path, replace, inputs);
    }

    /// <summary>Where to write.</summary>
    public string Partial { get; }

    /// <summary>Makes the folder.</summary>
    public void Create()
    {
        if (Directory.Exists(Partial))
            Directory.Delete(Partial, recursive: true);
        Directory.CreateDirectory(Partial);
    }

    /// <summary>Publishes the folder.</summary>
    public void Commit()
    {
        string? old = Directory.Exists(_path) ? _path + ".replaced" : null;
        if (old is not null)
            Directory.Move(_path, old);
        Directory.Move(Partial, _path);
        _committed = true;
        if (old is not null)
            Directory.Delete(old, recursive: true);
    }

    /// <summary>Removes what was not committed.</summary>
    public void Dispose()
    {
        if (!_committed && Directory.Exists(Partial))
            Directory.Delete(Partial, recursive: true);
    }

    private void RequireFree(string path, bool replace, IEnumerable<string> inputs)
    {
        if (File.Exists(_path))
            throw new AlignmentDataException($"{path}: is a file, but the output is a folder; name another one.");
        if (Path.GetDirectoryName(_path) is { } parent && !Directory.Exists(parent))
            throw new AlignmentDataException($"{path}: its folder does not exist; make it first.");
        foreach (string input in inputs)
        {
            if ((Path.GetFullPath(input) + Path.DirectorySeparatorChar).StartsWith(_path + Path.DirectorySeparatorChar, StringComparison.Ordinal))
                throw new AlignmentDataException($"{path}: holds the input {input}; name another folder.");
        }

        if (!Directory.Exists(_path))
            return;
        if (!replace)
            throw new AlignmentDataException($"{path}: exists already; name another folder or add --force.");
        if (!DatasetFolder.IsDataset(_path))
            throw new AlignmentDataException($"{path}: is a folder but no dataset, so it is not replaced; name another one.");
    }
}
