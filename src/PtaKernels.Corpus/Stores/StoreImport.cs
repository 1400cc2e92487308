using Apache.Arrow;
using Apache.Arrow.Types;
using PtaKernels.Corpus.Folders;

namespace PtaKernels.Corpus.Stores;

/// <summary>A model's documents, however they are kept, into a compact store; what was stopped goes on.</summary>
/// <remarks>
/// Positions beyond a document are dropped. Columns that the store does not know are kept as they are; the official <c>attention_mask</c> and <c>labels</c> only
/// in documents where they are not what the ids say. Nothing is rounded but values, label cross-entropies and log-sum-exps to the store's types.
/// </remarks>
public sealed class StoreImport
{
    /// <summary>The documents, one input after another: JSON lines, dataset folders, or whatever <see cref="DocumentFiles.Open"/> knows but stores.</summary>
    public required IReadOnlyList<IDocumentReader> Inputs { get; init; }

    /// <summary>The model's tokenizer.</summary>
    public required TokenVocabulary Vocabulary { get; init; }

    /// <summary>The store.</summary>
    public required string OutputPath { get; init; }

    /// <summary>Whether an existing store may be replaced.</summary>
    public bool Replace { get; init; }

    /// <summary>Whether the store exists and lacks shards, which are made again in place.</summary>
    public bool Repair { get; init; }

    /// <summary>What the values shall be; null: log-probabilities where the first document has log-sum-exps, else as they come.</summary>
    public ValueKind? ValueKind { get; init; }

    /// <summary>Columns of the input that are left out.</summary>
    public IReadOnlyList<string> Dropped { get; init; } = [];

    /// <summary>Which documents are taken.</summary>
    public DocumentSelection Selection { get; init; } = new();

    /// <summary>What happens to bad documents.</summary>
    public OnError OnError { get; init; }

    /// <summary>How the store keeps its rows.</summary>
    public StoreOptions Store { get; init; } = new();

    /// <summary>Program and command line, for the manifest.</summary>
    public StoreProducer Producer { get; init; } = StoreProducer.Of("PtaKernels");

    /// <summary>Documents worked on at a time; 0 = one for each core.</summary>
    public int Workers { get; init; }

    /// <summary>Told after every batch.</summary>
    public Action<RunProgress>? Progress { get; init; }

    /// <summary>Told once for each thing that a user should know but that is no error.</summary>
    public Action<string>? Notice { get; init; }

    /// <summary>Runs to the end.</summary>
    /// <returns>Sums over the store's shards.</returns>
    /// <exception cref="AlignmentDataException">Bad input; finished shards are kept for the same command.</exception>
    /// <exception cref="OperationCanceledException">Cancelled; finished shards are kept for the same command.</exception>
    public StoreTotals Run(CancellationToken cancellation)
    {
        Store.Require();
        IDocumentReader first = Inputs[0], all = Inputs.Count == 1 ? first : new JoinedDocuments(Inputs);
        if (first is StoreReader)
            throw new AlignmentDataException($"{first.Path}: is a store already; `pta store merge` joins stores.");
        StoreHeader header = HeaderOf(FirstDocument(all), first, all.Splits);
        Field[] others = [.. OtherFields(first)];
        foreach (IDocumentReader input in Inputs)
            RequireColumns(input, first);
        using StoreWriter writer = StoreWriter.Open(OutputPath, Repair, Replace, Inputs, Notice);
        writer.Begin(header, others, () => new TeacherBatch(header, others), again: Replace);
        return StoreTransfer.Run(
            writer, new CorpusDocuments(all, [], Selection), (item, batch) => Fill((TeacherBatch)batch, item, header, others), Workers, Progress, $"{first.Path}: holds no document.", cancellation);
    }

    private TokenizedDocument FirstDocument(IDocumentReader all)
    {
        foreach (IDocumentRecord record in all.Splits.SelectMany(split => all.Read(split)))
        {
            try
            {
                if (record.Parse() is { Length: > 0 } document)
                    return document;
            }
            catch (AlignmentDataException) when (OnError == OnError.Quarantine)
            {
                // Set aside in its turn.
            }
        }

        throw new AlignmentDataException($"{Inputs[0].Path}: holds no document.");
    }

    private StoreHeader HeaderOf(TokenizedDocument document, IDocumentReader reader, IReadOnlyList<string> splits) => new()
    {
        Kind = StoreKind.Teacher,
        Tokenizer = StoreTokenizer.Of(Vocabulary),
        Ids = TokenIds.For(Vocabulary.Count, Store.Ids).Encoding,
        Values = Store.Values,
        Splits = splits,
        ShardTokens = Store.ShardTokens,
        Zstd = Store.Zstd,
        Producer = Producer with
        {
            Options = new Dictionary<string, string>([.. Selection.Described(), KeyValuePair.Create("on-error", AlignmentSwitches.Kebab(OnError.ToString()))]),
            Inputs = [.. Inputs.Select(static i => new StoreInput(i.Path, i.Identity))],
        },
        K = document.Candidates.K,
        ValueKind = ValueKind ?? (document.LogSumExp is null ? Stores.ValueKind.RawLogit : Stores.ValueKind.Logprob),
        LabelType = LabelTypeOf(reader),
        Official = ColumnsOf(reader) is { } columns && IsOfficial(columns),
    };

    private List<byte[]> Fill(TeacherBatch batch, CorpusItem item, StoreHeader header, Field[] others)
    {
        List<byte[]> quarantined = [];
        foreach (IDocumentRecord[] records in item.Records)
        {
            try
            {
                Add(batch, JoinedRecord.Unwrap(records[0]), header, others);
            }
            catch (AlignmentDataException e) when (OnError == OnError.Quarantine && !batch.IsBroken)
            {
                quarantined.Add(QuarantineFile.LineOf(records, e));
            }
        }

        return quarantined;
    }

