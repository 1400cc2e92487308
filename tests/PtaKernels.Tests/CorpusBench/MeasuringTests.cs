using PtaKernels.CorpusBench;
using PtaKernels.Tests.Corpus;

namespace PtaKernels.Tests.CorpusBench;

/// <summary>Comparing and telling what was measured.</summary>
public class MeasuringTests
{
    [Test]
    public void OneByteIsADifference()
    {
        using var folder = new TemporaryFolder();
        foreach (string name in new[] { "a", "b" })
        {
            Directory.CreateDirectory(folder[name]);
            File.WriteAllBytes(Path.Combine(folder[name], "one"), new byte[3_000_000]);
            File.WriteAllText(Path.Combine(folder[name], "two"), "2");
        }

        Assert.That(FolderBytes.Difference(folder["a"], folder["b"]), Is.Null);
        using (FileStream file = File.OpenWrite(Path.Combine(folder["b"], "one")))
        {
            file.Position = 2_500_000;
            file.WriteByte(1);
        }

        Assert.That(FolderBytes.Difference(folder["a"], folder["b"]), Is.EqualTo("one at byte 2500000"));
        File.Delete(Path.Combine(folder["b"], "two"));
        Assert.That(FolderBytes.Difference(folder["a"], folder["b"]), Is.EqualTo("files -two"));
    }

    [Test]
    public void AnswersAreComparedNumberByNumber()
    {
        using var folder = new TemporaryFolder();
        string first = folder.Write("a.jsonl", """{"id":"x","rules":"OOS","rows":[[1,2],[0.5]]}""");
        Assert.That(AnswerCheck.Compare(first, folder.Write("b.jsonl", """{"id":"x","rules":"OOS","rows":[[1,2.0001],[0.5]]}""")), Is.EqualTo((3, 0)));
        Assert.That(AnswerCheck.Compare(first, folder.Write("c.jsonl", """{"id":"x","rules":"OOX","rows":[[1,3],[0.5]]}""")), Is.EqualTo((3, 2)));
        Assert.That(() => AnswerCheck.Compare(first, folder.Write("d.jsonl", """{"id":"x","rules":"OOS","rows":[[1,2],[0.5,1]]}""")), Throws.TypeOf<AlignmentDataException>());
        Assert.That(() => AnswerCheck.Compare(first, folder.Write("e.jsonl")), Throws.TypeOf<AlignmentDataException>());
    }

    [Test]
    public void ResultsReadBackAndMakeATable()
    {
        using var folder = new TemporaryFolder();
        CorpusResults results = Sample();
        results.Write(folder["r.json"]);
        string table = CorpusTable.ToMarkdown(CorpusResults.Read(folder["r.json"]));
        Assert.That(table, Is.EqualTo(CorpusTable.ToMarkdown(results)));
        Assert.That(table, Does.Contain("| `reference` | 1 | 20,000,000 | 1.25 M | 600 MB | 55.0 B/token, 22.0 kB/document | 3,571x the rate, 1/9.3 of the bytes per document |"));
    }

    private static CorpusResults Sample() => new()
    {
        Date = new DateTimeOffset(2026, 11, 26, 0, 0, 0, TimeSpan.Zero),
        Machine = "a processor",
        Cores = 2,
        Versions = new Dictionary<string, string>(),
        Command = "scripts/corpus-bench run",
        Corpus = new CorpusFacts
        {
            Seed = 1, Documents = 50_000, TextBytes = 60_000_000, DistinctBytes = 80_000_000, Passes = 1, Lengths = "", TextSeconds = 1, Seconds = 2,
            Kinds = [new KindFacts("doc", "documentation", 3, 80_000_000, false)], Models = [Model("spA"), Model("gpt2")],
        },
        Checks = [new CheckedAnswer("reference", 200, "reference", 1_000_000, 3)],
        Runs =
        [
            new MeasuredRun
            {
                Preset = "reference", Sources = 1, Threads = 2, Documents = 50_000, TargetTokens = 20_000_000, SourceTokens = 25_000_000, Seconds = 16, AllSeconds = [15, 16, 17], RunSeconds = 15, PeakBytes = 600_000_000,
                OutputBytes = 1_100_000_000, InputBytesPerToken = 52.1,
            },
        ],
    };

    private static ModelFacts Model(string name) => new()
    {
        Name = name, Vocabulary = 32_000, Tokens = 20_000_000, CountedTokens = 4_000_000, LengthQuantiles = [16, 100, 200, 380, 700, 1300, 2040], GoldTop1 = 0.6, MeanTop1 = 0.5, CrossEntropy = 2, Bytes = 1, CountSeconds = 1,
        WriteSeconds = 1,
    };
}
