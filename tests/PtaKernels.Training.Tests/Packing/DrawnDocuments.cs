using System.Text;
using System.Text.Json;

namespace PtaKernels.Training.Tests.Packing;

/// <summary>Aligned documents drawn at random, and as <c>pta align</c> writes them.</summary>
internal static class DrawnDocuments
{
    /// <summary>A document; its last row teaches nothing, and neither do some others.</summary>
    public static AlignedTokens Draw(Random random, string id, int length, int vocabulary = 50, int most = 4)
    {
        int[][] tokens = new int[length][];
        double[][] masses = new double[length][];
        double[] missing = new double[length];
        for (int t = 0; t < length; t++)
        {
            int count = t == length - 1 || random.Next(4) == 0 ? 0 : random.Next(1, most + 1);
            tokens[t] = [.. Enumerable.Range(0, vocabulary).OrderBy(_ => random.Next()).Take(count)];
            missing[t] = count == 0 ? 0 : random.Next(2) * 0.25;
            masses[t] = [.. Enumerable.Repeat((1 - missing[t]) / Math.Max(1, count), count)];
        }

        return AlignedTokens.Of(id, id, [.. Enumerable.Range(0, length).Select(_ => random.Next(vocabulary))], tokens, masses, missing);
    }

    /// <summary>Documents of different lengths.</summary>
    public static AlignedTokens[] Draw(int seed, int count, int longest)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, count).Select(d => Draw(random, $"doc {d}", random.Next(1, longest + 1)))];
    }

    /// <summary>One JSON line each.</summary>
    public static string Lines(IEnumerable<AlignedTokens> documents)
    {
        var text = new StringBuilder();
        foreach (AlignedTokens d in documents)
        {
            int[][] tokens = [.. Enumerable.Range(0, d.Ids.Length).Select(t => d.Tokens[d.Offsets[t]..d.Offsets[t + 1]])];
            double[][] masses = [.. Enumerable.Range(0, d.Ids.Length).Select(t => d.Masses[d.Offsets[t]..d.Offsets[t + 1]].Select(static m => (double)m).ToArray())];
            text.AppendLine(JsonSerializer.Serialize(new Dictionary<string, object> { ["id"] = d.Id, ["input_ids"] = d.Ids, ["fused_indices"] = tokens, ["fused_probs"] = masses, ["fused_missing"] = d.Missing }));
        }

        return text.ToString();
    }
}

/// <summary>A folder of a test's own, gone when the test ends.</summary>
internal sealed class ScratchFolder : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("pta-test-");

    public string Path => _folder.FullName;

    public string this[string name] => System.IO.Path.Combine(_folder.FullName, name);

    public IEnumerable<string> Entries => Directory.EnumerateFileSystemEntries(Path).Select(static e => System.IO.Path.GetFileName(e)).Order(StringComparer.Ordinal);

    public string Write(string name, string text)
    {
        File.WriteAllText(this[name], text);
        return this[name];
    }

    public void Dispose() => _folder.Delete(recursive: true);
}

/// <summary>The command line run inside this process.</summary>
internal static class Pta
{
    public static (int Exit, string Output, string Errors) Run(params string[] arguments)
    {
        using StringWriter output = new(), errors = new();
        int exit = PtaKernels.Cli.Program.Run(arguments, output, errors);
        return (exit, output.ToString(), errors.ToString());
    }

    /// <summary>A file of the repository.</summary>
    public static string File(string path)
    {
        string folder = AppContext.BaseDirectory;
        while (!System.IO.File.Exists(System.IO.Path.Combine(folder, "PtaKernels.sln")))
            folder = System.IO.Path.GetDirectoryName(folder)!;
        return System.IO.Path.Combine(folder, path);
    }
}
