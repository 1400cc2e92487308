using PtaKernels.Corpus.Folders;

namespace PtaKernels.Corpus.Stores;

/// <summary>Looks for damage in a store: every byte of its manifest and its shards, on request every document.</summary>
public sealed class StoreCheck
{
    /// <summary>The store.</summary>
    public required string Path { get; init; }

    /// <summary>Whether every document is decoded as well, which also finds what a faulty program wrote.</summary>
    public bool Documents { get; init; }

    /// <summary>Told after every shard: bytes looked at, share of all.</summary>
    public Action<long, double>? Progress { get; init; }

    /// <summary>Runs to the end.</summary>
    /// <returns>What is damaged, a sentence each in the shards' order; empty for a whole store.</returns>
    /// <exception cref="AlignmentDataException">There is no store.</exception>
    public IReadOnlyList<string> Run(CancellationToken cancellation)
    {
        StoreManifest manifest = StoreManifest.Scan(Path);
        List<string> damage = [.. manifest.Damage.Select(d => $"{StoreManifest.FileName}: {d}")];
        damage.AddRange(manifest.Shards.GroupBy(static s => s.File).Where(static g => g.Count() > 1).Select(static g => $"{StoreManifest.FileName}: lists {g.Key} twice"));
        long all = Math.Max(1, manifest.Shards.Sum(static s => s.Bytes)), done = 0;
        // Read one by one where the documents are: decoding needs a whole manifest.
        StoreReader? reader = Documents && manifest.Damage.Count == 0 ? new StoreReader(Path) : null;
        OrderedPipeline.Run(manifest.Shards.Index(), entry => DamageOf(entry.Item, entry.Index, reader, cancellation), found =>
        {
            damage.AddRange(found.Damage);
            done += found.Bytes;
            Progress?.Invoke(done, (double)done / all);
        }, Environment.ProcessorCount, cancellation);
        damage.AddRange(StoreFiles.StrayFiles(Path, manifest.Shards).Select(static f => $"{System.IO.Path.GetFileName(f)} is not in the manifest"));
        return damage;
    }

    private (List<string> Damage, long Bytes) DamageOf(StoreShard shard, int index, StoreReader? reader, CancellationToken cancellation)
    {
        List<string> damage = [.. StoreFiles.DamageOf(Path, shard)];
        if (damage.Count == 0 && reader is not null)
        {
            try
            {
                RequireDocuments(reader, index, cancellation);
            }
            catch (AlignmentDataException e)
            {
                damage.Add(e.Message);
            }
        }

        return (damage, shard.Bytes);
    }

    private static void RequireDocuments(StoreReader reader, int index, CancellationToken cancellation)
    {
        StoreShard shard = reader.Shards[index];
        long tokens = 0, text = 0;
        foreach (StoreRow row in reader.Rows(index, 0))
        {
            cancellation.ThrowIfCancellationRequested();
            tokens += row.Guard(() => reader.Header.Kind == StoreKind.Teacher
                ? TeacherRows.Document(row.Rows, row.BatchRow, "").Length
                : AlignedRows.Document(row.Rows, row.BatchRow, "").Ids.Length);
            text += row.Guard(() => row.Rows.NumberOf<long>(StoreColumns.TextBytes, row.BatchRow) ?? 0);
        }

        if (tokens != shard.Tokens || text != shard.TextBytes)
            throw new AlignmentDataException($"{shard.File} holds {tokens} tokens and {text} bytes of text, and the manifest says {shard.Tokens} and {shard.TextBytes}");
    }

    /// <summary>The header of a store of which the manifest's first line may be damaged: that of the first shard that still has one.</summary>
    /// <exception cref="AlignmentDataException">None has.</exception>
    public static StoreHeader HeaderOf(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        if (!Directory.Exists(path))
            throw new AlignmentDataException($"{path}: no such folder.");
        if (StoreReader.IsStore(path) && StoreManifest.Scan(path).Header is { } header)
            return header;
        foreach (string file in Directory.EnumerateFiles(path, "*.arrow").Order(StringComparer.Ordinal))
        {
            try
            {
                if (new ArrowShard(file, compressed: true).Schema.Metadata?.GetValueOrDefault(StoreColumns.HeaderKey) is { } text && StoreManifest.HeaderOf(text) is { } kept)
                    return kept;
            }
            catch (AlignmentDataException)
            {
                // Damaged too; the next one may not be.
            }
        }

        throw new AlignmentDataException($"{path}: is no store, or neither its manifest nor a shard says any more what it was made from; make it again with the command that made it.");
    }
}
