using System.Globalization;
using System.Security.Cryptography;

namespace PtaKernels.Corpus.Stores;

/// <summary>Names and bytes of the files of a store.</summary>
internal static class StoreFiles
{
    private const string ShardPrefix = "shard-", QuarantinePrefix = "quarantine-", ShardEnding = ".arrow", QuarantineEnding = ".jsonl", Partial = ".partial";

    /// <summary>The file of a shard.</summary>
    public static string ShardOf(int number) => string.Create(CultureInfo.InvariantCulture, $"{ShardPrefix}{number:D6}{ShardEnding}");

    /// <summary>The file of the documents that were set aside while a shard was made.</summary>
    public static string QuarantineOf(string shard) => QuarantinePrefix + shard[ShardPrefix.Length..^ShardEnding.Length] + QuarantineEnding;

    /// <summary>The name of a file while it is written.</summary>
    public static string PartialOf(string path) => path + Partial;

    /// <summary>Files in a folder that have the names of a store's and belong to none of its shards; what else lies there is not a store's business.</summary>
    public static IEnumerable<string> StrayFiles(string folder, IEnumerable<StoreShard> shards)
    {
        HashSet<string> known = new(StringComparer.Ordinal) { StoreManifest.FileName };
        foreach (StoreShard shard in shards)
        {
            known.Add(shard.File);
            if (shard.QuarantineSha256 is not null)
                known.Add(QuarantineOf(shard.File));
        }

        return Directory.EnumerateFiles(folder).Where(f => IsOurs(Path.GetFileName(f)) && !known.Contains(Path.GetFileName(f))).Order(StringComparer.Ordinal);
    }

    private static bool IsOurs(string name) => name.EndsWith(Partial, StringComparison.Ordinal)
        || (name.StartsWith(ShardPrefix, StringComparison.Ordinal) && name.EndsWith(ShardEnding, StringComparison.Ordinal))
        || (name.StartsWith(QuarantinePrefix, StringComparison.Ordinal) && name.EndsWith(QuarantineEnding, StringComparison.Ordinal));

    /// <summary>What is wrong with a file, or null.</summary>
    /// <param name="folder">The store.</param>
    /// <param name="file">The file in it.</param>
    /// <param name="bytes">Its size; null = not known.</param>
    /// <param name="sha256">Its hexadecimal SHA-256.</param>
    public static string? DamageOf(string folder, string file, long? bytes, string sha256)
    {
        string path = Path.Combine(folder, file);
        if (!File.Exists(path))
            return "is missing";
        using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, 1, FileOptions.SequentialScan);
        if (bytes is { } size && stream.Length != size)
            return $"has {stream.Length} bytes instead of {size}";
        return Convert.ToHexStringLower(SHA256.HashData(stream)) == sha256 ? null : "is damaged: its SHA-256 is not the manifest's";
    }

    /// <summary>The same of a shard and its quarantine file: one phrase for each that is damaged, beginning with its name.</summary>
    public static IEnumerable<string> DamageOf(string folder, StoreShard shard)
    {
        if (DamageOf(folder, shard.File, shard.Bytes, shard.Sha256) is { } damage)
            yield return $"{shard.File} {damage}";
        if (shard.QuarantineSha256 is { } hash && DamageOf(folder, QuarantineOf(shard.File), null, hash) is { } aside)
            yield return $"{QuarantineOf(shard.File)} {aside}";
    }
}
