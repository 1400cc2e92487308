using PtaKernels.Corpus.Folders;
using PtaKernels.Corpus.Stores;

namespace PtaKernels.Corpus;

/// <summary>Finds the reader of a path by what the path is.</summary>
public static class DocumentFiles
{
    /// <summary>What <see cref="Open"/> takes, for the help of options and for messages.</summary>
    public const string Formats = "a store, JSON lines (plain or .gz), or a dataset folder of save_to_disk";

    /// <summary>A reader of a store, of a dataset folder, or else of a JSON-lines file.</summary>
    /// <exception cref="AlignmentDataException">There is nothing readable there.</exception>
    public static IDocumentReader Open(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        if (!Path.Exists(path))
            throw new AlignmentDataException($"{path}: no such file or folder.");
        return StoreReader.IsStore(path) ? new StoreReader(path) : Directory.Exists(path) ? new DatasetFolder(path) : new JsonLinesReader(path);
    }

    /// <summary>All documents of a path, parsed one by one.</summary>
    /// <exception cref="AlignmentDataException">A document is bad input, or there is nothing readable there.</exception>
    public static IEnumerable<TokenizedDocument> Read(string path)
    {
        IDocumentReader reader = Open(path);
        return reader.Splits.SelectMany(split => reader.Read(split)).Select(static record => record.Parse());
    }
}
