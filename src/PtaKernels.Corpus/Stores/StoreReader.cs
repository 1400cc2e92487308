using System.Security.Cryptography;
using System.Text.Json;
using Apache.Arrow;
using PtaKernels.Corpus.Folders;

namespace PtaKernels.Corpus.Stores;

/// <summary>A compact store: sharded Arrow IPC streams and a manifest that knows every byte of them.</summary>
/// <remarks>
/// The manifest <c>manifest.jsonl</c> is read when the store is opened; a shard is mapped when its first document is asked for. Read from front to back, each
/// shard's SHA-256 is compared first, so that no damaged document is ever aligned; <see cref="DocumentAt"/> goes straight to a document and relies on
/// <c>pta store check</c>. Nothing here ever writes to a store: one teacher's store may serve any number of runs at once.
/// </remarks>
public sealed class StoreReader : IDocumentReader
{
    /// <summary>Rows after which the pages looked at are given back.</summary>
    private const int RowsBetweenForgets = 256;

    private readonly StoreManifest _manifest;
    private readonly long _tokens;

    /// <summary>Opens a complete store.</summary>
    /// <param name="path">Its folder.</param>
    /// <exception cref="AlignmentDataException">It is no store, not complete, or its manifest is damaged.</exception>
    public StoreReader(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        Path = path;
        _manifest = StoreManifest.Require(path);
        _tokens = Math.Max(1, _manifest.Totals!.Tokens);
    }

    /// <inheritdoc/>
    public string Path { get; }

    /// <inheritdoc/>
    public string Kind => Header.Kind == StoreKind.Teacher ? "store" : "store of aligned documents";

    /// <inheritdoc/>
    public IReadOnlyList<string> Splits => Header.Splits;

    /// <summary>What holds for all shards.</summary>
    public StoreHeader Header => _manifest.Header!;

    /// <summary>The shards, in order.</summary>
    public IReadOnlyList<StoreShard> Shards => _manifest.Shards;

    /// <summary>Sums over the shards.</summary>
    public StoreTotals Totals => _manifest.Totals!;

    /// <summary>The input's other columns.</summary>
    internal IReadOnlyList<Field> Others => Header.Others.Count == 0 || Shards.Count == 0 ? [] : [.. Open(0).Schema.FieldsList.Skip(StoreColumns.FieldsOf(Header).Count)];

    /// <inheritdoc/>
    public string Identity => "sha256:" + Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(System.IO.Path.Combine(Path, StoreManifest.FileName))));

    /// <summary>Whether a folder is a store, complete or not.</summary>
    public static bool IsStore(string path) => File.Exists(System.IO.Path.Combine(path, StoreManifest.FileName));

    /// <inheritdoc/>
    public long? CountOf(string split) => Shards.Where(s => s.Split == split).Sum(static s => s.Documents);

    /// <inheritdoc/>
    public IEnumerable<IDocumentRecord> Read(string split, long first = 0) => Rows(split, first).Select(row => new StoreRecord(this, row));

    /// <inheritdoc/>
    public IDocumentWriter OpenOutput(OutputRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        return AlignedStoreWriter.Open(request, Splits);
    }

    /// <summary>A document by its number in its split, without reading those before it.</summary>
    /// <param name="split">The split.</param>
    /// <param name="number">From 0.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such document.</exception>
    /// <exception cref="AlignmentDataException">Its shard is missing or damaged.</exception>
    public IDocumentRecord DocumentAt(string split, long number)
    {
        foreach ((int index, long before) in ShardsOf(split))
        {
            if (number - before >= Shards[index].Documents || number < 0)
                continue;
            ArrowShard shard = Open(index);
            foreach (ArrowBatch batch in shard.ReadBatches())
            {
                if (number - before < batch.FirstRow + batch.Batch.Length)
                    return new StoreRecord(this, new StoreRow(new StoreRows(Header, shard, batch), split, (int)(number - before - batch.FirstRow), number, index, number - before == Shards[index].Documents - 1));
            }
        }

        throw new ArgumentOutOfRangeException(nameof(number), number, $"{Path} has {CountOf(split)} documents in split '{split}'.");
    }

    /// <summary>The rows of a split from one of them on, shard by shard.</summary>
    internal IEnumerable<StoreRow> Rows(string split, long first)
    {
        long tokens = Shards.TakeWhile(s => s.Split != split).Sum(static s => s.Tokens);
        foreach ((int index, long before) in ShardsOf(split))
        {
            StoreShard entry = Shards[index];
            tokens += entry.Tokens;
            if (before + entry.Documents <= first)
                continue;
            RequireWhole(index);
            foreach (StoreRow row in Rows(index, before))
            {
                if (row.Number >= first)
                    yield return row with { Share = (double)(tokens - entry.Tokens + (entry.Tokens * (row.Number - before + 1) / entry.Documents)) / _tokens };
            }
        }
    }

    /// <summary>The rows of a shard, unchecked.</summary>
    /// <param name="index">The shard.</param>
    /// <param name="before">Documents of its split before it.</param>
    internal IEnumerable<StoreRow> Rows(int index, long before)
    {
        ArrowShard shard = Open(index);
        if (shard.Rows != Shards[index].Documents)
            throw new AlignmentDataException($"{shard.Path}: has {shard.Rows} documents, and the manifest says {Shards[index].Documents}; run `pta store repair {Path}`.");
        foreach (ArrowBatch batch in shard.ReadBatches())
        {
            var rows = new StoreRows(Header, shard, batch);
            for (int row = 0; row < rows.Count; row++)
            {
                yield return new StoreRow(rows, Shards[index].Split, row, before + batch.FirstRow + row, index, batch.FirstRow + row == Shards[index].Documents - 1);
                if (row % RowsBetweenForgets == RowsBetweenForgets - 1)
                    rows.Forget();
            }

            rows.Forget();
        }
    }

    /// <summary>Opens a shard and checks its columns.</summary>
    internal ArrowShard Open(int index)
    {
        var shard = new ArrowShard(FileOf(index), compressed: Header.Zstd);
        StoreColumns.Require(shard, Header);
        return shard;
    }

    /// <summary>The file of a shard.</summary>
    internal string FileOf(int index) => System.IO.Path.Combine(Path, Shards[index].File);

    /// <summary>Compares a shard's bytes with the manifest.</summary>
    /// <exception cref="AlignmentDataException">It is missing, or a byte differs.</exception>
    internal void RequireWhole(int index)
    {
        if (StoreFiles.DamageOf(Path, Shards[index].File, Shards[index].Bytes, Shards[index].Sha256) is { } damage)
            throw new AlignmentDataException($"{FileOf(index)}: {damage}; run `pta store repair {Path}`, or copy the file again.");
    }

    private IEnumerable<(int Index, long Before)> ShardsOf(string split)
    {
        long before = 0;
        for (int index = 0; index < Shards.Count; index++)
        {
            if (Shards[index].Split != split)
                continue;
            yield return (index, before);
            before += Shards[index].Documents;
        }
    }
}

