using System.Text.Json;
using PtaKernels.Cli;

namespace PtaKernels.Tests.Cli;

/// <summary>The command line run inside this process.</summary>
internal static class Pta
{
    public static PtaRun Run(params string[] arguments)
    {
        using StringWriter output = new(), errors = new();
        int exit = Program.Run(arguments, output, errors);
        return new PtaRun(exit, output.ToString(), errors.ToString());
    }

    public static string Samples(string file) => Repository.PathOf(Path.Combine("samples", file));

    public static string Golden => Repository.PathOf(Path.Combine("tests", "golden"));

    public static string Vocabularies => Samples("vocab");

    /// <summary>The options of <c>pta inspect</c> that name the sample files.</summary>
    public static string[] SampleFiles { get; } =
    [
        "--source", Samples("gpt2.jsonl.gz"), "--source-vocab", Samples("vocab/gpt2.json.gz"), "--target", Samples("spA.jsonl.gz"), "--target-vocab", Samples("vocab/spA.json.gz"),
    ];
}

/// <summary>What a run of the command line left.</summary>
internal sealed record PtaRun(int Exit, string Output, string Errors)
{
    public string LastLine => Output.TrimEnd('\n').Split('\n')[^1];

    public JsonElement Json
    {
        get
        {
            using JsonDocument document = JsonDocument.Parse(Output);
            return document.RootElement.Clone();
        }
    }
}

/// <summary>A folder of a test's own, gone when the test ends.</summary>
internal sealed class ScratchFolder : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("pta-test-");

    public string Path => _folder.FullName;

    public string this[string name] => System.IO.Path.Combine(_folder.FullName, name);

    public string Write(string name, string text)
    {
        File.WriteAllText(this[name], text);
        return this[name];
    }

    public void Dispose() => _folder.Delete(recursive: true);
}
