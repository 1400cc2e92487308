using System.Security.Cryptography;
using PtaKernels.Corpus.Stores;

namespace PtaKernels.Corpus.Parts;

/// <summary>A file of a part.</summary>
/// <param name="Name">Its path within the part, with slashes.</param>
/// <param name="Bytes">Its size.</param>
/// <param name="Sha256">Its hexadecimal SHA-256.</param>
internal sealed record PartFile(string Name, long Bytes, string Sha256);

/// <summary>What <c>part.json</c> says of a dataset folder that a shard run wrote, or that was gathered of those: who made it of what, and every file in it.</summary>
internal sealed record DatasetPart
{
    /// <summary>Its name in the folder.</summary>
    public const string FileName = "part.json";

    /// <summary>Which part, from 0.</summary>
    public required int Index { get; init; }

    /// <summary>How many there are.</summary>
    public required int Count { get; init; }

    /// <summary>Program, command line, options and inputs.</summary>
    public required StoreProducer Producer { get; init; }

    /// <summary>What the run counted, by name: sums over parts are those of all documents.</summary>
    public required IReadOnlyDictionary<string, double> Sums { get; init; }

    /// <summary>Every other file.</summary>
    public required IReadOnlyList<PartFile> Files { get; init; }

    /// <summary>Describes a complete folder that has not got its name yet.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="part">Which part, and its producer with options and inputs.</param>
    /// <param name="sums">What the run counted.</param>
    public static void Write(string folder, CorpusPart part, IReadOnlyDictionary<string, double> sums)
    {
        PartFile[] files =
        [
            .. Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories).Select(f => NameOf(folder, f)).Where(static n => n != FileName).Order(StringComparer.Ordinal)
                .Select(name => new PartFile(name, new FileInfo(Path.Combine(folder, name)).Length, HashOf(Path.Combine(folder, name)))),
        ];
        var described = new DatasetPart { Index = part.Index, Count = part.Count, Producer = part.Producer, Sums = sums, Files = files };
        using var file = new FileStream(Path.Combine(folder, FileName), FileMode.Create, FileAccess.Write, FileShare.None);
        file.Write(StoreManifest.LineOf(described));
        file.Flush(flushToDisk: true);
    }

    /// <summary>What a folder says, or null where it has no <see cref="FileName"/>, or a damaged one.</summary>
    public static DatasetPart? Read(string folder)
    {
        string path = Path.Combine(folder, FileName);
        return File.Exists(path) && StoreManifest.ValueOf<DatasetPart>(File.ReadAllBytes(path)) is { } part && part.Files.All(static f => IsInside(f.Name)) ? part : null;
    }

    /// <summary>Whether a folder was made by a command from the same inputs, and has all its files; their bytes are not compared.</summary>
    public static bool IsFinished(string folder, CorpusPart part) =>
        Read(folder) is { } there && there.Index == part.Index && there.Count == part.Count && there.Producer.Program == part.Producer.Program
        && there.Producer.Command.SequenceEqual(part.Producer.Command) && there.Producer.Inputs.SequenceEqual(part.Producer.Inputs)
        && there.Files.All(f => new FileInfo(Path.Combine(folder, f.Name)) is { Exists: true } file && file.Length == f.Bytes);

    /// <summary>What is wrong with the files, a phrase for each.</summary>
    public IEnumerable<string> DamageOf(string folder)
    {
        foreach (PartFile file in Files)
        {
            if (StoreFiles.DamageOf(folder, file.Name, file.Bytes, file.Sha256) is { } damage)
                yield return $"{file.Name} {damage}";
        }
    }

    private static string NameOf(string folder, string file) => Path.GetRelativePath(folder, file).Replace(Path.DirectorySeparatorChar, '/');

    /// <summary>Only names of this folder: a description cannot lead elsewhere.</summary>
    private static bool IsInside(string name) => name.Length > 0 && !Path.IsPathRooted(name) && !name.Split('/').Any(static p => p is "" or "." or "..");

    private static string HashOf(string path)
    {
        using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, 1, FileOptions.SequentialScan);
        return Convert.ToHexStringLower(SHA256.HashData(stream));
    }
}
