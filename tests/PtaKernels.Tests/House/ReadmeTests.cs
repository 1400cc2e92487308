using PtaKernels.Cli;

namespace PtaKernels.Tests.House;

/// <summary>The README's example is what the program prints.</summary>
public sealed class ReadmeTests
{
    [Test]
    public void ExampleOutputIsTheProgramsOwn()
    {
        string readme = File.ReadAllText(Repository.PathOf("README.md"));
        string example = Between(readme, "<!-- example:begin -->", "<!-- example:end -->");
        string command = Between(example, "```sh\n", "```").Replace("\\\n", " ", StringComparison.Ordinal);
        string[] args = [.. command.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries).Skip(1)
            .Select(a => a.StartsWith("samples/", StringComparison.Ordinal) ? Repository.PathOf(a) : a)];
        using StringWriter output = new(), errors = new();
        int status = Program.Run(args, output, errors);
        Assert.That(status, Is.Zero, errors.ToString());
        Assert.That(Trimmed(output.ToString()), Is.EqualTo(Trimmed(Between(example, "```text\n", "```"))), "README.md: put the program's present output into the example");
    }

    /// <summary>The first C# in a README is the sample's source, which is compiled and run.</summary>
    [TestCase("README.md")]
    [TestCase("src/README.md")]
    public void CSharpExampleIsTheSample(string readme)
    {
        string example = Between(File.ReadAllText(Repository.PathOf(readme)), "```csharp\n", "```");
        Assert.That(example, Is.EqualTo(File.ReadAllText(Packages.Samples.SourceOf("Align"))), $"{readme}: put samples/csharp/Align/Program.cs into the example");
    }

    private static string Between(string text, string start, string end)
    {
        int from = text.IndexOf(start, StringComparison.Ordinal) + start.Length;
        return text[from..text.IndexOf(end, from, StringComparison.Ordinal)];
    }

    private static string Trimmed(string text) => string.Join('\n', text.TrimEnd().Split('\n').Select(static l => l.TrimEnd()));
}