    private void Add(TeacherBatch batch, IDocumentRecord record, StoreHeader header, Field[] others)
    {
        TokenizedDocument document = record.Parse();
        if (document.Length == 0)
            throw new AlignmentDataException($"{record.Where}: an empty document; remove it.");
        if (System.Array.FindIndex(document.Ids, id => !Vocabulary.HasToken(id)) is var bad and >= 0)
            throw new AlignmentDataException($"{record.Where}, input_ids {bad}: {document.Ids[bad]} is no token of {Vocabulary.Name}; give the tokenizer that made the ids.");
        if (header.ValueKind == Stores.ValueKind.Logprob)
            document = AsLogprobs(document, record.Where);
        if (record is not IColumnRecord row)
        {
            batch.Add(document, record.Where, record.DefaultId);
            return;
        }

        (sbyte[]? mask, long[]? labels) = header.Official ? row.Shard.Guard(() => OfficialColumnsOf(row, document.Ids), () => row.Where) : (null, null);
        batch.Add(document, record.Where, record.DefaultId, mask, labels, (c, copier) => row.Shard.Guard(
            () =>
            {
                copier.Append(row.Columns[others[c].Name].Data, row.BatchRow, 1);
                return true;
            },
            () => $"{row.Where}, column {others[c].Name}"));
        row.Columns.KeepAlive();
    }

    private static TokenizedDocument AsLogprobs(TokenizedDocument document, string where)
    {
        double[] sums = document.LogSumExp ?? throw new AlignmentDataException($"{where}: has no per_step_lse, which log-probabilities need; store it, or import with --value-kind raw-logit.");
        double[] values = new double[document.Candidates.Values.Length];
        int k = document.Candidates.K;
        for (int t = 0; t < sums.Length; t++)
        {
            for (int j = t * k; j < (t + 1) * k; j++)
                values[j] = document.Candidates.Values[j] - sums[t];
        }

        return new TokenizedDocument
        {
            Id = document.Id,
            Ids = document.Ids,
            Candidates = new TopKLogits(document.Candidates.Indices, values, k),
            LabelCrossEntropy = document.LabelCrossEntropy,
            MeanCrossEntropy = document.MeanCrossEntropy,
            Spans = document.Spans,
        };
    }

    /// <summary>Mask and labels where they are not all ones and the tokens.</summary>
    private static (sbyte[]? Mask, long[]? Labels) OfficialColumnsOf(IColumnRecord row, int[] ids)
    {
        int[] mask = Flat(StoreColumns.Mask), labels = Flat(StoreColumns.Labels);
        row.Columns.KeepAlive();
        return (mask.Length == ids.Length && System.Array.TrueForAll(mask, static m => m == 1) ? null : System.Array.ConvertAll(mask, static m => (sbyte)m),
            labels.AsSpan().SequenceEqual(ids) ? null : System.Array.ConvertAll(labels, static l => (long)l));

        int[] Flat(string column)
        {
            (int start, int length) = ArrowLists.RangeOf(column, row.Columns[column], row.BatchRow);
            return ArrowLists.Integers(column, ArrowLists.ItemsOf(row.Columns[column]), start, length);
        }
    }

    private static IReadOnlyList<Field>? ColumnsOf(IDocumentReader reader) => (reader as IColumnReader)?.ColumnsOf(reader.Splits[0]).Columns;

    private static bool IsOfficial(IReadOnlyList<Field> columns) => Leaf(columns, StoreColumns.Mask) is Int8Type && Leaf(columns, StoreColumns.Labels) is Int64Type;

    private static IArrowType? Leaf(IReadOnlyList<Field> columns, string name) => columns.FirstOrDefault(c => c.Name == name) is { } column ? ArrowLists.ItemOf(column.DataType) : null;

    private NumberType LabelTypeOf(IDocumentReader reader)
    {
        if (ColumnsOf(reader) is { } columns && Leaf(columns, DocumentColumns.CrossEntropy) is { } leaf)
            return leaf is HalfFloatType ? NumberType.Float16 : leaf is DoubleType && Store.Values == NumberType.Float64 ? NumberType.Float64 : NumberType.Float32;
        return Store.Values == NumberType.Float64 ? NumberType.Float64 : NumberType.Float32;
    }

    /// <summary>Every input has the columns of the first: they become columns of one store.</summary>
    private void RequireColumns(IDocumentReader input, IDocumentReader first)
    {
        IEnumerable<string> Columns(IDocumentReader reader) => (ColumnsOf(reader) ?? []).Where(f => !Dropped.Contains(f.Name)).Select(static f => $"{f.Name} {ArrowLists.Describe(f.DataType)}").Order(StringComparer.Ordinal);
        if (!Columns(input).SequenceEqual(Columns(first)))
            throw new AlignmentDataException($"{input.Path}: its columns differ from those of {first.Path}; leave out with --drop what only one of them has, or import them into stores of their own.");
    }

    private IEnumerable<Field> OtherFields(IDocumentReader reader)
    {
        if (ColumnsOf(reader) is not { } columns)
            yield break;
        bool official = IsOfficial(columns);
        foreach (Field field in columns)
        {
            bool known = DocumentColumns.IsKnown(field.Name) || field.Name == TextDocument.IdField || (official && field.Name is StoreColumns.Mask or StoreColumns.Labels);
            if (known || Dropped.Contains(field.Name))
                continue;
            if (StoreColumns.IsKnown(field.Name))
                throw new AlignmentDataException($"{reader.Path}: has a column {field.Name}, which is a store's own name; rename it, or leave it out with --drop {field.Name}.");
            yield return field;
        }
    }
}
