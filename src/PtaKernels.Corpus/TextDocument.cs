using PtaKernels.Corpus.Folders;
using PtaKernels.Corpus.Parts;
using PtaKernels.Corpus.Texts;

namespace PtaKernels.Corpus;

/// <summary>A document before any tokenizer saw it.</summary>
/// <param name="Id">Its name: the field or column <c>id</c>, else its place in the corpus.</param>
/// <param name="Domain">What it is counted under; empty where nothing was asked for.</param>
/// <param name="Text">The text; may be empty.</param>
/// <param name="Where">Its place, for messages.</param>
/// <param name="Share">About how much of the corpus is read with it, 0..1.</param>
public sealed record TextDocument(string Id, string Domain, string Text, string Where, double Share)
{
    /// <summary>The field that holds the text.</summary>
    public const string TextField = "text";

    /// <summary>The field that holds the name.</summary>
    public const string IdField = "id";

    /// <summary>What <see cref="Read"/> takes, for the help of options and for messages.</summary>
    public const string Formats = "JSON lines, plain or .gz, with text; a dataset folder of save_to_disk with a column text; a .txt file, or a folder of them";

    /// <summary>The document's other string fields in their order, where they were asked for.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Fields { get; init; } = [];

    /// <summary>Reads a corpus, recognised by what the path is.</summary>
    /// <remarks>
    /// <list type="bullet">
    /// <item>A file of JSON lines, plain or gzip: objects with a string <c>text</c>, named by <c>id</c>, else <c>line N</c>.</item>
    /// <item>A dataset folder of <c>save_to_disk</c> with a string column <c>text</c>: all splits, one after another, named by the column <c>id</c>, else <c>SPLIT/ROW</c>.</item>
    /// <item>A <c>.txt</c> file in UTF-8: one document, named as the file. A folder with such files at any depth: one document each, in ordinal order of their paths, named by them.</item>
    /// </list>
    /// </remarks>
    /// <param name="path">The file or folder.</param>
    /// <param name="domainField">The field or column whose value is the domain; null for one domain.</param>
    /// <param name="keepFields">Whether other string fields are kept in <see cref="Fields"/>.</param>
    /// <exception cref="AlignmentDataException">There is no document, or one is damaged, has no text, or no domain.</exception>
    public static IEnumerable<TextDocument> Read(string path, string? domainField = null, bool keepFields = false)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        return AtLeastOne(path, ReadRange(path, domainField, keepFields, 0, long.MaxValue));
    }

    /// <summary>Reads the documents of a part of a corpus; the others are counted, not parsed.</summary>
    /// <param name="path">The file or folder.</param>
    /// <param name="domainField">As in <see cref="Read"/>.</param>
    /// <param name="part">The part; null = all.</param>
    /// <exception cref="AlignmentDataException">There are fewer documents than parts, or one of the part's is bad.</exception>
    internal static IEnumerable<TextDocument> ReadPart(string path, string? domainField, CorpusPart? part)
    {
        if (part is null)
            return Read(path, domainField);
        (long first, long stop) = part.Of(path, CountOf(path));
        return ReadRange(path, domainField, keepFields: false, first, stop - first).Select(text => text with { Share = Math.Clamp((text.Share * part.Count) - part.Index, 0, 1) });
    }

    /// <summary>Tells a corpus from another without reading all of it.</summary>
    internal static string IdentityOf(string path) => !Directory.Exists(path) ? InputIdentity.OfFile(path)
        : DatasetFolder.IsDataset(path) ? FolderTexts.Open(path).Identity : InputIdentity.OfFiles(PlainTexts.NamesIn(path).Select(name => Path.Combine(path, name)));

    private static long CountOf(string path) => !Directory.Exists(path)
        ? PlainTexts.IsPlain(path) ? 1 : JsonLines.ReadLines(path).LongCount()
        : DatasetFolder.IsDataset(path) ? FolderTexts.CountOf(path) : PlainTexts.NamesIn(path).Length;

    private static IEnumerable<TextDocument> ReadRange(string path, string? domainField, bool keepFields, long first, long count) => !Directory.Exists(path)
        ? PlainTexts.IsPlain(path) ? PlainTexts.ReadFile(path, domainField) : LineTexts.Read(path, domainField, keepFields, first, count)
        : DatasetFolder.IsDataset(path) ? FolderTexts.Read(path, domainField, keepFields, first, count) : PlainTexts.ReadFolder(path, domainField, first, count);

    private static IEnumerable<TextDocument> AtLeastOne(string path, IEnumerable<TextDocument> documents)
    {
        bool any = false;
        foreach (TextDocument document in documents)
        {
            any = true;
            yield return document;
        }

        if (!any)
            throw new AlignmentDataException($"{path}: holds no document; name a corpus that does: {Formats}.");
    }
}
