using PtaKernels.Corpus.Stores;

namespace PtaKernels.Corpus.Sampling;

/// <summary>Some documents of a corpus, drawn at random, as every model has them; held in memory, or in the mapped shards of a store.</summary>
/// <param name="Readers">The whole corpus, a reader for each model.</param>
/// <param name="Records">[models][documents] the documents drawn, the same ones of every model.</param>
/// <param name="CorpusDocuments">Documents of the whole corpus.</param>
/// <param name="Share">Chance that each document had.</param>
/// <param name="ReadSeconds">Seconds that reading all documents took, unparsed; 0 for stores, of which only the documents drawn are looked at.</param>
internal sealed record DocumentSample(IReadOnlyList<IDocumentReader> Readers, IReadOnlyList<IDocumentRecord[]> Records, long CorpusDocuments, double Share, double ReadSeconds)
{
    /// <summary>Documents drawn.</summary>
    public int Count => Records[0].Length;

    /// <summary>Draws documents, each on its own with the same chance, and the same ones for the same seed (<see cref="DocumentSelection"/>).</summary>
    /// <param name="readers">A reader for each model: the same documents in the same order.</param>
    /// <param name="share">The chance, over 0 and at most 1.</param>
    /// <param name="seed">Which sample.</param>
    /// <param name="most">Documents wanted at most, a random choice of those drawn; the share is made smaller first where the corpus is known to be large.</param>
    /// <exception cref="AlignmentDataException">The models have different documents, or none was drawn.</exception>
    public static DocumentSample Draw(IReadOnlyList<IDocumentReader> readers, double share, long seed, int most)
    {
        IDocumentReader first = readers[0];
        new CorpusDocuments(first, [.. readers.Skip(1)], new DocumentSelection()).RequireSameCorpus();
        if (first.Splits.All(split => first.CountOf(split) is not null) && first.Splits.Sum(split => first.CountOf(split)!.Value) is var known && share * known > most)
            share = Math.Min(share, 1.1 * most / known);
        var selection = new DocumentSelection { Sample = share, Seed = seed };
        var clock = System.Diagnostics.Stopwatch.StartNew();
        (Reservoir<IDocumentRecord> Taken, long All)[] drawn = [.. readers.Select(r => Take(r, selection, most))];
        double seconds = first is StoreReader ? 0 : clock.Elapsed.TotalSeconds;
        for (int m = 1; m < readers.Count; m++)
        {
            if (drawn[m].All != drawn[0].All)
                throw new AlignmentDataException($"{readers[m].Path}: has {drawn[m].All} documents, but {first.Path} has {drawn[0].All}; give the same documents of every model.");
        }

        if (drawn[0].All == 0)
            throw new AlignmentDataException($"{first.Path}: holds no document.");
        IDocumentRecord[][] kept = [.. drawn.Select(static d => d.Taken.Kept.ToArray())];
        if (kept[0].Length == 0)
            throw new AlignmentDataException(FormattableString.Invariant($"{first.Path}: a sample of {share} holds none of its {drawn[0].All} documents; give a larger --sample or another --seed."));
        return new DocumentSample(readers, kept, drawn[0].All, share * kept[0].Length / drawn[0].Taken.Shown, seconds);
    }

    private static (Reservoir<IDocumentRecord> Taken, long All) Take(IDocumentReader reader, DocumentSelection selection, int most)
    {
        if (reader is StoreReader store)
            return Take(store, selection, most);
        var taken = new Reservoir<IDocumentRecord>(most, selection.Seed);
        long all = 0;
        foreach (string split in reader.Splits)
        {
            long row = 0;
            foreach (IDocumentRecord record in reader.Read(split))
            {
                if (selection.Draws(split, row++))
                    taken.Add(record);
            }

            all += row;
        }

        return (taken, all);
    }

    /// <summary>Only shards that hold a document drawn are opened, and none of them is compared with its checksum: the work is in proportion to the sample.</summary>
    private static (Reservoir<IDocumentRecord> Taken, long All) Take(StoreReader store, DocumentSelection selection, int most)
    {
        var taken = new Reservoir<IDocumentRecord>(most, selection.Seed);
        var before = new Dictionary<string, long>(StringComparer.Ordinal);
        for (int s = 0; s < store.Shards.Count; s++)
        {
            StoreShard shard = store.Shards[s];
            long first = before.GetValueOrDefault(shard.Split);
            before[shard.Split] = first + shard.Documents;
            HashSet<long> rows = [];
            for (long row = first; row < first + shard.Documents; row++)
            {
                if (selection.Draws(shard.Split, row))
                    rows.Add(row);
            }

            foreach (StoreRow row in rows.Count > 0 ? store.Rows(s, first).Where(r => rows.Contains(r.Number)) : [])
                taken.Add(new StoreRecord(store, row));
        }

        return (taken, before.Values.Sum());
    }
}
