using PtaKernels.Training.Safetensors;
using static TorchSharp.torch;

namespace PtaKernels.Training.Tests.Models;

/// <summary>The checkpoints of tests/golden/models, and copies of them to change.</summary>
internal static class ModelGoldens
{
    public static readonly string[] Names = [.. Directory.EnumerateDirectories(Root()).Select(static f => Path.GetFileName(f)).Order(StringComparer.Ordinal)];

    public static string Folder(string name) => Path.Combine(Root(), name);

    /// <summary>A tensor of <c>expected.safetensors</c>, read without the reader of src.</summary>
    public static float[] Floats(string name, string tensor) => Values(name, tensor, BitConverter.ToSingle, sizeof(float));

    public static int[] Integers(string name, string tensor) => [.. Values(name, tensor, BitConverter.ToInt64, sizeof(long)).Select(static v => (int)v)];

    public static Tensor Ids(string name) => tensor(Integers(name, "ids").Select(static v => (long)v).ToArray(), [2, 16]);

    public static AttentionPattern Packed(string name) => AttentionPattern.Documents(Integers(name, "documents"), 2, 16, CPU);

    /// <summary>A copy that a test may damage; removed with the test's folder.</summary>
    public static string CopyTo(string name, string folder)
    {
        Directory.CreateDirectory(folder);
        foreach (string file in Directory.EnumerateFiles(Folder(name)).Where(static f => Path.GetFileName(f) != "expected.safetensors"))
            File.Copy(file, Path.Combine(folder, Path.GetFileName(file)));
        return folder;
    }

    /// <summary>Every tensor's type, shape and bytes, by name, over all files of a folder.</summary>
    public static SortedDictionary<string, string> Contents(string folder)
    {
        SortedDictionary<string, string> contents = new(StringComparer.Ordinal);
        using CheckpointFiles files = CheckpointFiles.Open(folder);
        foreach (SafetensorsFile file in files.Files)
        {
            foreach (SafetensorsEntry entry in file.Header.Entries)
                contents[entry.Name] = $"{entry.Type} {entry.ShapeText} {Convert.ToHexString(file.Bytes(entry, 0, (int)entry.Length))}";
        }

        return contents;
    }

    private static T[] Values<T>(string name, string tensor, Func<byte[], int, T> convert, int size)
    {
        byte[] file = File.ReadAllBytes(Path.Combine(Folder(name), "expected.safetensors"));
        int start = 8 + (int)BitConverter.ToInt64(file);
        using var header = System.Text.Json.JsonDocument.Parse(file.AsMemory(8, start - 8));
        int[] offsets = [.. header.RootElement.GetProperty(tensor).GetProperty("data_offsets").EnumerateArray().Select(static e => e.GetInt32())];
        return [.. Enumerable.Range(0, (offsets[1] - offsets[0]) / size).Select(i => convert(file, start + offsets[0] + (i * size)))];
    }

    private static string Root()
    {
        DirectoryInfo? folder = new(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "PtaKernels.sln")))
            folder = folder.Parent;
        return Path.Combine(folder!.FullName, "tests", "golden", "models");
    }
}

/// <summary>A folder for one test.</summary>
internal sealed class ScratchFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("pta-models-").FullName;

    public string this[string name] => System.IO.Path.Combine(Path, name);

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
