using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using PtaKernels.Corpus.Folders;
using PtaKernels.Corpus.Stores;

namespace PtaKernels.Corpus.Parts;

/// <summary>Parts that are dataset folders into one, file after file: no row is written again, and where the file system can, no byte is copied.</summary>
/// <remarks>
/// The files are those of the parts, byte for byte, under new names. What a model says of a document, and which documents come to lie in one sequence, depends on the
/// documents beside it, so that a folder of N parts is that of N runs one after another and not that of a single run.
/// </remarks>
public sealed class DatasetGather
{
    /// <summary>The parts; none may be missing.</summary>
    public required PartSet Parts { get; init; }

    /// <summary>Whether an existing dataset may be replaced.</summary>
    public bool Replace { get; init; }

    /// <summary>What all parts counted, by name.</summary>
    public IReadOnlyDictionary<string, double> Sums =>
        Parts.Folders.SelectMany(static f => f.Part.Sums).GroupBy(static s => s.Key).ToDictionary(static g => g.Key, static g => g.Sum(static s => s.Value));

    /// <summary>Whether the dataset is there already, gathered from such parts.</summary>
    public bool IsFinished => DatasetPart.IsFinished(Parts.Output, Whole());

    /// <summary>Runs to the end.</summary>
    /// <exception cref="AlignmentDataException">The parts do not fit together, or the output exists; nothing is written under the final name.</exception>
    /// <exception cref="OperationCanceledException">Cancelled; nothing is written under the final name.</exception>
    public void Run(CancellationToken cancellation)
    {
        using var output = new DatasetOutput(Parts.Output, Replace, Parts.Folders.Select(static f => f.Path));
        output.Create(own: true);
        (string Path, string Folder)[] states = [.. Parts.Folders.SelectMany(f => f.Part.Files.Where(static file => Path.GetFileName(file.Name) == DatasetFolder.StateFile).Select(file => (f.Path, Folder: FolderOf(file.Name))))];
        string[] folders = [.. states.Select(static s => s.Folder).Distinct(StringComparer.Ordinal)];
        if (folders.Length == 0)
            throw new AlignmentDataException($"{Parts.Output}: no part holds a document; nothing to gather.");
        foreach (string folder in folders)
            Join(folder, [.. states.Where(s => s.Folder == folder).Select(static s => s.Path)], output.Partial, cancellation);
        if (Parts.Folders.Select(static f => Path.Combine(f.Path, DatasetFolder.DictFile)).FirstOrDefault(File.Exists) is { } dict)
            File.Copy(dict, Path.Combine(output.Partial, DatasetFolder.DictFile));
        DatasetPart.Write(output.Partial, Whole(), Sums);
        output.Commit();
    }

    /// <summary>What the gathered folder says of itself: the parts' command with their number, which decides its rows.</summary>
    private CorpusPart Whole()
    {
        StoreProducer producer = PartSet.WholeOf(Parts.Folders[0].Part.Producer);
        return new CorpusPart(0, 1, producer with { Command = [.. producer.Command, .. PartSet.WordsOf(0, Parts.Count).Take(2)] });
    }

    /// <summary>One dataset of the parts that have it.</summary>
    private static void Join(string folder, string[] parts, string partial, CancellationToken cancellation)
    {
        string target = Path.Combine(partial, folder);
        Directory.CreateDirectory(target);
        (string Part, string State)[] states = [.. parts.Select(p => (p, Path.Combine(p, folder, DatasetFolder.StateFile)))];
        (string Part, string File)[] files = [.. states.SelectMany(s => FilesOf(s.State).Select(file => (s.Part, file)))];
        List<string> given = [];
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        for (int i = 0; i < files.Length; i++)
        {
            cancellation.ThrowIfCancellationRequested();
            (string part, string file) = files[i];
            string name = string.Create(CultureInfo.InvariantCulture, $"data-{i:D5}-of-{files.Length:D5}.arrow");
            DurableFiles.LinkOrCopy(Path.Combine(part, folder, file), Path.Combine(target, name));
            given.Add(name);
        }

        string split = "train";
        foreach ((_, string state) in states)
        {
            using JsonDocument json = DatasetJson.Read(state);
            hash.AppendData(Encoding.UTF8.GetBytes(json.RootElement.GetProperty("_fingerprint").ToString() + "\n"));
            split = json.RootElement.GetProperty("_split").GetString() ?? split;
        }

        using JsonDocument info = DatasetJson.Read(Path.Combine(parts[0], folder, DatasetFolder.InfoFile));
        byte[] features = Encoding.UTF8.GetBytes(info.RootElement.GetProperty("features").GetRawText());
        DatasetFiles.WriteDataset(target, split, [.. given], Convert.ToHexStringLower(hash.GetHashAndReset().AsSpan(0, 8)), features);
        DurableFiles.FlushFolder(target);
    }

    private static string[] FilesOf(string state)
    {
        using JsonDocument json = DatasetJson.Read(state);
        return [.. DatasetJson.FileNames(state, json.RootElement)];
    }

    private static string FolderOf(string name) => Path.GetDirectoryName(name) ?? "";
}
