using PtaKernels.Alignment;
using PtaKernels.Corpus.Stores;

namespace PtaKernels.Corpus.Parts;

/// <summary>Parts of a store of aligned documents into the store that a single run would have written.</summary>
/// <remarks>
/// Header, record batches, shards and quarantine files are those of a single run of the same command without its shard, byte for byte; <c>pta store repair</c> makes a
/// shard again by running that. Only the counts in the manifest lie otherwise: a part's shard is counted where it ends, so that the sums are right and single shards' are not.
/// A run that is stopped leaves finished shards, and the same command goes on after them.
/// </remarks>
public sealed class StoreGather
{
    /// <summary>The parts; none may be missing.</summary>
    public required PartSet Parts { get; init; }

    /// <summary>Whether an existing store may be replaced.</summary>
    public bool Replace { get; init; }

    /// <summary>Items worked on at a time; 0 = one for each core.</summary>
    public int Workers { get; init; }

    /// <summary>Told once for each thing that a user should know but that is no error.</summary>
    public Action<string>? Notice { get; init; }

    /// <summary>What all parts counted.</summary>
    public AlignmentRunReport Report
    {
        get
        {
            var report = new AlignmentRunReport(Parts.Stores[0].Header.Sources!.Count);
            foreach (StoreShard shard in Parts.Stores.SelectMany(static p => p.Shards).Where(static s => s.Counts is not null))
                report.Add(shard.Counts!, shard.Documents, shard.Tokens, shard.Quarantined);
            return report;
        }
    }

    /// <summary>Header of the store that the parts become.</summary>
    public StoreHeader Header => PartSet.WholeOf(Parts.Stores[0].Header);

    /// <summary>Whether the store is there already, made from such parts or by a single run.</summary>
    public bool IsFinished => StoreReader.IsStore(Parts.Output) && StoreManifest.Scan(Parts.Output) is { Totals: not null, Header: { } there } && StoreManifest.TextOf(there) == StoreManifest.TextOf(Header);

    /// <summary>Runs to the end.</summary>
    /// <param name="progress">Told after every batch.</param>
    /// <param name="cancellation">Stops between batches.</param>
    /// <returns>Sums over the store's shards.</returns>
    /// <exception cref="AlignmentDataException">The parts do not fit together, or the output exists; finished shards are kept for the same command.</exception>
    /// <exception cref="OperationCanceledException">Cancelled; finished shards are kept for the same command.</exception>
    public StoreTotals Run(Action<RunProgress>? progress, CancellationToken cancellation)
    {
        StoreHeader header = Header;
        var rows = new GatheredRows(Parts.Stores);
        using StoreWriter writer = StoreWriter.Open(Parts.Output, repair: false, Replace, Parts.Stores, Notice);
        writer.Begin(header, [], () => new GatherBatch(header), again: Replace);
        IEnumerable<RowItem<GatheredRow>> items = RowItems.Of(
            header.Splits, rows.RangeOf, (split, first, stop, _) => rows.Read(split, first, stop), static row => row.Size, writer.WrittenAt, writer.NextWritten, rows.DocumentsAtOnce());
        var counts = new Queue<StoreShard>(header.Splits.SelectMany(split => Parts.Stores.SelectMany(p => p.Shards.Where(s => s.Split == split))));
        long done = 0, all = Math.Max(1, Parts.Stores.Sum(static p => p.Totals.Tokens));
        OrderedPipeline.Run(items, item => (item, Encode(writer, item)), encoded =>
        {
            (RowItem<GatheredRow> item, StoreEncoder? encoder) = encoded;
            AlignmentRunReport ended = EndedIn(counts, item, header.Sources!.Count);
            if (item.Written is { } shard)
            {
                writer.Skip(shard);
                done += shard.Tokens;
                return;
            }

            done += encoder!.Batch.Tokens;
            writer.Append(encoder, item.Split, item.FirstRow, item.Rows, [.. item.Taken.Where(static r => r.Line is not null).Select(static r => r.Line!)], ended);
            progress?.Invoke(new RunProgress(done, (double)done / all, writer.Part));
        }, Workers, cancellation);
        writer.Commit();
        return writer.Totals;
    }

    private static StoreEncoder? Encode(StoreWriter writer, RowItem<GatheredRow> item)
    {
        if (item.Written is not null)
            return null;
        StoreEncoder encoder = writer.Rent();
        foreach (GatheredRow row in item.Taken)
        {
            if (row.Row is not null)
                ((GatherBatch)encoder.Batch).Add(row.Row);
        }

        encoder.Encode();
        return encoder;
    }

    /// <summary>What was counted in the parts' shards that end in an item.</summary>
    private static AlignmentRunReport EndedIn(Queue<StoreShard> counts, RowItem<GatheredRow> item, int sources)
    {
        var report = new AlignmentRunReport(sources);
        while (counts.TryPeek(out StoreShard? shard) && shard.Split == item.Split && shard.FirstRow + shard.Rows <= item.FirstRow + item.Rows)
        {
            if (counts.Dequeue().Counts is { } kept)
                report.Add(kept, shard.Documents, shard.Tokens, shard.Quarantined);
        }

        return report;
    }
}
