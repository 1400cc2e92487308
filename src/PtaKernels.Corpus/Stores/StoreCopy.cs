using Apache.Arrow;
using PtaKernels.Corpus.Folders;

namespace PtaKernels.Corpus.Stores;

/// <summary>Documents of stores into a new store, value by value: merging, splitting, cutting into other shards, compressing.</summary>
/// <remarks>Documents that had been set aside when a store was made go along with the shard they were listed in. Counts of an alignment stay with the store that was aligned.</remarks>
public sealed class StoreCopy
{
    private const string Copied = "copied";

    /// <summary>The stores, one after another; of one kind, tokenizer and form.</summary>
    public required IReadOnlyList<StoreReader> Inputs { get; init; }

    /// <summary>The new store.</summary>
    public required string OutputPath { get; init; }

    /// <summary>Whether an existing store may be replaced.</summary>
    public bool Replace { get; init; }

    /// <summary>Whether the store exists and lacks shards, which are made again in place.</summary>
    public bool Repair { get; init; }

    /// <summary>Which documents are taken.</summary>
    public DocumentSelection Selection { get; init; } = new();

    /// <summary>Tokens after which a shard ends.</summary>
    public long ShardTokens { get; init; } = StoreOptions.DefaultShardTokens;

    /// <summary>Whether buffers are compressed by zstd.</summary>
    public bool Zstd { get; init; }

    /// <summary>Program and command line, for the manifest.</summary>
    public StoreProducer Producer { get; init; } = StoreProducer.Of("PtaKernels");

    /// <summary>Documents worked on at a time; 0 = one for each core.</summary>
    public int Workers { get; init; }

    /// <summary>Told after every batch.</summary>
    public Action<RunProgress>? Progress { get; init; }

    /// <summary>Told once for each thing that a user should know but that is no error.</summary>
    public Action<string>? Notice { get; init; }

    /// <summary>Runs to the end.</summary>
    /// <returns>Sums over the new store's shards.</returns>
    /// <exception cref="AlignmentDataException">The stores do not fit together, or one is damaged; finished shards are kept for the same command.</exception>
    /// <exception cref="OperationCanceledException">Cancelled; finished shards are kept for the same command.</exception>
    public StoreTotals Run(CancellationToken cancellation)
    {
        new StoreOptions { ShardTokens = ShardTokens }.Require();
        StoreHeader first = Inputs[0].Header;
        foreach (StoreReader other in Inputs)
            RequireSameForm(Inputs[0], other);
        IDocumentReader all = Inputs.Count == 1 ? Inputs[0] : new JoinedDocuments(Inputs);
        StoreHeader header = first with
        {
            Schema = StoreHeader.CurrentSchema,
            Splits = all.Splits,
            ShardTokens = ShardTokens,
            Zstd = Zstd,
            Producer = Producer with
            {
                // What decided the values still does; which documents were copied is this run's own.
                Options = new Dictionary<string, string>([.. SwitchesOf(first), .. Selection == new DocumentSelection() ? [] : CopiedPart()]),
                Inputs = [.. Inputs.Select(static i => new StoreInput(i.Path, i.Identity))],
            },
        };
        Field[] fields = [.. StoreColumns.FieldsOf(header)];
        Field[] others = [.. Inputs[0].Others];
        using StoreWriter writer = StoreWriter.Open(OutputPath, Repair, Replace, Inputs, Notice);
        writer.Begin(header, others, () => new CopyBatch(header, [.. fields, .. others]), again: Replace);
        return StoreTransfer.Run(
            writer, new CorpusDocuments(all, [], Selection), static (item, batch) => Fill((CopyBatch)batch, item), Workers, Progress,
            $"{Inputs[0].Path}: holds no document{(Selection == new DocumentSelection() ? "" : " that was asked for")}.", cancellation);
    }

    private KeyValuePair<string, string>[] CopiedPart() => [KeyValuePair.Create(Copied, string.Join(", ", Selection.Described().Select(static o => $"{o.Key} {o.Value}")))];

    /// <summary>Copies an item's rows.</summary>
    /// <returns>The quarantine lines of every input shard whose last document is among them.</returns>
    private static List<byte[]> Fill(CopyBatch batch, CorpusItem item)
    {
        List<byte[]> quarantined = [];
        foreach (IDocumentRecord[] records in item.Records)
        {
            var record = (StoreRecord)JoinedRecord.Unwrap(records[0]);
            batch.Add(record.Row);
            StoreShard shard = record.Reader.Shards[record.Row.ShardIndex];
            if (record.Row.IsLast && shard.QuarantineSha256 is not null)
                quarantined.AddRange(File.ReadLines(Path.Combine(record.Reader.Path, StoreFiles.QuarantineOf(shard.File))).Select(static line => System.Text.Encoding.UTF8.GetBytes(line + "\n")));
        }

        return quarantined;
    }

    private static void RequireSameForm(StoreReader first, StoreReader other)
    {
        StoreHeader one = first.Header, two = other.Header;
        string? difference = one.Kind != two.Kind ? "kind" : one.Tokenizer != two.Tokenizer ? "tokenizer" : one.K != two.K ? "number of candidates" : one.ValueKind != two.ValueKind ? "kind of values"
            : one.Ids != two.Ids ? "encoding of ids" : one.Values != two.Values || one.LabelType != two.LabelType ? "type of values" : one.Official != two.Official || !one.Others.SequenceEqual(two.Others) ? "columns"
            : one.Unit != two.Unit || !(one.Sources ?? []).SequenceEqual(two.Sources ?? []) ? "sources"
            : one.Kind == StoreKind.Aligned && !SwitchesOf(one).SequenceEqual(SwitchesOf(two)) ? "alignment options" : null;
        if (difference is not null)
            throw new AlignmentDataException($"{other.Path}: has another {difference} than {first.Path}; only stores of one form become one store.");
    }

    /// <summary>The switches that an alignment ran with, without what chose its documents: parts of a corpus that were aligned one by one become one store.</summary>
    private static IEnumerable<KeyValuePair<string, string>> SwitchesOf(StoreHeader header) =>
        AlignmentSwitches.All.Where(s => header.Producer.Options.ContainsKey(s.Name)).Select(s => KeyValuePair.Create(s.Name, header.Producer.Options[s.Name]));

    /// <summary>Rows copied bit for bit.</summary>
    private sealed class CopyBatch(StoreHeader header, Field[] fields) : IStoreBatch
    {
        private readonly ValueCopier[] _columns = [.. fields.Select(static f => ValueCopier.For(f.DataType))];

        public int Documents { get; private set; }

        public long Tokens { get; private set; }

        public long TextBytes { get; private set; }

        public void Add(StoreRow row)
        {
            Documents += row.Guard(() =>
            {
                for (int c = 0; c < fields.Length; c++)
                    _columns[c].Append(row.Rows[fields[c].Name], row.BatchRow, 1);
                return 1;
            });
            Tokens += row.Guard(() => StoreColumns.LengthOf(header, row.Rows, row.BatchRow));
            TextBytes += row.Guard(() => row.Rows.NumberOf<long>(StoreColumns.TextBytes, row.BatchRow) ?? 0);
        }

        public ArrayData[] Build() => [.. _columns.Select(static c => c.Build())];

        public void Clear()
        {
            foreach (ValueCopier column in _columns)
                column.Clear();
            (Documents, Tokens, TextBytes) = (0, 0, 0);
        }
    }
}
