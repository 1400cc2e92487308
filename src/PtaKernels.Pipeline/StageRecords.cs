using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using PtaKernels.Corpus;
using PtaKernels.Training;

namespace PtaKernels.Pipeline;

/// <summary>What is known of the stages of an output folder: which are finished, from what, with what result.</summary>
/// <remarks>
/// A stage is finished for a key. The key is a hash over its settings and what it reads: content of files up to <see cref="HashedBytes"/>, size and time of larger ones, the keys of the stages before it.
/// A record is written when a stage begins, so that what an interrupted stage left is told apart from what another configuration left.
/// </remarks>
internal sealed class StageRecords(string folder)
{
    /// <summary>Files up to here are known by their content.</summary>
    public const long HashedBytes = 64 << 20;

    /// <summary>A key over some parts.</summary>
    public static string KeyOf(params object?[] parts) =>
        Convert.ToHexStringLower(SHA256.HashData(JsonSerializer.SerializeToUtf8Bytes(parts, FuseConfigFile.Options)).AsSpan(0, 12));

    /// <summary>What a file, or each file of a folder, is known by.</summary>
    /// <param name="path">The file or folder.</param>
    /// <param name="weights">Whether weights count: a tokenizer is the same beside other ones.</param>
    /// <exception cref="AlignmentDataException">There is nothing there.</exception>
    public static string Fingerprint(string path, bool weights = true)
    {
        if (File.Exists(path))
            return OfFile(new FileInfo(path));
        if (!Directory.Exists(path))
            throw new AlignmentDataException($"{path}: no such file or folder.");
        var text = new StringBuilder();
        foreach (FileInfo file in new DirectoryInfo(path).EnumerateFiles("*", SearchOption.AllDirectories).Where(f => weights || !IsWeights(f.Name)).OrderBy(static f => f.FullName, StringComparer.Ordinal))
            text.Append(Path.GetRelativePath(path, file.FullName)).Append(' ').Append(OfFile(file)).Append('\n');
        return KeyOf(text.ToString());
    }

    private static bool IsWeights(string file) => file.Contains(".safetensors", StringComparison.Ordinal) || file == ModelFiles.ConfigName;

    /// <summary>The record of a stage, or null where there is none that can be read.</summary>
    public StageRecord? Find(string stage)
    {
        try
        {
            return JsonSerializer.Deserialize<StageRecord>(File.ReadAllText(PathOf(stage)), FuseConfigFile.Options);
        }
        catch (Exception e) when (e is IOException or JsonException)
        {
            return null;
        }
    }

    /// <summary>Writes a record.</summary>
    public void Save(string stage, StageRecord record)
    {
        Directory.CreateDirectory(folder);
        using var file = new AtomicFile(PathOf(stage), replace: true);
        JsonSerializer.Serialize(file.Stream, record, FuseConfigFile.Options);
        file.Commit();
    }

    private string PathOf(string stage) => Path.Combine(folder, stage.Replace(' ', '-') + ".json");

    private static string OfFile(FileInfo file)
    {
        if (file.Length > HashedBytes)
            return $"{file.Length} {file.LastWriteTimeUtc.Ticks}";
        using FileStream stream = file.OpenRead();
        return Convert.ToHexStringLower(SHA256.HashData(stream).AsSpan(0, 12));
    }
}

/// <summary>A stage that was begun.</summary>
/// <param name="Key">What it was begun for.</param>
/// <param name="Seconds">What it took; null while it is not finished.</param>
/// <param name="Result">What the report needs of it, as the stage left it.</param>
internal sealed record StageRecord(string Key, double? Seconds, JsonElement? Result)
{
    /// <summary>Whether it came to its end.</summary>
    public bool Finished => Seconds is not null;

    /// <summary>The result as it was given.</summary>
    public T ResultAs<T>() => Result!.Value.Deserialize<T>(FuseConfigFile.Options)!;
}
