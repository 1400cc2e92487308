namespace PtaKernels.Corpus.Stores;

/// <summary>One model's documents into a store, on every core and in order; what is there already is left as it is.</summary>
internal static class StoreTransfer
{
    /// <summary>Runs to the end and publishes the store.</summary>
    /// <param name="writer">The store, begun.</param>
    /// <param name="documents">The documents.</param>
    /// <param name="fill">Adds an item's documents to a batch, by any thread; gives a JSON line for each that is set aside.</param>
    /// <param name="workers">Documents worked on at a time; 0 = one for each core.</param>
    /// <param name="progress">Told after every batch.</param>
    /// <param name="nothing">The sentence for an input without documents.</param>
    /// <param name="cancellation">Stops the run; finished shards are kept.</param>
    /// <returns>Sums over the store's shards.</returns>
    public static StoreTotals Run(
        StoreWriter writer, CorpusDocuments documents, Func<CorpusItem, IStoreBatch, IReadOnlyList<byte[]>> fill, int workers, Action<RunProgress>? progress, string nothing, CancellationToken cancellation)
    {
        long tokens = 0, done = 0;
        OrderedPipeline.Run(documents.Items(writer.WrittenAt, writer.NextWritten), Encode, Write, workers, cancellation);
        if (done == 0)
            throw new AlignmentDataException(nothing);
        writer.Commit();
        return writer.Totals;

        (CorpusItem Item, StoreEncoder? Encoder, IReadOnlyList<byte[]> Quarantined) Encode(CorpusItem item)
        {
            if (item.Written is not null)
                return (item, null, []);
            StoreEncoder encoder = writer.Rent();
            IReadOnlyList<byte[]> quarantined = fill(item, encoder.Batch);
            encoder.Encode();
            return (item, encoder, quarantined);
        }

        void Write((CorpusItem Item, StoreEncoder? Encoder, IReadOnlyList<byte[]> Quarantined) encoded)
        {
            (CorpusItem item, StoreEncoder? encoder, IReadOnlyList<byte[]> quarantined) = encoded;
            if (item.Written is { } shard)
            {
                writer.Skip(shard);
                done += shard.Documents + shard.Quarantined;
                return;
            }

            tokens += encoder!.Batch.Tokens;
            done += item.Records.Length;
            writer.Append(encoder, item.Split, item.FirstRow, item.Rows, quarantined, null);
            progress?.Invoke(new RunProgress(tokens, documents.ShareOf(item.Share, done), writer.Part));
        }
    }
}
