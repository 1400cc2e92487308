namespace PtaKernels.Corpus.Folders;

/// <summary>The output of a run as a dataset folder: never an input, never in place of something else, complete or not there (<see cref="AtomicFolder"/>).</summary>
internal sealed class DatasetOutput : IDisposable
{
    private readonly string _path;
    private readonly bool _replace;
    private AtomicFolder? _folder;

    /// <summary>Checks that the name may be taken.</summary>
    /// <param name="path">The final name.</param>
    /// <param name="replace">Whether a dataset of that name may be replaced.</param>
    /// <param name="inputs">What is read while it is written.</param>
    /// <exception cref="AlignmentDataException">The output exists and may not be replaced, or holds an input.</exception>
    public DatasetOutput(string path, bool replace, IEnumerable<string> inputs)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        _path = Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));
        _replace = replace;
        RequireFree(path, replace, inputs);
    }

    /// <summary>Where to write.</summary>
    public string Partial => (_folder ?? throw new InvalidOperationException("the folder is not made yet")).PartialPath;

    /// <summary>Makes the folder.</summary>
    /// <param name="resume">Keep what a stopped run left there, and what this one leaves, instead of emptying it.</param>
    /// <param name="own">Under a name that no other run has (<see cref="AtomicFolder"/>).</param>
    /// <param name="takeOver">The file that a run holds, where one that was given up is to be shut out.</param>
    public void Create(bool resume = false, bool own = false, string? takeOver = null)
    {
        _folder = new AtomicFolder(_path, _replace, resume: resume, own: own);
        if (takeOver is not null)
            _folder.TakeOver(takeOver);
    }

    /// <summary>Publishes the folder.</summary>
    public void Commit() => _folder!.Commit();

    /// <summary>Removes what was not committed, unless it was made to go on with.</summary>
    public void Dispose() => _folder?.Dispose();

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