/// <summary>A row of a store.</summary>
/// <param name="Rows">Its record batch.</param>
/// <param name="Split">Its split.</param>
/// <param name="BatchRow">Its number in the batch.</param>
/// <param name="Number">Its number in the split.</param>
/// <param name="ShardIndex">Its shard.</param>
/// <param name="IsLast">Whether it is the shard's last one.</param>
/// <param name="Share">About how much of the store is read with it, 0..1.</param>
internal sealed record StoreRow(StoreRows Rows, string Split, int BatchRow, long Number, int ShardIndex, bool IsLast, double Share = 0)
{
    /// <summary>Its place, for messages.</summary>
    public string Where => $"{Rows.Shard.Path}, document {Number}";

    /// <summary>Runs something that looks into the row; whatever damage breaks in there becomes one sentence.</summary>
    public T Guard<T>(Func<T> read)
    {
        try
        {
            return read();
        }
        catch (Exception e) when (e is InvalidDataException or ArgumentException or IndexOutOfRangeException or OverflowException or InvalidOperationException)
        {
            throw new AlignmentDataException($"{Where}: damaged ({e.Message.ReplaceLineEndings(" ").TrimEnd('.')}); run `pta store check` on the folder, or copy it again.", e);
        }
        finally
        {
            Rows.KeepAlive();
        }
    }
}

/// <summary>A document in a store.</summary>
internal sealed record StoreRecord(StoreReader Reader, StoreRow Row) : IColumnRecord
{
    /// <summary>About what a token takes at k = 10; it only bounds how many documents are in memory.</summary>
    private const int BytesPerToken = 50;

    public string Where => Row.Where;

    public string DefaultId => Row.Split.Length == 0 ? $"document {Row.Number}" : $"{Row.Split}/{Row.Number}";

    public double Share => Row.Share;

    public long Number => Row.Number;

    public IColumnFile Shard => Row.Rows.Shard;

    public DocumentColumns Columns => Row.Rows.Columns;

    public int BatchRow => Row.BatchRow;

    public long Size => Row.Guard(() => (long)StoreColumns.LengthOf(Reader.Header, Row.Rows, Row.BatchRow) * BytesPerToken);

    public string Evidence => Where;

    public void WriteKey(Utf8JsonWriter json) => json.WriteString("document", DefaultId);

    public string? ValueOf(string column) => column == StoreColumns.Id
        ? Row.Guard(() => Row.Rows.TextOf(column, Row.BatchRow))
        : Reader.Header.Others.Any(o => o.Key == column) ? Row.Guard(() => Columns.ValueOf(column, BatchRow, Where))
        : throw new AlignmentDataException($"{Where}: has no column {column} with one value; the columns are {string.Join(", ", Reader.Header.Others.Select(static o => o.Key).Prepend(StoreColumns.Id))}.");

    public TokenizedDocument Parse()
    {
        if (Reader.Header.Kind != StoreKind.Teacher)
            throw new AlignmentDataException($"{Reader.Path}: holds aligned documents, not a model's candidates; name the store that they were made from.");
        return Row.Guard(() => TeacherRows.Document(Row.Rows, Row.BatchRow, DefaultId));
    }

    /// <summary>The document of a store of aligned ones.</summary>
    /// <exception cref="AlignmentDataException">It is damaged.</exception>
    public AlignedRow Aligned() => Row.Guard(() => AlignedRows.Document(Row.Rows, Row.BatchRow, DefaultId));
}
