using PtaKernels.Corpus.Folders;
using PtaKernels.Corpus.Parquet;
using PtaKernels.Corpus.Servers;
using PtaKernels.Corpus.Stores;

namespace PtaKernels.Corpus;

/// <summary>Finds the reader of a path by what the path is.</summary>
public static class DocumentFiles
{
    /// <summary>What <see cref="Open"/> takes, for the help of options and for messages.</summary>
    public const string Formats = "a store, JSON lines (plain or .gz; a server's log-probabilities too), a dataset folder of save_to_disk, or Parquet";

    /// <summary>A reader of a store, of a dataset folder, of Parquet (by the name or the first bytes), of a server's log-probabilities (by the first line), or else of a JSON-lines file.</summary>
    /// <exception cref="AlignmentDataException">There is nothing readable there.</exception>
    public static IDocumentReader Open(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        if (!Path.Exists(path))
            throw new AlignmentDataException($"{path}: no such file or folder.");
        if (StoreReader.IsStore(path))
            return new StoreReader(path);
        bool isDataset = Directory.Exists(path) && DatasetFolder.IsDataset(path);
        if (!isDataset && ParquetDocuments.IsParquet(path))
            return new ParquetDocuments(path);
        if (Directory.Exists(path))
            return new DatasetFolder(path);
        return ServerLines.AreIn(path) ? new ServerLines(path) : new JsonLinesReader(path);
    }

    /// <summary>All documents of a path, parsed one by one.</summary>
    /// <exception cref="AlignmentDataException">A document is bad input, or there is nothing readable there.</exception>
    public static IEnumerable<TokenizedDocument> Read(string path)
    {
        IDocumentReader reader = Open(path);
        return reader.Splits.SelectMany(split => reader.Read(split)).Select(static record => record.Parse());
    }
}
