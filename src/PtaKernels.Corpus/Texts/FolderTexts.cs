using Apache.Arrow.Types;
using PtaKernels.Corpus.Folders;

namespace PtaKernels.Corpus.Texts;

/// <summary>Text documents as a dataset folder.</summary>
internal static class FolderTexts
{
    /// <summary>Opens a folder of texts.</summary>
    public static DatasetFolder Open(string path) => new(path, Require);

    /// <summary>Documents of all splits.</summary>
    public static long CountOf(string path) => Open(path) is var folder ? folder.Splits.Sum(split => folder.CountOf(split)!.Value) : 0;

    /// <summary>Reads documents of all splits; see <see cref="TextDocument.Read"/>.</summary>
    public static IEnumerable<TextDocument> Read(string path, string? domainField, bool keepFields, long first, long count)
    {
        DatasetFolder folder = Open(path);
        foreach (FolderRecord record in Ranges.Of(folder.Splits.SelectMany(split => folder.Read(split)), first, count).Cast<FolderRecord>())
        {
            string text = record.ValueOf(TextDocument.TextField)
                ?? throw new AlignmentDataException($"{record.Where}: {TextDocument.TextField} is null; remove the row.");
            string id = record.Columns.Has(TextDocument.IdField) ? record.ValueOf(TextDocument.IdField) ?? record.DefaultId : record.DefaultId;
            yield return new TextDocument(id, domainField is null ? "" : record.ValueOf(domainField) ?? "", text, record.Where, record.Share)
            {
                Fields = keepFields ? FieldsOf(record) : [],
            };
        }
    }

    private static void Require(ArrowShard shard)
    {
        if (!shard.Schema.FieldsLookup.Contains(TextDocument.TextField))
            throw new AlignmentDataException($"{shard.Path}: has no column {TextDocument.TextField}; each document needs one.");
        IArrowType type = shard.Schema.GetFieldByName(TextDocument.TextField).DataType;
        if (!IsText(type))
            throw new AlignmentDataException($"{shard.Path}: column {TextDocument.TextField} is {ArrowLists.Describe(type)}, not a string; each document needs one.");
    }

    private static KeyValuePair<string, string>[] FieldsOf(FolderRecord record) =>
    [
        .. record.Shard.Schema.FieldsList.Where(static f => IsText(f.DataType) && f.Name is not (TextDocument.TextField or TextDocument.IdField))
            .Select(f => (f.Name, Value: record.ValueOf(f.Name))).Where(static f => f.Value is not null).Select(static f => KeyValuePair.Create(f.Name, f.Value!)),
    ];

    private static bool IsText(IArrowType type) => type is StringType or LargeStringType;
}
