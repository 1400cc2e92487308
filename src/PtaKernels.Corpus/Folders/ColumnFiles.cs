using System.Text.Json;
using Apache.Arrow;

namespace PtaKernels.Corpus.Folders;

/// <summary>A file whose rows are documents, in Arrow columns.</summary>
internal interface IColumnFile
{
    /// <summary>The file.</summary>
    string Path { get; }

    /// <summary>The columns that are read.</summary>
    Schema Schema { get; }

    /// <summary>Runs something that looks into the file's structures; whatever a damaged file breaks in there becomes one sentence.</summary>
    /// <param name="read">What to run.</param>
    /// <param name="where">Names the place when it is closer than the file.</param>
    T Guard<T>(Func<T> read, Func<string>? where = null);
}

/// <summary>A document whose record keeps the columns it came from.</summary>
internal interface IColumnRecord : IDocumentRecord
{
    /// <summary>Its file.</summary>
    IColumnFile Shard { get; }

    /// <summary>Its record batch.</summary>
    DocumentColumns Columns { get; }

    /// <summary>Its row in the batch.</summary>
    int BatchRow { get; }
}

/// <summary>The columns of one split of a corpus, known before any record is read.</summary>
internal interface IColumnSplit
{
    /// <summary>The split's name.</summary>
    string Name { get; }

    /// <summary>One of its files, for messages.</summary>
    string FirstFile { get; }

    /// <summary>Its columns.</summary>
    IReadOnlyList<Field> Columns { get; }

    /// <summary>What the input says of a column as a Hugging Face feature, or null.</summary>
    JsonElement? FeatureOf(string column);
}

/// <summary>A reader whose records are <see cref="IColumnRecord"/>.</summary>
internal interface IColumnReader : IDocumentReader
{
    /// <summary>A split by its name.</summary>
    IColumnSplit ColumnsOf(string split);
}
